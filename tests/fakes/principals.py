"""Who exists in the fake's IAM, as the rest of AWS sees it (so it may lag like any read)."""

import re
from collections.abc import Iterator
from typing import Any

from moto.iam.models import iam_backends

from tests.fakes import lag
from tests.fakes.beliefs import UNIQUE_ID_PREFIXES

IAM_ARN = re.compile(r"arn:aws:iam::(\d{12}):(role|user|group)/(?:[\x21-\x7e]*/)?[\w+=,.@-]+")
ROOT = re.compile(r"(?:arn:aws:iam::)?(\d{12})(?::root)?")
SESSION_ARN = re.compile(r"arn:aws:sts::\d{12}:(assumed-role|federated-user)/[\w+=,.@/-]+")


def find(arn: str) -> Any | None:
    """The role, user or group with that ARN, path included; None when IAM shows none."""
    match = IAM_ARN.fullmatch(arn)
    if match is None:
        return None
    account, kind = match.groups()
    return next((held for held in _held(account, kind) if held.arn == arn), None)


def may_be_trusted(principal: str) -> bool:
    """Whether a trust policy may name it [D: IAM principals]: accounts, roles, users, sessions."""
    if principal == "*" or ROOT.fullmatch(principal) or SESSION_ARN.fullmatch(principal):
        return True
    if principal.startswith(UNIQUE_ID_PREFIXES):
        return any(held.id == principal for held in _everyone())
    return ":group/" not in principal and find(principal) is not None


def _everyone() -> Iterator[Any]:
    for account in list(iam_backends):
        yield from _held(account, "role")
        yield from _held(account, "user")


def _held(account: str, kind: str) -> list[Any]:
    backend = lag.view("iam", account, "aws", iam_backends[account]["aws"])
    return list(getattr(backend, f"{kind}s").values())
