"""Faults on command for the strict ConfigMap server, as posted to `/_fake/faults`.

A fault may name one `cluster` (default: any) and `on`: `read`, `write` or `any`; it is spent
after `times` requests (default 1; null: until deleted). Kinds:

* `conflict`: a write meets 409 Conflict; `foreign_write`: before a write is looked at, another
  writer merges `data`, as if between our GET and our PUT;
* `error`: any `status` (429, 500, 503 ...), with `reason` and `message`;
* `drop`: the connection ends before the request is applied; `lose`: after, without an answer;
* `slow`: the request waits `seconds` x PACE first;
* `stale`: while it stands, reads show the state of `seconds` x PACE ago.

With `share`, each request meets it with that chance alone (give `times` null, and `seed` to throw
the same dice again); requests with a bearer token in `spares` never meet it.
"""

import os
import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from itertools import count
from typing import Any

from tests.fakes.kube_status import Refusal, modified

KINDS = ("conflict", "foreign_write", "error", "drop", "lose", "slow", "stale")
DIRECTION = {"conflict": "write", "foreign_write": "write", "lose": "write", "stale": "read"}
STANDING = ("stale",)


@dataclass
class Fault:
    """One fault; `id` is the server's, the rest as posted."""

    id: int
    kind: str
    on: str
    cluster: str | None = None
    times: int | None = 1
    status: int = 500
    reason: str = ""
    message: str = "injected"
    seconds: float = 0.0
    data: dict[str, str | None] = field(default_factory=dict)
    share: float = 1.0
    seed: int | None = None
    spares: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def meets(self, cluster: str, direction: str, token: str) -> bool:
        """Whether this fault is for that request; with a `share`, the dice are thrown."""
        return (
            self.cluster in (None, cluster)
            and self.on in (direction, "any")
            and token not in self.spares
            and (self.share >= 1.0 or self._dice.random() < self.share)
        )

    @property
    def wait(self) -> float:
        return self.seconds * float(os.environ.get("PACE", "1"))

    def refusal(self) -> Refusal:
        if self.kind == "conflict":
            return modified("aws-auth")
        return Refusal(self.status, self.reason, self.message)


class Faults:
    """The faults that stand; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = count(1)
        self._standing: list[Fault] = []

    def add(self, kind: str, **wanted: Any) -> Fault:
        """Raises ValueError for a kind or field that does not exist."""
        names = {known.name for known in fields(Fault)} - {"id", "kind"}
        if kind not in KINDS or not wanted.keys() <= names:
            raise ValueError(f"no such fault: {kind} {sorted(wanted)}")
        settled: dict[str, Any] = {"on": DIRECTION.get(kind, "any")} | wanted
        if kind in STANDING:
            settled = {"times": None} | settled
        if settled["on"] not in ("read", "write", "any"):
            raise ValueError(f"`on` is read, write or any, not {settled['on']}")
        with self._lock:
            fault = Fault(next(self._ids), kind, **settled)
            self._standing.append(fault)
        return fault

    def take(self, cluster: str, direction: str, token: str = "") -> dict[str, Fault]:
        """What this request meets, one of each kind at most; each is spent once by it."""
        met: dict[str, Fault] = {}
        with self._lock:
            for fault in self._standing:
                if fault.kind not in met and fault.meets(cluster, direction, token):
                    met[fault.kind] = fault
                    fault.times = None if fault.times is None else fault.times - 1
            self._standing = [fault for fault in self._standing if fault.times != 0]
        return met

    def list(self) -> list[Mapping[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._standing]

    def clear(self, number: int | None = None) -> None:
        with self._lock:
            self._standing = [
                fault for fault in self._standing if number is not None and fault.id != number
            ]
