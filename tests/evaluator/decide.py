"""One request, decided: explicit Deny first, then whose policies must allow it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.evaluator.conditions import Context, NoValue, all_met, filled, listed, wild

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """`who`: {"AWS": ARN}, {"Service": name} or {"Federated": ARN}. `owner`: the account of the
    resource, where its ARN does not tell."""

    who: Mapping[str, str]
    action: str
    resource: str
    context: Context = field(default_factory=dict)
    owner: str = ""

    @property
    def account(self) -> str:
        """The caller's; empty for services and federated identities."""
        return self.who.get("AWS", "::::").split(":")[4]

    @property
    def resource_account(self) -> str:
        parts = self.resource.split(":")
        return self.owner or (parts[4] if len(parts) > 4 else "") or self.account


@dataclass(frozen=True)
class Policies:
    """What AWS holds about a request: the caller's, and the resource's (None: it has none)."""

    identity: Iterable[Statement] = ()
    resource: Iterable[Statement] | None = None


def allowed(asked: Asked, policies: Policies) -> bool:
    mine = [one for one in policies.identity if _matches(one, asked)]
    theirs = [one for one in policies.resource or () if _matches(one, asked)]
    named = [one for one in theirs if _names(one, asked.who)]
    trusted = [one for one in theirs if _names_account(one, asked)]
    if any(one["Effect"] == "Deny" for one in [*mine, *named, *trusted]):
        return False
    if not asked.account:
        return bool(named)  # services and federated identities have no policies of their own
    is_role = asked.action.lower().startswith("sts:assumerole")
    if asked.account != asked.resource_account:
        return bool(mine) and bool(named or trusted)
    if is_role:
        return bool(named) or (bool(trusted) and bool(mine))
    return bool(mine) or bool(named)


def _matches(one: Statement, asked: Asked) -> bool:
    try:
        return (
            _action(one, asked.action)
            and _resource(one, asked)
            and all_met(one.get("Condition", {}), asked.context)
        )
    except NoValue:
        return False


def _action(one: Statement, action: str) -> bool:
    wanted = action.lower()
    if "NotAction" in one:
        return not any(wild(each.lower(), wanted) for each in listed(one["NotAction"]))
    return any(wild(each.lower(), wanted) for each in listed(one["Action"]))


def _resource(one: Statement, asked: Asked) -> bool:
    if "NotResource" in one:
        names = (filled(each, asked.context) for each in listed(one["NotResource"]))
        return not any(wild(each, asked.resource) for each in names)
    if "Resource" not in one:
        return True  # a trust policy: it stands on its own role
    names = (filled(each, asked.context) for each in listed(one["Resource"]))
    return any(wild(each, asked.resource) for each in names)


def _names(one: Statement, who: Mapping[str, str]) -> bool:
    """Whether the statement's principal is this very one, or everybody."""
    principal = one.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    return any(
        name in ("*", told)
        for kind, told in who.items()
        for name in listed(principal.get(kind, []))
    )


def _names_account(one: Statement, asked: Asked) -> bool:
    """Whether it names the caller's whole account, whose own policies then decide."""
    principal = one.get("Principal")
    names = listed(principal.get("AWS", [])) if isinstance(principal, dict) else []
    roots = {asked.account, f"arn:aws:iam::{asked.account}:root"}
    return bool(asked.account) and bool(roots & set(names))
