"""EKS Pod Identity associations, which stock moto does not know."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import moto.eks.urls
from moto.core.responses import ActionResult
from moto.eks.responses import EKSResponse

from tests.fakes.beliefs import ASSOCIATIONS
from tests.fakes.wire import Refusal, reply

PAGE = 100  # [M] maxResults 1..100
_PATHS = "{0}/clusters/(?P<name>[^/]+)/pod-identity-associations"
SHORT = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId")


class _Asked:
    """One call: its cluster's associations, how to refuse, how to answer."""

    def __init__(self, handler: Any, operation: str) -> None:
        self.handler, self.operation = handler, operation
        name = self.get("name") or self.get("clusterName")
        cluster = handler.eks_backend.clusters.get(name)
        if cluster is None:
            raise self.no("cluster_missing", name=name)
        if not hasattr(cluster, "associations"):
            cluster.associations = {}
        self.name, self.rows = name, cluster.associations

    def get(self, name: str) -> Any:
        return self.handler._get_param(name)

    def row(self) -> dict[str, Any]:
        found: dict[str, Any] | None = self.rows.get(self.get("associationId"))
        if found is None:
            raise self.no("association_gone", number=self.get("associationId"))
        return found

    def no(self, text: str, **fields: object) -> Refusal:
        return Refusal("eks", self.operation, text, **fields)

    def answer(self, out: dict[str, Any]) -> ActionResult:
        return reply("eks", self.operation, out)


def _create(ask: _Asked) -> ActionResult:
    who = (ask.get("namespace"), ask.get("serviceAccount"))
    if any((one["namespace"], one["serviceAccount"]) == who for one in ask.rows.values()):
        raise ask.no("association_there")
    if len(ask.rows) >= ASSOCIATIONS.value:
        raise ask.no("associations_full", limit=ASSOCIATIONS.value)
    number, now = f"a-{secrets.token_hex(8)}", datetime.now(UTC)
    region, account = ask.handler.region, ask.handler.current_account
    home = f"arn:aws:eks:{region}:{account}"
    row = {
        "clusterName": ask.name,
        "namespace": who[0],
        "serviceAccount": who[1],
        "roleArn": ask.get("roleArn"),
        "associationArn": f"{home}:podidentityassociation/{ask.name}/{number}",
        "associationId": number,
        "tags": ask.get("tags") or {},
        "createdAt": now,
        "modifiedAt": now,
    }
    ask.rows[number] = row
    return ask.answer({"association": row})


def _list(ask: _Asked) -> ActionResult:
    rows = sorted(ask.rows.values(), key=lambda one: str(one["associationId"]))
    for name in ("namespace", "serviceAccount"):
        rows = [one for one in rows if ask.get(name) in (None, one[name])]
    start, size = int(ask.get("nextToken") or 0), int(ask.get("maxResults") or PAGE)
    shown = [{name: one[name] for name in SHORT} for one in rows[start : start + size]]
    more = {"nextToken": str(start + size)} if start + size < len(rows) else {}
    return ask.answer({"associations": shown, **more})


def _describe(ask: _Asked) -> ActionResult:
    return ask.answer({"association": ask.row()})


def _update(ask: _Asked) -> ActionResult:
    row = {**ask.row(), "roleArn": ask.get("roleArn"), "modifiedAt": datetime.now(UTC)}
    ask.rows[row["associationId"]] = row
    return ask.answer({"association": row})


def _delete(ask: _Asked) -> ActionResult:
    row = ask.row()
    del ask.rows[row["associationId"]]
    return ask.answer({"association": row})


OPERATIONS: dict[str, Callable[[_Asked], ActionResult]] = {
    "create_pod_identity_association": _create,
    "list_pod_identity_associations": _list,
    "describe_pod_identity_association": _describe,
    "update_pod_identity_association": _update,
    "delete_pod_identity_association": _delete,
}


def install() -> None:
    """Extend moto's EKS; once per process, before its application is built."""
    for name, answer in OPERATIONS.items():
        operation = "".join(word.capitalize() for word in name.split("_"))

        def handle(handler: Any, operation: str = operation, answer: Any = answer) -> Any:
            return answer(_Asked(handler, operation))

        setattr(EKSResponse, name, handle)
    for path in ("$", "/(?P<associationId>[^/]+)$"):
        moto.eks.urls.url_paths[_PATHS + path] = EKSResponse.dispatch
