"""One ConfigMap `aws-auth` and five kinds of caller, at the strict server or at a real cluster.

The contract tests speak to either through the same class, so that the fake is held to what a
real kube-apiserver does. At a real cluster everything happens in a namespace of its own.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

from policies.https import Connection
from policies.kubernetes import Cluster, tls_context
from tests.fakes.kube import Server

TYPES = {"merge": "application/merge-patch+json", "json": "application/json-patch+json"}
TYPES |= {"apply": "application/apply-patch+yaml"}
METHODS = {"post": "POST", "put": "PUT", "delete": "DELETE", "list": "GET", "get": "GET"}
TOKENS = {name: name for name in ("admin", "portal", "service-account", "viewer", "bad")}
HOUR = 3600


@dataclass(frozen=True)
class World:
    """Where the ConfigMap lives and how each actor reaches it."""

    connections: dict[str, Connection]
    namespace: str
    made: list[str] = field(default_factory=list)

    @classmethod
    def fake(cls, server: Server) -> Self:
        name = f"contract-{uuid.uuid4().hex[:8]}"
        server.create_cluster(name)
        here = Cluster.from_eks(server.cluster_url(name), server.ca_data, "admin")
        at = here.connection
        tokens = TOKENS | {"nobody": ""}
        return cls(
            {
                actor: Connection(at.host, at.port, at.prefix, at.context, token)
                for actor, token in tokens.items()
            },
            "kube-system",
        )

    @classmethod
    def real(cls, admin: Connection, ca_pem: bytes) -> Self:
        """A namespace of our own with the least Role; `close` removes it."""
        namespace = f"gatehouse-contract-{uuid.uuid4().hex[:8]}"
        world = cls({"admin": admin}, namespace, [namespace])
        _make(admin, "/api/v1/namespaces", "v1", "Namespace", namespace)
        try:
            return cls(world.connections | _others(admin, ca_pem, namespace), namespace, world.made)
        except BaseException:
            world.close()
            raise

    def send(self, actor: str, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        verb, name = request["verb"], request.get("name", "aws-auth")
        path = f"/api/v1/namespaces/{self.namespace}/{request.get('kind', 'configmaps')}"
        path += "" if verb in ("post", "list") else f"/{name}"
        query = urlencode(request.get("query", {}))
        document = request["ops"] if verb == "json" else self._object(request)
        answer = self.connections[actor].send(
            METHODS.get(verb, "PATCH"),
            f"{path}?{query}" if query else path,
            body=None if verb in ("get", "list", "delete") else json.dumps(document).encode(),
            content_type=TYPES.get(verb, "application/json"),
        )
        return answer.status, dict(json.loads(answer.body))

    def current(self) -> dict[str, Any] | None:
        status, found = self.send("admin", {"verb": "get"})
        assert status in (200, 404), found
        return found if status == 200 else None

    def reset(self, data: Mapping[str, str] | None) -> None:
        if self.current() is not None:
            self.expect({"verb": "delete"})
        if data is not None:
            self.expect({"verb": "post", "data": data})

    def expect(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """An administrator's request that has to succeed."""
        status, answer = self.send("admin", request)
        assert status in (200, 201), answer
        return answer

    def close(self) -> None:
        for namespace in self.made:
            self.connections["admin"].send("DELETE", f"/api/v1/namespaces/{namespace}")

    def _object(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if "object" in request:
            return dict(request["object"])
        metadata = {"name": request.get("called", "aws-auth"), "namespace": self.namespace}
        metadata |= request.get("metadata", {})
        data = {"k" * 8: "v" * request["fill"]} if "fill" in request else request.get("data", {})
        head = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
        return {**head, **request.get("extra", {})}


def _others(admin: Connection, ca_pem: bytes, namespace: str) -> dict[str, Connection]:
    tokens = {"bad": "bad", "nobody": ""}
    for account in ("portal", "viewer"):
        tokens[account] = _service_account(admin, namespace, account)
    tokens["service-account"] = tokens["portal"]
    _least_role(admin, namespace)
    tls = tls_context(ca_pem)  # without the administrator's client certificate
    return {
        actor: Connection(admin.host, admin.port, admin.prefix, tls, token)
        for actor, token in tokens.items()
    }


def _make(admin: Connection, path: str, version: str, kind: str, name: str, **rest: Any) -> Any:
    document: dict[str, Any] = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name},
    } | rest
    body = json.dumps(document).encode()
    answer = admin.send("POST", path, body=body, content_type="application/json")
    assert answer.status == 201, answer.body
    return json.loads(answer.body)


def _service_account(admin: Connection, namespace: str, name: str) -> str:
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    _make(admin, path, "v1", "ServiceAccount", name)
    wanted: dict[str, Any] = {"spec": {"expirationSeconds": HOUR}}
    kind = ("authentication.k8s.io/v1", "TokenRequest")
    return str(_make(admin, f"{path}/{name}/token", *kind, name, **wanted)["status"]["token"])


def _least_role(admin: Connection, namespace: str) -> None:
    group = "rbac.authorization.k8s.io"
    path = f"/apis/{group}/v1/namespaces/{namespace}"
    rule = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["aws-auth"]}
    rule["verbs"] = ["get", "update", "patch"]
    _make(admin, f"{path}/roles", f"{group}/v1", "Role", "portal", rules=[rule])
    subject = {"kind": "ServiceAccount", "name": "portal", "namespace": namespace}
    reference = {"apiGroup": group, "kind": "Role", "name": "portal"}
    binding = {"subjects": [subject], "roleRef": reference}
    _make(admin, f"{path}/rolebindings", f"{group}/v1", "RoleBinding", "portal", **binding)
