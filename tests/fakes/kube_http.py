"""HTTP for the strict ConfigMap server: paths to verbs, and the admin paths."""

import json
import re
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from tests.fakes.kube_access import allow, user_of
from tests.fakes.kube_apply import Write
from tests.fakes.kube_object import Store
from tests.fakes.kube_status import Refusal, bad_request

if TYPE_CHECKING:
    from tests.fakes.kube import Server

LARGEST_BODY = 3 * 1024 * 1024
CLUSTER = re.compile(r"/clusters/(?P<cluster>[^/]+)(?P<rest>/.+)")
API = re.compile(
    r"/clusters/(?P<cluster>[^/]+)/api/v1/namespaces/(?P<namespace>[^/]+)"
    r"/(?P<kind>[^/]+)(?:/(?P<name>[^/]+))?"
)
VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
PATCHES = {
    "application/merge-patch+json": Store.merge_patch,
    "application/json-patch+json": Store.json_patch,
    "application/apply-patch+yaml": Store.apply,
}
JSON = ("application/json", "")


class Hangup(Exception):
    """End the connection without an answer."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    # Without these each answer waits 40 ms for the client's delayed acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.owner: Server = self.server.owner  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        body = self._body()
        url = urlsplit(self.path)
        if url.path.startswith("/_fake/"):
            self._answer(*_admin(self.owner, self.command, url.path, body))
            return
        self.met = ""
        try:
            status, answer = self._api(url.path, dict(parse_qsl(url.query)), body)
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body()
        except Hangup:
            status, answer = 0, None
        said = {"method": self.command, "path": self.path, "status": status}
        self.owner.requests.append(said | ({"fault": self.met} if self.met else {}))
        if status:
            self._answer(status, answer)
        else:
            self.close_connection = True

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        return self.rfile.read(int(length) if length.isdigit() else 0)

    def _api(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        there = CLUSTER.fullmatch(path)
        known = there and there["cluster"] in self.owner.clusters
        if there and known and self.command in ("POST", "DELETE", "GET"):
            made = self._made(there["cluster"], there["rest"], body)
            if made is not None:
                return made
        found = API.fullmatch(path)
        if found is None or found["cluster"] not in self.owner.clusters:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        direction = "read" if self.command == "GET" else "write"
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        met = self.owner.faults.take(found["cluster"], direction, token)
        self.met = ",".join(met)
        if "slow" in met:
            time.sleep(met["slow"].wait)
        if "drop" in met:
            raise Hangup
        if "error" in met:
            raise met["error"].refusal()
        if len(body) > LARGEST_BODY:
            text = f"Request entity too large: limit is {LARGEST_BODY}"
            raise Refusal(413, "RequestEntityTooLarge", text)
        with self.owner.lock:
            if "foreign_write" in met:
                self.owner.put_foreign(found["cluster"], met["foreign_write"].data)
            user = self._user(found["cluster"])
            if "conflict" in met:
                raise met["conflict"].refusal()
            age = met["stale"].wait if "stale" in met else 0.0
            answer = self._serve(found, query, body, user, age)
            # Serialised under the lock, as one moment's state.
            result = answer[0], json.loads(json.dumps(answer[1]))
        if "lose" in met:
            raise Hangup
        return result

    def _user(self, cluster: str) -> str:
        peer = self.connection.getpeercert() or {}
        names = dict(part[0] for part in peer.get("subject", ()))
        given = self.headers.get("Authorization", "")
        tokens = self.owner.clusters[cluster].rbac.tokens
        return user_of(given, names.get("commonName", ""), cluster, self.owner.secrets, tokens)

    def _made(self, cluster: str, path: str, body: bytes) -> tuple[int, Any] | None:
        """Namespaces, accounts and Roles; None for what is not of them."""
        rbac = self.owner.clusters[cluster].rbac
        with self.owner.lock:
            given = _parsed(body) if body else {}
            return rbac.serve(self.command, path, self._user(cluster), given)

    def _serve(
        self, found: re.Match[str], query: dict[str, str], body: bytes, user: str, age: float
    ) -> tuple[int, Any]:
        store, kind = self.owner.clusters[found["cluster"]], found["kind"]
        namespace, name = found["namespace"], found["name"] or ""
        reading = "get" if name else "list"
        verb = VERBS.get(self.command, reading)
        allow(user, verb, kind, namespace, name, rbac=store.rbac)
        if kind != "configmaps" or (not name and self.command not in ("GET", "POST")):
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        if self.command == "GET":
            return 200, store.read((namespace, name), age=age) if name else store.list(namespace)
        if self.command == "DELETE":
            return 200, store.delete((namespace, name))
        write = self._write(query)
        if self.command == "PATCH":
            return self._patch(store, (namespace, name), body, user, write)
        if self.headers.get_content_type() not in JSON:
            raise _unsupported()
        given = _parsed(body)
        if self.command == "PUT":
            return 200, store.replace((namespace, name), given, write)
        metadata = given.get("metadata") if isinstance(given, dict) else None
        name = str((metadata or {}).get("name") or "")
        return 201, store.create((namespace, name), given, write)

    def _patch(
        self, store: Store, key: tuple[str, str], body: bytes, user: str, write: Write
    ) -> tuple[int, Any]:
        change = PATCHES.get(self.headers.get_content_type())
        if change is None:
            raise _unsupported()
        if change is not Store.apply:
            return 200, change(store, key, _parsed(body), write)
        absent = key not in store.objects
        if absent:
            allow(user, "create", "configmaps", *key, rbac=store.rbac)
        return 201 if absent else 200, store.apply(key, yaml.safe_load(body), write)

    def _write(self, query: dict[str, str]) -> Write:
        agent = self.headers.get("User-Agent", "unknown").split("/")[0]
        applying = self.headers.get_content_type() == "application/apply-patch+yaml"
        return Write(
            manager=query.get("fieldManager") or ("" if applying else agent),
            dry_run=query.get("dryRun") == "All",
            strict=query.get("fieldValidation") == "Strict",
            force=query.get("force") == "true",
        )

    def _answer(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Requests are kept for `/_fake/requests`, not printed."""


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise bad_request(f"the request body is not JSON: {error}") from error


