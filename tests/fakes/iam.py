"""IAM: the quotas, protected roles, names and principals that AWS enforces and moto does not."""

import re
from collections.abc import Callable
from typing import Any

from moto.iam.models import AccountSummary, iam_backends
from moto.iam.policy_validation import IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from tests.fakes import extend, limits, trust
from tests.fakes.beliefs import PROTECTED_PATHS
from tests.fakes.wire import Refusal

ROLE_EDITS = (
    "put_role_policy",
    "delete_role_policy",
    "attach_role_policy",
    "detach_role_policy",
    "update_assume_role_policy",
    "update_role",
    "update_role_description",
    "put_role_permissions_boundary",
    "delete_role_permissions_boundary",
    "delete_role",
)


def size(document: str) -> int:
    """Characters that count against a quota: all but white space [D: IAM quotas]."""
    return len(re.sub(r"\s", "", document))


def _no(handler: Any, text: str, **fields: object) -> Refusal:
    return Refusal("iam", handler._get_action(), text, **fields)


def _holder(handler: Any, kind: str) -> Any | None:
    """The role or user a request names, or None: the stock operation then says NoSuchEntity."""
    name = handler._get_param(f"{kind.title()}Name")
    held = getattr(handler.backend, f"{kind}s").values()
    return next((one for one in held if one.name == name), None)


def _refuse_protected(handler: Any) -> None:
    role = _holder(handler, "role")
    if role is not None and role.path.startswith(PROTECTED_PATHS):
        raise _no(handler, "protected_role", name=role.name)


def _inline_fits(kind: str) -> Callable[[Any], None]:
    def check(handler: Any) -> None:
        holder = _holder(handler, kind)
        if holder is None:
            return
        name, document = (
            handler._get_param("PolicyName"),
            handler._get_param("PolicyDocument"),
        )
        total = sum(size(text) for text in (holder.policies | {name: document}).values())
        most = limits.limit(handler.current_account, f"{kind.title()}PolicySizeQuota")
        if total > most:
            raise _no(handler, "inline_size", limit=most, kind=kind, name=holder.name)

    return check


def _managed_fits(handler: Any) -> None:
    most = limits.limit(handler.current_account, "PolicySizeQuota")
    if size(handler._get_param("PolicyDocument")) > most:
        raise _no(handler, "managed_size", limit=most)


def _attachment_fits(kind: str) -> Callable[[Any], None]:
    def check(handler: Any) -> None:
        holder = _holder(handler, kind)
        if holder is None or handler._get_param("PolicyArn") in holder.managed_policies:
            return
        most = limits.limit(handler.current_account, f"AttachedPoliciesPer{kind.title()}Quota")
        if len(holder.managed_policies) >= most:
            raise _no(handler, "attachments", kind=kind.title(), limit=most)

    return check


def _trust_fits(parameter: str) -> Callable[[Any], None]:
    def check(handler: Any) -> None:
        document = handler._get_param(parameter)
        IAMTrustPolicyDocumentValidator(document).validate()
        most = limits.limit(handler.current_account, "AssumeRolePolicySizeQuota")
        if size(document) > most:
            raise _no(handler, "trust_size", limit=most)
        for stranger in trust.strangers(document):
            raise _no(handler, "invalid_principal", principal=stranger)

    return check


def _name_is_free(kind: str) -> Callable[[Any], None]:
    def check(handler: Any) -> None:
        wanted = handler._get_param(f"{kind.title()}Name")
        held = getattr(handler.backend, f"{kind}s").values()
        if any(one.name.lower() == wanted.lower() for one in held):
            raise _no(handler, f"{kind}_exists", name=wanted)

    return check


def _delete(kind: str) -> Callable[[Any, Callable[[Any], Any]], Any]:
    def deleted(handler: Any, stock: Callable[[Any], Any]) -> Any:
        holder = _holder(handler, kind)
        answer = stock(handler)
        if holder is not None:
            trust.dangle(holder.arn, holder.id)
        return answer

    return deleted


def add_access_key(account: str) -> dict[str, str]:
    """Credentials of an account's administrator, who is no IAM principal: for seeding."""
    backend = iam_backends[account]["aws"]
    key = backend.create_temp_access_key()
    del backend.access_keys[key.access_key_id]
    key.access_key_id = "AKIA" + key.access_key_id[4:]
    backend.access_keys[key.access_key_id] = key
    return {"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}


def _summary(stock: Callable[[Any], dict[str, int]]) -> Callable[[Any], dict[str, int]]:
    def told(summary: Any) -> dict[str, int]:
        known = stock(summary)
        mine = limits.in_force(summary._iam_backend.account_id)
        return {name: mine.get(name, value) for name, value in known.items()}

    return told


def install() -> None:
    """Extend moto's IAM; once per process. The check installed last runs first."""
    extend.before(IamResponse, "put_role_policy", _inline_fits("role"))
    extend.before(IamResponse, "put_user_policy", _inline_fits("user"))
    extend.before(IamResponse, "create_policy", _managed_fits)
    extend.before(IamResponse, "create_policy_version", _managed_fits)
    extend.before(IamResponse, "attach_role_policy", _attachment_fits("role"))
    extend.before(IamResponse, "attach_user_policy", _attachment_fits("user"))
    extend.before(IamResponse, "update_assume_role_policy", _trust_fits("PolicyDocument"))
    extend.before(IamResponse, "create_role", _trust_fits("AssumeRolePolicyDocument"))
    extend.before(IamResponse, "create_role", _name_is_free("role"))
    extend.before(IamResponse, "create_user", _name_is_free("user"))
    for operation in ROLE_EDITS:
        extend.before(IamResponse, operation, _refuse_protected)
    for kind in ("role", "user"):
        extend.around(IamResponse, f"delete_{kind}", _delete(kind))
    extend.around(IamResponse, "delete_service_linked_role", _delete("role"))
    stock: Any = AccountSummary.summary_map
    AccountSummary.summary_map = property(_summary(stock.fget))  # type: ignore[assignment,method-assign]
    extend.let_reads_lag(IamResponse, "backend", "iam")
