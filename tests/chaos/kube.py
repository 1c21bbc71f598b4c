"""A cluster's `aws-auth` as an administrator with kubectl edits it: read whole, put back whole.

Guarded by the version that was read (compare-and-swap); not a line of the product's.
"""

import json
import ssl
import urllib.error
import urllib.request
from typing import Any

BY_HAND = "fieldManager=kubectl-edit"  # by which these requests are told from the portal's
PATH = f"/api/v1/namespaces/kube-system/configmaps/aws-auth?{BY_HAND}"
TOKEN = "admin"  # what the strict server takes for an administrator


class Stale(Exception):
    """Somebody else has written since."""


class Cluster:
    def __init__(self, server: str, name: str) -> None:
        self._url = f"{server}/clusters/{name}{PATH}"
        # The server's CA is made anew at each start; what is tried is not this helper's TLS.
        self._tls = ssl._create_unverified_context()

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self._send("GET", None)
        return found

    def write(self, whole: dict[str, Any]) -> None:
        """Put it back as changed. Raises Stale, and then nothing was changed."""
        try:
            self._send("PUT", whole)
        except urllib.error.HTTPError as refused:
            if refused.code == 409:
                raise Stale from refused
            raise

    def _send(self, method: str, document: dict[str, Any] | None) -> Any:
        body = json.dumps(document).encode() if document else None
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self._url, body, headers, method=method)
        with urllib.request.urlopen(request, context=self._tls, timeout=30) as answer:
            return json.load(answer)