def _unsupported() -> Refusal:
    text = "the body of the request was in an unknown format"
    return Refusal(415, "UnsupportedMediaType", text)


def _admin(owner: "Server", method: str, path: str, body: bytes) -> tuple[int, Any]:
    """The `/_fake/` paths; 404 for another path, 400 for a body that does not fit."""
    parts = path.strip("/").split("/")[1:]
    try:
        given = json.loads(body) if body else {}
        return 200, _steer(owner, method, parts, given)
    except LookupError as error:
        return 404, {"error": f"not found: {error}"}
    except (AttributeError, TypeError, ValueError, Refusal) as error:
        return 400, {"error": str(error)}


def _steer(owner: "Server", method: str, parts: list[str], given: Any) -> Any:
    match method, parts:
        case "POST", ["clusters"]:
            owner.create_cluster(given["name"], given.get("data"))
            return {"endpoint": owner.cluster_url(given["name"]), "ca_pem": owner.ca_pem}
        case "GET", ["clusters", name]:
            return {"endpoint": owner.cluster_url(name), "data": owner.data(name)}
        case "POST", ["clusters", name, "foreign"]:
            owner.put_foreign(name, given["data"])
            return {"data": owner.data(name)}
        case "POST", ["clusters", name, "rbac"]:
            owner.clusters[name].rbac.lists = given
            return {}
        case "POST", ["secrets"]:
            owner.secrets.update(given)
            return {"known": sorted(owner.secrets)}
        case "GET", ["requests"]:
            return {"requests": list(owner.requests)}
        case "DELETE", ["requests"]:
            owner.requests.clear()
            return {}
        case _, ["faults", *rest]:
            return _steer_faults(owner, method, rest, given)
    raise LookupError(f"{method} {'/'.join(parts)}")


def _steer_faults(owner: "Server", method: str, rest: list[str], given: Any) -> Any:
    match method, rest:
        case "POST", []:
            return {"id": owner.faults.add(**given).id}
        case "GET", []:
            return {"faults": owner.faults.list()}
        case "DELETE", []:
            owner.faults.clear()
            return {}
        case "DELETE", [number]:
            owner.faults.clear(int(number))
            return {}
    raise LookupError(f"{method} faults")
