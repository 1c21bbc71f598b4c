"""EKS access entries and their policies, which stock moto does not know."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import moto.eks.urls
from moto.core.responses import ActionResult
from moto.eks.responses import EKSResponse

from tests.fakes import principals
from tests.fakes.beliefs import ACCESS_ENTRIES
from tests.fakes.wire import Refusal, reply

PAGE = 100  # [M] maxResults 1..100
RESERVED_GROUP = "system:"  # [D] EKS: a group must not start with it
RESERVED_NAMES = ("system:", "eks:", "aws:", "amazon:", "iam:")  # [D] user names, likewise
Entry = dict[str, Any]


class _Asked:
    """One call: its cluster's entries, whom it is about, how to refuse."""

    def __init__(self, handler: Any, operation: str) -> None:
        self.operation, self.handler = operation, handler
        name = self.get("name") or self.get("clusterName")
        cluster = handler.eks_backend.clusters.get(name)
        if cluster is None:
            raise self.no("cluster_missing", name=name)
        self.cluster, self.name = cluster, name
        if not hasattr(cluster, "entries"):
            cluster.entries = {}
        self.entries: dict[str, Entry] = cluster.entries
        if cluster.access_config["authenticationMode"] == "CONFIG_MAP":
            raise self.no("entries_off")

    def get(self, name: str) -> Any:
        return self.handler._get_param(name)

    def arn(self) -> str:
        return unquote(str(self.get("principalArn")))

    def entry(self) -> Entry:
        found = self.entries.get(self.arn())
        if found is None:
            raise self.no("entry_missing", principal=self.arn())
        return found

    def no(self, text: str, **fields: object) -> Refusal:
        return Refusal("eks", self.operation, text, **fields)

    def answer(self, out: dict[str, Any]) -> ActionResult:
        return reply("eks", self.operation, out)


def _create(ask: _Asked) -> ActionResult:
    arn = ask.arn()
    if principals.find(arn) is None:
        raise ask.no("entry_principal", principal=arn)
    if arn in ask.entries:
        raise ask.no("entry_exists")
    if len(ask.entries) >= ACCESS_ENTRIES.value:
        raise ask.no("entries_full", limit=ACCESS_ENTRIES.value)
    now = datetime.now(UTC)
    region, account = ask.handler.region, ask.handler.current_account
    about = {
        "clusterName": ask.name,
        "principalArn": arn,
        "kubernetesGroups": [],
        "username": arn,
        "type": ask.get("type") or "STANDARD",
        "tags": ask.get("tags") or {},
        "accessEntryArn": f"arn:aws:eks:{region}:{account}:access-entry/{ask.name}/{arn}",
        "createdAt": now,
        "modifiedAt": now,
    }
    _set(ask, about)
    ask.entries[arn] = {"about": about, "policies": {}}
    return ask.answer({"accessEntry": about})


def _set(ask: _Asked, about: dict[str, Any]) -> None:
    groups, username = ask.get("kubernetesGroups"), ask.get("username")
    if any(one.startswith(RESERVED_GROUP) for one in groups or ()):
        raise ask.no("entry_group")
    if str(username or "").startswith(RESERVED_NAMES):
        raise ask.no("entry_username", username=username)
    about["kubernetesGroups"] = about["kubernetesGroups"] if groups is None else list(groups)
    about["username"] = username or about["username"]
    about["modifiedAt"] = datetime.now(UTC)


def _update(ask: _Asked) -> ActionResult:
    about = ask.entry()["about"]
    _set(ask, about)
    return ask.answer({"accessEntry": about})


def _describe(ask: _Asked) -> ActionResult:
    return ask.answer({"accessEntry": ask.entry()["about"]})


def _delete(ask: _Asked) -> ActionResult:
    ask.entry()
    del ask.entries[ask.arn()]
    return ask.answer({})


def _list(ask: _Asked) -> ActionResult:
    arns = sorted(ask.entries)
    start, size = int(ask.get("nextToken") or 0), int(ask.get("maxResults") or PAGE)
    out: dict[str, Any] = {"accessEntries": arns[start : start + size]}
    if start + size < len(arns):
        out["nextToken"] = str(start + size)
    return ask.answer(out)


def _associate(ask: _Asked) -> ActionResult:
    entry, now = ask.entry(), datetime.now(UTC)
    if entry["about"]["type"] != "STANDARD":
        raise ask.no("entry_type")
    one = {
        "policyArn": ask.get("policyArn"),
        "accessScope": ask.get("accessScope"),
        "associatedAt": now,
        "modifiedAt": now,
    }
    entry["policies"][one["policyArn"]] = one
    out = {
        "clusterName": ask.name,
        "principalArn": ask.arn(),
        "associatedAccessPolicy": one,
    }
    return ask.answer(out)


def _disassociate(ask: _Asked) -> ActionResult:
    policies, arn = ask.entry()["policies"], unquote(str(ask.get("policyArn")))
    if arn not in policies:
        raise ask.no("entry_missing", principal=arn)
    del policies[arn]
    return ask.answer({})


def _associated(ask: _Asked) -> ActionResult:
    rows = list(ask.entry()["policies"].values())
    told = {"clusterName": ask.name, "principalArn": ask.arn()}
    return ask.answer({**told, "associatedAccessPolicies": rows})


OPERATIONS: dict[str, Callable[[_Asked], ActionResult]] = {
    "CreateAccessEntry": _create,
    "UpdateAccessEntry": _update,
    "DescribeAccessEntry": _describe,
    "DeleteAccessEntry": _delete,
    "ListAccessEntries": _list,
    "AssociateAccessPolicy": _associate,
    "DisassociateAccessPolicy": _disassociate,
    "ListAssociatedAccessPolicies": _associated,
}
_ENTRIES = "{0}/clusters/(?P<name>[^/]+)/access-entries"
# Which operation it is, the service's own model tells; these only lead there. An ARN's slashes
# arrive decoded.
PATHS = ("$", "/(?P<rest>.+)$")


def _snake(operation: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in operation).lstrip("_")


def install() -> None:
    """Extend moto's EKS; once per process, before its application is built."""
    for operation, answer in OPERATIONS.items():

        def handle(handler: Any, operation: str = operation, answer: Any = answer) -> Any:
            return answer(_Asked(handler, operation))

        setattr(EKSResponse, _snake(operation), handle)
    for path in PATHS:
        moto.eks.urls.url_paths[_ENTRIES + path] = EKSResponse.dispatch
