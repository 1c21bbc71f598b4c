"""Faults on command: what the next calls meet, as posted to `/_fake/faults`.

A fault names `service`, and may name `operation` (default `*`) and `account`; it is spent after
`times` calls (default 1; null: until deleted), and with `on` meets only `read` or `write`. Kinds:

* `throttle`, `deny`: AWS's usual refusal in the service's own protocol;
* `error`: any `code`, `status`, `message`;
* `drop`: the connection ends before the call is applied; `lose`: after, without an answer;
* `slow`: the call waits `seconds` first, or a time between `seconds` and `up_to`;
* `rate`: while it stands, calls beyond `per_second` (`burst` at once) per account are throttled;
* `stale`: while it stands, reads show the state of `seconds` x PACE ago (`tests.fakes.lag`).

With `share`, each call meets it with that chance alone (give `times` null, and `seed` to throw
the same dice again); calls signed with an access key in `spares` never meet it.
"""

import os
import random
import threading
from dataclasses import asdict, dataclass, field, fields
from itertools import count
from typing import Any

from tests.fakes.rates import Buckets
from tests.fakes.wire import Call

KINDS = ("throttle", "error", "deny", "lose", "drop", "slow", "stale", "rate")
STALE_SERVICES = ("iam", "servicecatalog", "eks", "emr")
DIRECTIONS = ("any", "read", "write")
_needs = {
    "error": {"code", "status"},
    "slow": {"seconds"},
    "stale": {"seconds"},
    "rate": {"per_second"},
}


@dataclass
class Fault:
    """One standing fault; `id` is the fake's, the rest as posted."""

    id: int
    service: str
    kind: str
    operation: str = "*"
    account: str | None = None
    times: int | None = 1
    code: str = ""
    status: int = 400
    message: str = "Injected by the fake AWS."
    seconds: float = 0.0
    up_to: float = 0.0
    on: str = "any"
    per_second: float = 0.0
    burst: float = 1.0
    share: float = 1.0
    seed: int | None = None
    spares: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    @property
    def wait(self) -> float:
        """Seconds to wait this time."""
        return random.uniform(self.seconds, max(self.seconds, self.up_to))

    def meets(self, call: Call) -> bool:
        """Whether this fault is for that call; with a `share`, the dice are thrown."""
        return (
            self.service in ("*", call.service)
            and self.operation in ("*", call.operation)
            and self.account in (None, call.account)
            and self.on in ("any", "write" if call.writes else "read")
            and call.access_key not in self.spares
            and not (self.kind == "stale" and call.writes)
            and (self.share >= 1.0 or self._dice.random() < self.share)
        )


def pace() -> float:
    """What every wait of the fake is multiplied by."""
    return float(os.environ.get("PACE", "1.0"))


class Faults:
    """The standing faults, safe to use from every request thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = count(1)
        self._standing: list[Fault] = []
        self._buckets = Buckets()

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Set up a fault; `ValueError` says what is wrong with the order."""
        fault = Fault(id=next(self._ids), **_checked(wanted))
        with self._lock:
            self._standing.append(fault)
        return fault

    def take(self, call: Call) -> list[Fault]:
        """Spend what this call meets: every `slow`, and the first of the other kinds.

        A `stale` without a share lags every read (`lag`) and is not told of here.
        """
        met: list[Fault] = []
        with self._lock:
            for fault in self._standing:
                refused = any(earlier.kind != "slow" for earlier in met)
                always = fault.kind == "stale" and fault.share >= 1.0
                if always or not fault.meets(call) or self._within(fault, call):
                    continue
                if fault.kind == "slow" or not refused:
                    met.append(fault)
            for fault in met:
                fault.times = None if fault.times is None else fault.times - 1
            self._standing = [fault for fault in self._standing if fault.times != 0]
        return met

    def _within(self, fault: Fault, call: Call) -> bool:
        if fault.kind != "rate":
            return False
        return self._buckets.spend((fault.id, call.account), fault.per_second, fault.burst)

    def lag(self, service: str, account: str, *, some: bool = False) -> float:
        """Real seconds that every read of a service lags in an account now; 0 when none does.

        `some`: the most that any read may lag, those that meet a `stale` by chance included.
        """
        with self._lock:
            seconds = [
                fault.seconds
                for fault in self._standing
                if fault.kind == "stale"
                and (some or fault.share >= 1.0)
                and fault.service in ("*", service)
                and fault.account in (None, account)
            ]
        return max(seconds, default=0.0) * pace()

    def standing(self) -> list[dict[str, Any]]:
        """What is set up and not yet spent."""
        with self._lock:
            return [asdict(fault) for fault in self._standing]

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._standing.clear()
            self._buckets.clear()


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(Fault)} - {"id"}
    if unknown := set(wanted) - known:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    if wanted.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if missing := ({"service"} | _needs.get(wanted["kind"], set())) - set(wanted):
        raise ValueError(f"{wanted['kind']} needs {', '.join(sorted(missing))}")
    if wanted["kind"] == "stale" and wanted["service"] not in ("*", *STALE_SERVICES):
        raise ValueError(f"only {', '.join(STALE_SERVICES)} can lag")
    if not 0 < wanted.get("share", 1.0) <= 1:
        raise ValueError("share is a chance, above 0 and at most 1")
    if wanted.get("on", "any") not in DIRECTIONS:
        raise ValueError(f"on must be one of {', '.join(DIRECTIONS)}")
    return {"times": None} | wanted if wanted["kind"] == "rate" else wanted


faults = Faults()
