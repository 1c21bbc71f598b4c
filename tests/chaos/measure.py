"""Figures of a run: a worker's memory, AWS's calls and what they met; plain values but for HTTP."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from tests.chaos.kube import BY_HAND
from tests.fakes.process import FakeAWS

MEGABYTE = 1024 * 1024
GROWTH = 1.10  # of the last quarter's median over the second's; a worker warms up in the first
FEWEST = 16


def flatness(samples: Sequence[int]) -> tuple[int, int, bool]:
    """Medians of the second and of the last quarter, and whether the one is not the other's more.

    Too few samples prove nothing, which is not flat.
    """
    if len(samples) < FEWEST:
        return 0, 0, False
    quarter = len(samples) // 4
    before = int(median(samples[quarter : 2 * quarter]))
    after = int(median(samples[-quarter:]))
    return before, after, after <= before * GROWTH


class Calls:
    """Calls of the product: those in a role's session, the way into one, and to clusters."""

    def __init__(self) -> None:
        self.total = 0
        self.met: Counter[str] = Counter()
        self._next = 0

    def read_on(self, fake: FakeAWS) -> None:
        """Take down what has come since the last time."""
        told = fake.get(f"/_fake/calls?since={self._next}")
        self._next = told["next"]
        for one in told["calls"]:
            if one["role"] or one["operation"] == "AssumeRole":
                self._count(one["fault"])

    def read_clusters(self, fake: FakeAWS) -> None:
        """Once, at the end; those who edit by hand are not counted."""
        for one in fake.kube("GET", "/_fake/requests")["requests"]:
            if BY_HAND not in one["path"]:
                self._count(one.get("fault", ""))

    @property
    def faulty(self) -> int:
        return sum(self.met.values())

    def _count(self, fault: str) -> None:
        self.total += 1
        if fault:
            self.met[fault.split(",")[0]] += 1
