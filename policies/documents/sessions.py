"""Whose sessions of a role are whose: read from the role's trust policy.

Only where the trust demands one person's source identity or session name can their sessions be
told from everybody else's. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

_SOURCE, _NAME = "sts:sourceidentity", "sts:rolesessionname"
_WILD = frozenset("*?$")


def of_person(
    trust: Mapping[str, Any], names: Collection[str], unique_id: str
) -> dict[str, str] | None:
    """Condition keys and values that single out one person's sessions; None: nothing does.

    `names`: what the person may be called there (any letter case). Every statement that lets
    somebody assume the role has to demand the same kind of proof.
    """
    statements = list(_assuming(trust))
    known = {name.lower() for name in names if name}
    for demanded, key, before in (
        (_SOURCE, "aws:SourceIdentity", ""),
        (_NAME, "aws:userid", f"{unique_id}:"),
    ):
        demands = [_demanded(one, demanded) for one in statements]
        theirs = {value for values in demands for value in values if value.lower() in known}
        if all(demands) and len(theirs) == 1:
            return {key: before + theirs.pop()}
    return None


def _assuming(trust: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for one in _listed(trust.get("Statement", [])):
        if one.get("Effect") == "Allow" and any(
            action in {"*", "sts:*"} or action.lower().startswith("sts:assumerole")
            for action in _listed(one.get("Action", []))
        ):
            yield one


def _demanded(statement: Mapping[str, Any], key: str) -> list[str]:
    """The literal values the statement demands for `key`; empty when anything else would do."""
    values = [
        str(value)
        for name, found in statement.get("Condition", {}).get("StringEquals", {}).items()
        if name.lower() == key
        for value in _listed(found)
    ]
    return [] if any(_WILD & set(value) for value in values) else values


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
