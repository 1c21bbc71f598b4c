"""JSON APIs of servers that are neither AWS nor a cluster: workspaces and domains.

Only hosts that this installation allows (OUTSIDE_HOSTS) are spoken to: the catalogue names them,
and whoever may change the catalogue must not be able to have a token sent elsewhere.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from policies import https
from policies.documents import rest_answers
from policies.outcomes import Kind, Outcome

JSON = "application/json"
Sign = Callable[[str, str, bytes], Mapping[str, str]]  # (method, URL, body) → headers


class Rest:
    """One server. Every failure is an `Outcome`."""

    def __init__(self, host: str, token: str = "", sign: Sign | None = None) -> None:
        self.host = host
        self._sign = sign
        self._connection = https.to_host(host, token)

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        sent = b"" if body is None else json.dumps(body).encode()
        signed = self._sign(method, f"https://{self.host}{path}", sent) if self._sign else {}
        answer = self._connection.send(
            method, path, body=sent or None, content_type=JSON if sent else "", signed=signed
        )
        return rest_answers.parsed(answer, self.host, method, path)


def check_host(host: str, allowed: list[str]) -> None:
    """Raises Outcome unless this installation lets its workers speak to `host`."""
    if not host:
        raise Outcome(Kind.MISSING, "The catalogue does not know this server any more.")
    if host not in allowed:
        raise Outcome(
            Kind.DENIED,
            f"{host} is not among the servers that workers may speak to. Whoever runs Gatehouse "
            "adds it to OUTSIDE_HOSTS (GH-247).",
        )


def secret(folder: str, name: str) -> str:
    """A token from a file of the folder, read at each use. Raises Outcome with what to do."""
    path = Path(folder) / name
    if not folder or not name or path.name != name:
        raise Outcome(Kind.PERMANENT, "SECRETS_FOLDER is not set on this worker (GH-248).")
    try:
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        text = f"The secret {name} cannot be read from SECRETS_FOLDER (GH-248)."
        raise Outcome(Kind.PERMANENT, text) from error
    if not https.TOKEN.fullmatch(token):
        raise Outcome(Kind.PERMANENT, f"The secret {name} is not a bearer token (GH-248).")
    return token
