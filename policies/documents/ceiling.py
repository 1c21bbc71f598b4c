"""What no document of ours ever says, whatever a catalogue, a template or a grant asks for. Pure.

Checked when a rule is saved, when somebody asks, and again by the worker before it writes: a
forged grant meets it, too. Actions are compared without regard to case, as IAM does, and an
action with a wildcard is taken for everything it could mean.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policies.documents.iam import listed

# Services that say who may do what: only to be looked at.
_POWERS = ("iam", "organizations", "sso", "sso-directory", "identitystore", "account", "ram")
_LOOKS = ("get", "list", "describe", "simulate")
_SESSIONS = ("assumerole", "tagsession", "setsourceidentity")
_KEY_POLICIES = (
    "kms:createkey",
    "kms:creategrant",
    "kms:putkeypolicy",
    "kms:replicatekey",
    "kms:retiregrant",
    "kms:revokegrant",
)
_ACTION = re.compile(r"([a-z0-9-]+):([A-Za-z0-9*?]+)", re.ASCII)
_ONE_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+", re.ASCII)


def breaches(statement: Mapping[str, Any]) -> list[str]:
    """Why an identity policy's statement is above the ceiling, in English; empty: it is not.

    Only what allows is looked at: a Deny gives nothing.
    """
    if statement.get("Effect") == "Deny":
        return []
    return sorted(set(_elements(statement)) | set(_actions(statement)))


def hands_over(statement: Mapping[str, Any]) -> bool:
    """Whether it lets somebody hand a role to a service, or take one on."""
    actions = [str(one).lower() for one in listed(statement.get("Action", []))]
    return any(
        fnmatchcase(power, action)
        for power in ("iam:passrole", "sts:assumerole")
        for action in actions
    )


def _elements(statement: Mapping[str, Any]) -> Iterator[str]:
    for name in ("NotAction", "NotResource", "NotPrincipal", "Principal"):
        if name in statement:
            yield f"{name} says more than it names; a policy of an identity names what it allows"


def _actions(statement: Mapping[str, Any]) -> Iterator[str]:
    for action in listed(statement.get("Action", [])):
        found = _ACTION.fullmatch(str(action))
        if not found:
            yield f"“{action}” is not an action of one service"
        else:
            yield from _action(found[1].lower(), found[2].lower(), statement)


def _action(service: str, name: str, statement: Mapping[str, Any]) -> Iterator[str]:
    action = f"{service}:{name}"
    if action == "iam:passrole":
        yield from _passing(statement)
    elif service in _POWERS and not name.startswith(_LOOKS):
        yield f"{action} changes who may do what"
    elif service == "sts" and name in _SESSIONS:
        yield from _taking_on(action, statement)
    elif service == "sts" and name != "getcalleridentity":
        yield f"{action} makes credentials"
    elif service == "kms" and any(fnmatchcase(one, action) for one in _KEY_POLICIES):
        yield f"{action} changes who may use a key"


def _passing(statement: Mapping[str, Any]) -> Iterator[str]:
    yield from _taking_on("iam:passrole", statement)
    conditions = statement.get("Condition") or {}
    services = (
        keys.get("iam:PassedToService")
        for operator, keys in conditions.items()
        if operator in {"StringEquals", "StringLike"}
    )
    named = [one for values in services if values for one in listed(values)]
    if not named or any(set(one) & set("*?") for one in named):
        yield "iam:passrole needs iam:PassedToService with the services' names"


def _taking_on(action: str, statement: Mapping[str, Any]) -> Iterator[str]:
    for resource in listed(statement.get("Resource", [])):
        if not _ONE_ROLE.fullmatch(str(resource)):
            yield f"{action} needs the ARNs of single roles, not “{resource}”"
