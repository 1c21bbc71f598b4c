"""STS: a role must exist and its trust must admit the caller, which moto leaves unchecked."""

from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from tests.fakes import eks, extend, principals, rest, trust
from tests.fakes.wire import Refusal


@dataclass(frozen=True)
class Session:
    """A role session: which role, under which name."""

    role: str = ""
    name: str = ""


_sessions: dict[str, Session] = {}


def session_of(access_key: str) -> Session:
    """The session that holds an access key; an empty one for long-lived keys."""
    return _sessions.get(access_key, Session())


def is_unknown_token(account: str, access_key: str) -> bool:
    """Whether temporary credentials were never issued here (or before a reset)."""
    return access_key.startswith("ASIA") and (
        access_key not in iam_backends[account]["aws"].access_keys
    )


def reset() -> None:
    """Forget every session."""
    _sessions.clear()


def _assume(handler: Any, stock: Any) -> Any:
    wanted: str = handler._get_param("RoleArn")
    name: str = handler._get_param("RoleSessionName")
    _, arn, account = handler.backend.get_caller_identity(handler.access_key, handler.region)
    caller = trust.Caller(account, arn, session_of(handler.access_key).role)
    role = principals.find(wanted) if ":role/" in wanted else None
    if role is None or not trust.admits(
        role.assume_role_policy_document, caller, handler._get_param("ExternalId"), name
    ):
        raise Refusal("sts", "AssumeRole", "assume_denied", caller=arn, role=wanted)
    answer = stock(handler)
    issued = answer.result["Credentials"]
    _sessions[issued.access_key_id] = Session(wanted, name)
    eks.check_tokens_of(issued.access_key_id, issued.secret_access_key)
    rest.know(issued.access_key_id, issued.secret_access_key)
    return answer


def install() -> None:
    """Extend moto's STS; once per process."""
    extend.around(TokenResponse, "assume_role", _assume)
