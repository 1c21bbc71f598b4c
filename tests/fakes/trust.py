"""Trust policies: who they name, whether IAM takes them, whether STS lets a caller in."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from moto.iam.models import iam_backends

from tests.fakes import principals


@dataclass(frozen=True)
class Caller:
    """Who asks STS for a role: the ARN STS prints, and the role behind a session."""

    account: str
    arn: str
    role: str = ""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements(document: str) -> list[dict[str, Any]]:
    return _listed(json.loads(document).get("Statement", []))


def _named(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    return ["*"] if principal == "*" else _listed(principal.get("AWS", []))


def strangers(document: str) -> Iterator[str]:
    """AWS principals of a trust policy that IAM does not know; it refuses the document then."""
    for statement in _statements(document):
        for name in _named(statement):
            if not principals.may_be_trusted(name):
                yield name


def dangle(arn: str, unique_id: str) -> None:
    """Show a deleted principal by its unique id wherever it was trusted [D: IAM principals]."""
    for account in list(iam_backends):
        for role in iam_backends[account]["aws"].roles.values():
            document = role.assume_role_policy_document
            if any(arn in _named(statement) for statement in _statements(document)):
                whole = json.loads(document)
                for statement in _listed(whole["Statement"]):
                    _rename(statement, arn, unique_id)
                role.assume_role_policy_document = json.dumps(whole)


def _rename(statement: dict[str, Any], old: str, new: str) -> None:
    principal = statement.get("Principal")
    if isinstance(principal, dict) and "AWS" in principal:
        names = [new if name == old else name for name in _listed(principal["AWS"])]
        principal["AWS"] = names if isinstance(principal["AWS"], list) else names[0]


def admits(document: str, caller: Caller, external_id: str | None, session: str) -> bool:
    """Whether a trust policy lets the caller assume the role: a small, strict reading.

    Understood: AWS principals, sts:AssumeRole, StringEquals and StringLike on sts:ExternalId,
    sts:RoleSessionName, aws:PrincipalArn and aws:PrincipalAccount. Any other condition holds for
    a Deny and fails for an Allow. Identity policies of the caller are not asked.
    """
    context = {
        "sts:externalid": external_id,
        "sts:rolesessionname": session,
        "aws:principalarn": caller.role or caller.arn,
        "aws:principalaccount": caller.account,
    }
    allowed = False
    for statement in _statements(document):
        if not _is_for(statement, caller):
            continue
        if statement.get("Effect") == "Deny" and _holds(statement, context, unknown=True):
            return False
        if statement.get("Effect") == "Allow" and _holds(statement, context, unknown=False):
            allowed = True
    return allowed


def _is_for(statement: dict[str, Any], caller: Caller) -> bool:
    actions = [action.lower() for action in _listed(statement.get("Action", []))]
    if not any(fnmatchcase("sts:assumerole", action) for action in actions):
        return False
    return any(_is_caller(name, caller) for name in _named(statement))


def _is_caller(name: str, caller: Caller) -> bool:
    account = principals.ROOT.fullmatch(name)
    if account is not None:
        return account.group(1) == caller.account
    return name == "*" or name in (caller.arn, caller.role)


def _holds(statement: dict[str, Any], context: dict[str, str | None], unknown: bool) -> bool:
    for operator, tests in statement.get("Condition", {}).items():
        for key, wanted in tests.items():
            if operator not in ("StringEquals", "StringLike") or key.lower() not in context:
                if not unknown:
                    return False
                continue
            have = context[key.lower()]
            exact = operator == "StringEquals"
            if have is None or not any(
                have == want if exact else fnmatchcase(have, want) for want in _listed(wanted)
            ):
                return False
    return True
