"""Every sort of fault, each with its share, so that all together meet the share asked for."""

from collections.abc import Mapping
from typing import Any

from tests.fakes.process import FakeAWS

Order = dict[str, Any]
# Weights of each sort. Those that a read can meet are together 1 at least, and so are those of a
# write. `slow` waits its seconds, `late` longer than the product does.
AWS: Mapping[str, float] = {
    "throttle": 0.26,
    "internal": 0.16,
    "unavailable": 0.08,
    "drop": 0.18,
    "lose": 0.18,
    "slow": 0.10,
    "late": 0.01,
    "deny": 0.03,
    "stale": 0.11,
}
READS_ONLY = {"stale"}
WRITES_ONLY = {"lose", "conflict"}  # of the ConfigMap server
KUBE: Mapping[str, float] = {
    "throttle": 0.18,
    "internal": 0.14,
    "unavailable": 0.08,
    "drop": 0.18,
    "slow": 0.15,
    "deny": 0.03,
    "stale": 0.24,
    "lose": 0.12,
    "conflict": 0.12,
}
SLOW_SECONDS, STALE_SECONDS = 1.0, 8.0


def begin(
    fake: FakeAWS, *, faulty: float, seed: int, spares: list[str], token: str, late: float
) -> None:
    """Let the storm loose on everybody but the `spares` (access keys) and the bearer `token`."""
    for number, order in enumerate(aws_orders(faulty, late)):
        fake.post("/_fake/faults", order | {"seed": seed + number, "spares": spares})
    for number, order in enumerate(kube_orders(faulty)):
        fake.kube("POST", "/_fake/faults", order | {"seed": seed + number, "spares": [token]})


def end(fake: FakeAWS) -> None:
    fake.delete("/_fake/faults")
    fake.kube("DELETE", "/_fake/faults")


def share(faulty: float, weight: float) -> float:
    """Chances that, thrown one by one, leave exactly 1 - `faulty` of all calls alone."""
    return float(1 - (1 - faulty) ** weight)


def aws_orders(faulty: float, late: float) -> list[Order]:
    """`late`: seconds longer than the product waits for an answer."""
    orders: list[Order] = [
        {"kind": "throttle", "share": share(faulty, AWS["throttle"])},
        _error("InternalFailure", 500, share(faulty, AWS["internal"])),
        _error("ServiceUnavailable", 503, share(faulty, AWS["unavailable"])),
        {"kind": "drop", "share": share(faulty, AWS["drop"])},
        {"kind": "lose", "share": share(faulty, AWS["lose"])},
        {"kind": "slow", "share": share(faulty, AWS["slow"]), "seconds": SLOW_SECONDS},
        {"kind": "slow", "share": share(faulty, AWS["late"]), "seconds": late},
        {"kind": "deny", "share": share(faulty, AWS["deny"])},
    ]
    stale = {"kind": "stale", "share": share(faulty, AWS["stale"]), "seconds": STALE_SECONDS}
    # IAM's lists lag; that documents lag, too, has its own tests: here somebody overwrites them,
    # and who is to report that must have been able to see it.
    lagging = [("servicecatalog", "*"), ("eks", "*"), ("iam", "ListRolePolicies")]
    orders += [stale | {"service": one, "operation": what} for one, what in lagging]
    return [{"service": "*", "times": None} | one for one in orders]


def kube_orders(faulty: float) -> list[Order]:
    orders: list[Order] = [
        _status(429, "TooManyRequests", share(faulty, KUBE["throttle"])),
        _status(500, "InternalError", share(faulty, KUBE["internal"])),
        _status(503, "ServiceUnavailable", share(faulty, KUBE["unavailable"])),
        _status(403, "Forbidden", share(faulty, KUBE["deny"])),
        {"kind": "drop", "share": share(faulty, KUBE["drop"])},
        {"kind": "lose", "share": share(faulty, KUBE["lose"])},
        {"kind": "conflict", "share": share(faulty, KUBE["conflict"])},
        {"kind": "slow", "share": share(faulty, KUBE["slow"]), "seconds": SLOW_SECONDS},
        {"kind": "stale", "share": share(faulty, KUBE["stale"]), "seconds": STALE_SECONDS},
    ]
    return [{"times": None} | one for one in orders]


def _error(code: str, status: int, chance: float) -> Order:
    return {"kind": "error", "code": code, "status": status, "share": chance}


def _status(status: int, reason: str, chance: float) -> Order:
    return {"kind": "error", "status": status, "reason": reason, "share": chance}
