"""What smoke works on: which AWS, which Kubernetes API, and what can be asked about its calls."""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

ASK_SECONDS = 30
# A proxy set for the outside world has no business with addresses of this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Outside:
    """Written by the launcher, read by the steps.

    `journal`: the base address of a fake whose AWS calls can be read; empty for another AWS.
    `cluster_controls`: the fake whose ConfigMap server answers for the cluster; empty when a
    kubeconfig was given. `kubeconfig`: empty when the cluster is reached through EKS.
    `account`: the only account that may be touched; empty when any may.
    """

    said: str
    region: str
    cluster: str
    journal: str = ""
    cluster_controls: str = ""
    kubeconfig: str = ""
    context: str = ""
    account: str = ""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Self:
        return cls(**json.loads(path.read_text()))

    @property
    def through_eks(self) -> bool:
        return not self.kubeconfig

    def holds(self) -> list[dict[str, Any]]:
        """The fake's own state, account by account; only with a journal."""
        accounts: list[dict[str, Any]] = ask(f"{self.journal}/_fake/holds?format=json")["accounts"]
        return accounts

    def auth_map(self) -> dict[str, str]:
        """The text of aws-auth as the ConfigMap server holds it; only with its controls."""
        return dict(self._told()["data"])

    def mark(self) -> "Mark":
        """Here and now in both journals."""
        calls = ask(f"{self.journal}/_fake/calls?since=999999999")["next"] if self.journal else 0
        requests = len(self._told()["requests"]) if self.cluster_controls else 0
        return Mark(self, calls, requests)

    def _told(self) -> dict[str, Any]:
        return ask(f"{self.cluster_controls}/_fake/clusters?name={self.cluster}")


@dataclass(frozen=True)
class Mark:
    """A moment in the journals, to count from."""

    outside: Outside
    calls: int
    requests: int

    def since(self) -> dict[str, int]:
        """Operation → how often AWS and the Kubernetes API were asked it since then."""
        counted: Counter[str] = Counter()
        if self.outside.journal:
            told = ask(f"{self.outside.journal}/_fake/calls?since={self.calls}")
            counted.update(one["operation"] for one in told["calls"])
        if self.outside.cluster_controls:
            requests = self.outside._told()["requests"][self.requests :]
            counted.update(f"{one['method']} aws-auth" for one in requests)
        return dict(sorted(counted.items()))


def ask(url: str, order: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """JSON from a fake's controls, which are plain HTTP on this machine. Raises OSError."""
    body = None if order is None else json.dumps(order).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, body, headers)  # noqa: S310  (http, our own)
    try:
        with _direct.open(request, timeout=ASK_SECONDS) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError as refused:
        raise OSError(f"{url}: {refused.code} {refused.read()[:300].decode()}") from refused
