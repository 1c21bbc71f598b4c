"""EKS: the authentication mode is kept, and every cluster's endpoint answers: the strict server."""

import base64
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from moto.eks.responses import EKSResponse

from tests.fakes import extend
from tests.fakes.beliefs import AUTHENTICATION_MODES, DEFAULT_AUTHENTICATION_MODE
from tests.fakes.wire import Refusal, reply


class Kubernetes(Protocol):
    """The strict ConfigMap server, as far as EKS needs it."""

    url: str
    ca_pem: str
    clusters: dict[str, Any]
    secrets: dict[str, str]
    faults: Any
    requests: Any

    def cluster_url(self, name: str) -> str:
        """Where one cluster's API answers."""

    def create_cluster(self, name: str, data: Mapping[str, str] | None = None) -> None:
        """Begin to answer for a cluster; without `data` it has no aws-auth."""

    def data(self, name: str) -> dict[str, str]:
        """What a cluster's aws-auth holds; empty when it has none."""

    def stop(self) -> None:
        """End it."""


_servers: list[Kubernetes] = []


def connect(server: Kubernetes) -> None:
    """Let clusters made from now on answer at this server."""
    _servers[:] = [server]


def auth_map_of(cluster: str) -> dict[str, str] | None:
    """The data of a cluster's aws-auth; empty without one, None if nothing answers for it."""
    for server in _servers:
        if cluster in server.clusters:
            return server.data(cluster)
    return None


def check_tokens_of(access_key: str, secret: str) -> None:
    """Let clusters check the signatures of a key that STS has just issued."""
    for server in _servers:
        server.secrets[access_key] = secret


def reset() -> None:
    """Forget every cluster, fault and key of the ConfigMap server."""
    for server in _servers:
        server.clusters.clear()
        server.secrets.clear()
        server.faults.clear()


def answer_for(
    cluster: Any,
    *,
    mode: str = DEFAULT_AUTHENTICATION_MODE,
    data: Mapping[str, str] | None = None,
) -> None:
    """Give a cluster of moto's its mode, and an endpoint where the ConfigMap server answers."""
    cluster.access_config = {"authenticationMode": mode}
    for server in _servers:
        if cluster.name not in server.clusters:
            server.create_cluster(cluster.name, data)
        cluster.endpoint = server.cluster_url(cluster.name)
        encoded = base64.b64encode(server.ca_pem.encode()).decode()
        cluster.certificate_authority = {"data": encoded}


def bind(name: str, lists: dict[str, Any]) -> None:
    """The roles and bindings of a cluster, as its API lists them."""
    for server in _servers:
        server.clusters[name].rbac.lists = lists


def make_cluster(name: str, data: Mapping[str, str] | None) -> None:
    """A cluster without an EKS around it, as another AWS's or a kubeconfig's."""
    for server in _servers:
        server.create_cluster(name, data)


def told_of(name: str) -> dict[str, Any]:
    """Where a cluster answers, whose CA it has, what aws-auth holds and what was asked of it.

    `KeyError` when nothing answers for it.
    """
    for server in _servers:
        if name in server.clusters:
            prefix = f"/clusters/{name}/"
            asked = [one for one in list(server.requests) if one["path"].startswith(prefix)]
            return {
                "endpoint": server.cluster_url(name),
                "ca_pem": server.ca_pem,
                "data": server.data(name),
                "requests": asked,
            }
    raise KeyError(name)


def _wanted_mode(handler: Any, operation: str) -> str | None:
    wanted: dict[str, Any] | None = handler._get_param("accessConfig")
    mode: str | None = (wanted or {}).get("authenticationMode")
    if mode is not None and mode not in AUTHENTICATION_MODES:
        raise Refusal("eks", operation, "bad_authentication_mode", mode=mode)
    return mode


def _create(handler: Any, stock: Any) -> Any:
    mode = _wanted_mode(handler, "CreateCluster") or DEFAULT_AUTHENTICATION_MODE
    answer = stock(handler)
    answer_for(answer.result["cluster"], mode=mode)
    return answer


def _update(handler: Any, stock: Any) -> Any:
    new = _wanted_mode(handler, "UpdateClusterConfig")
    if new is None:
        return stock(handler)
    cluster = handler.eks_backend.describe_cluster(name=handler._get_param("name"))
    old = cluster.access_config["authenticationMode"]
    if AUTHENTICATION_MODES.index(new) <= AUTHENTICATION_MODES.index(old):
        raise Refusal("eks", "UpdateClusterConfig", "mode_one_way", old=old, new=new)
    cluster.access_config = {"authenticationMode": new}
    update = {
        "id": str(uuid.uuid4()),
        "status": "Successful",
        "type": "AccessConfigUpdate",
        "params": [{"type": "AuthenticationMode", "value": new}],
        "createdAt": datetime.now(UTC),
        "errors": [],
    }
    return reply("eks", "UpdateClusterConfig", {"update": update})


def install() -> None:
    """Extend moto's EKS; once per process."""
    extend.around(EKSResponse, "create_cluster", _create)
    extend.around(EKSResponse, "update_cluster_config", _update)
    extend.let_reads_lag(EKSResponse, "eks_backend", "eks")
