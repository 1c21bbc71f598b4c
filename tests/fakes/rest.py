"""A Databricks workspace and an OpenSearch domain's security API, over HTTPS on 127.0.0.1.

What is believed of them, and why: `tests.fakes.beliefs`, REST. Steered by HTTP: POST
`/_fake/people` `{"users": […], "groups": […]}`, GET `/_fake/state`, POST `/_fake/faults`
`{"status", "times", "body"}`, POST `/_fake/mapping` (null: none).
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.fakes.kube_tls import make_authority, server_context

TOKEN = "dapi-0123456789"
PROFILE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:instance-profile/[\w+=,.@/-]+")
FILTER = re.compile(r'(userName|displayName) eq "([^"\\]*)"')
ROLE_PATH = re.compile(r'roles\[value eq "([^"\\]+)"\]')
SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/es/aws4_request, .*")
SCIM = "/api/2.0/preview/scim/v2/"
SECURITY = "/_plugins/_security/api/rolesmapping/"
Answer = tuple[int, dict[str, Any]]
_servers: list["Server"] = []


class State:
    """What the workspace and the domain hold."""

    def __init__(self) -> None:
        self.profiles: set[str] = set()
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"Users": {}, "Groups": {}}
        self.mappings: dict[str, dict[str, Any]] = {}
        self.faults: list[dict[str, Any]] = []
        self.secrets: dict[str, str] = {}
        self.requests: list[str] = []

    def add(self, section: str, names: list[str]) -> None:
        for name in names:
            number = str(1000 + sum(len(rows) for rows in self.rows.values()))
            attribute = "userName" if section == "Users" else "displayName"
            self.rows[section][number] = {"id": number, attribute: name, "roles": []}

    def shown(self) -> dict[str, Any]:
        people = [row for rows in self.rows.values() for row in rows.values()]
        assigned = {
            one.get("userName", one.get("displayName")): sorted(r["value"] for r in one["roles"])
            for one in people
        }
        told = {"profiles": sorted(self.profiles), "assigned": assigned}
        return {**told, "mappings": self.mappings, "requests": self.requests}


class Server:
    def __init__(self, port: int) -> None:
        authority = make_authority()
        self.ca_pem, self.state, self.lock = authority.pem, State(), threading.RLock()
        http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        http.daemon_threads = True
        http.socket = server_context(authority).wrap_socket(http.socket, server_side=True)
        self._http, self.host = http, f"127.0.0.1:{http.server_address[1]}"
        threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        _servers.append(self)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, url: str, headers: Any, body: bytes) -> Answer:
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        given = json.loads(body) if body else None
        if path.startswith("/_fake/"):
            return self._steered(path.removeprefix("/_fake/"), given)
        self.state.requests.append(f"{method} {path}")
        if self.state.faults:
            fault = self.state.faults.pop(0)
            return fault["status"], fault.get("body", {})
        if path.startswith("/_plugins/"):
            return self._security(method, url, path, headers, body)
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 403, {"error_code": "403", "message": "Invalid access token."}
        if path.startswith(SCIM):
            return self._scim(method, path.removeprefix(SCIM).split("/"), query, given)
        return self._profiles(method, path.rpartition("/")[2], given or {})

    def _steered(self, what: str, given: Any) -> Answer:
        if what == "people":
            self.state.add("Users", given.get("users", []))
            self.state.add("Groups", given.get("groups", []))
        elif what == "faults":
            fault = {"status": given["status"], "body": given.get("body", {})}
            self.state.faults += [fault] * given.get("times", 1)
        elif what == "reset":
            self.state.faults.clear()
        elif what == "mapping":
            self.state.mappings = {} if given is None else {"manage_snapshots": given}
        return 200, self.state.shown()

    def _profiles(self, method: str, verb: str, given: dict[str, Any]) -> Answer:
        arn = given.get("instance_profile_arn", "")
        if (method, verb) == ("GET", "list"):
            rows = [{"instance_profile_arn": one} for one in sorted(self.state.profiles)]
            return 200, {"instance_profiles": rows} if rows else {}
        if method != "POST" or verb not in ("add", "remove"):
            return 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "No API found"}
        if not PROFILE.fullmatch(arn):
            text = f"Invalid instance profile ARN: {arn}"
            return 400, {"error_code": "INVALID_PARAMETER_VALUE", "message": text}
        if verb == "add":
            if arn in self.state.profiles:
                return 400, _no("RESOURCE_ALREADY_EXISTS", f"{arn} already exists.")
            self.state.profiles.add(arn)
        elif arn not in self.state.profiles:
            return 404, _no("RESOURCE_DOES_NOT_EXIST", f"{arn} does not exist.")
        else:
            self.state.profiles.remove(arn)
        return 200, {}

    def _scim(self, method: str, path: list[str], query: Any, given: Any) -> Answer:
        rows = self.state.rows.get(path[0])
        if rows is None:
            return 404, _scim_no(404, "No such resource type")
        if method == "GET" and len(path) == 1:
            found = FILTER.fullmatch(query.get("filter", [""])[0])
            if found is None:
                return 400, _scim_no(400, "Given filter operator is not supported.")
            name = found[2].lower()
            hits = [row for row in rows.values() if str(row.get(found[1], "")).lower() == name]
            told = [{k: v for k, v in row.items() if k != "roles" or v} for row in hits]
            return 200, {"totalResults": len(told), **({"Resources": told} if told else {})}
        row = rows.get(unquote(path[1])) if len(path) == 2 else None
        if row is None or method != "PATCH":
            return 404, _scim_no(404, "User or group not found.")
        return self._patched(row, given["Operations"])

    def _patched(self, row: dict[str, Any], operations: list[dict[str, Any]]) -> Answer:
        for one in operations:
            if one["op"] == "add" and one.get("path") == "roles":
                arns = [value["value"] for value in one["value"]]
                if set(arns) - self.state.profiles:
                    return 400, _scim_no(400, f"Invalid instance profile {arns}")
                there = {role["value"] for role in row["roles"]}
                row["roles"] += [{"value": arn} for arn in arns if arn not in there]
            elif one["op"] == "remove" and (found := ROLE_PATH.fullmatch(one.get("path", ""))):
                row["roles"] = [role for role in row["roles"] if role["value"] != found[1]]
            else:
                return 400, _scim_no(400, f"Unsupported operation {one}")
        return 200, row

    def _security(self, method: str, url: str, path: str, headers: Any, body: bytes) -> Answer:
        refused = self._unsigned(method, url, headers, body)
        if refused:
            return 403, {"message": refused}
        name = path.removeprefix(SECURITY)
        mappings, given = self.state.mappings, json.loads(body) if body else None
        if method == "PUT":
            made = {"hosts": [], "users": [], "backend_roles": [], "and_backend_roles": []}
            mappings[name] = {**made, "reserved": False, "hidden": False, **given}
            return 201, {"status": "CREATED", "message": f"'{name}' created."}
        if name not in mappings:
            return 404, {"status": "NOT_FOUND", "message": f"Resource '{name}' not found."}
        if method == "PATCH":
            if mappings[name].get("reserved"):
                return 403, {"status": "FORBIDDEN", "message": f"'{name}' is reserved."}
            for one in given:
                if one["op"] not in ("add", "replace"):
                    return 400, {"status": "BAD_REQUEST", "message": "no such operation"}
                mappings[name][one["path"].removeprefix("/")] = one["value"]
            return 200, {"status": "OK", "message": f"'{name}' updated."}
        return 200, {name: mappings[name]}

    def _unsigned(self, method: str, url: str, headers: Any, body: bytes) -> str:
        """Why a request is not properly signed; empty when it is."""
        given = headers.get("Authorization", "")
        found = SIGNED.fullmatch(given)
        if found is None:
            return "User: anonymous is not authorized to perform: es:ESHttpGet"
        secret = self.state.secrets.get(found[1])
        if secret is None:
            return ""  # a key that nobody told this server of
        names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        kept = {name: headers[name] for name in names if name not in ("host",)}
        request = AWSRequest(method, f"https://{self.host}{url}", data=body, headers=kept)
        request.context["timestamp"] = headers["X-Amz-Date"]
        auth = SigV4Auth(Credentials(found[1], secret), "es", found[3])
        text = auth.string_to_sign(request, auth.canonical_request(request))
        same = auth.signature(text, request) == given.rpartition("Signature=")[2]
        return "" if same else "The request signature we calculated does not match"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with server.lock:
                status, said = server.answer(self.command, self.path, self.headers, body)
                text = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing."""

    return Handler


def _no(code: str, message: str) -> dict[str, Any]:
    return {"error_code": code, "message": message}


def _scim_no(status: int, detail: str) -> dict[str, Any]:
    schema = "urn:ietf:params:scim:api:messages:2.0:Error"
    return {"schemas": [schema], "detail": detail, "status": str(status)}


def know(access_key: str, secret: str) -> None:
    """Check the signatures of a key from now on."""
    for server in _servers:
        server.state.secrets[access_key] = secret


def reset() -> None:
    for server in _servers:
        server.state = State()
