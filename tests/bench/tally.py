"""AWS calls: how many there were, and how many the job needs.

Needed, per target: for every pass that writes the pages to read, the writes, and one AssumeRole;
then two looks, each the pages as they are now. A portfolio needs one write per principal; a policy
and a map one per document. One AssumeRole for reads per account and hour.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from policies.models import Plan, Target, TargetKind

PAGE = 20  # principals in one page of ListPrincipalsForPortfolio
THROTTLED = ("Throttling", "ThrottlingException")


@dataclass(frozen=True)
class Tally:
    """`least`: as if one pass could write everything; `needed`: with the passes there were."""

    counted: int
    needed: int
    least: int
    retried: int
    by_operation: Mapping[str, int]

    @property
    def ratio(self) -> float:
        return self.counted / self.needed


def tally(calls: Sequence[Mapping[str, Any]], targets: Iterable[Target], accounts: int) -> Tally:
    """Compare the journal with what these targets' plans needed. Throttled calls stand apart."""
    kept = [call for call in calls if call["error"] not in THROTTLED]
    names = Counter(f"{call['service']}:{call['operation']}" for call in kept)
    needed = least = accounts
    for target in targets:
        written = [_written(plan) for plan in target.plans.order_by("pk")]
        needed += needed_for(target.kind, written)
        least += needed_for(target.kind, [sum(written)])
    return Tally(len(kept), needed, least, len(calls) - len(kept), dict(names))


def needed_for(kind: str, written: Sequence[int]) -> int:
    """Calls for passes that gave so many keys each, on a target that held nothing of ours."""
    calls, held = 0, 0
    for keys in written:
        calls += reading(kind, held) + writing(kind, keys) + 1
        held += keys
    return calls + 2 * reading(kind, held)


def reading(kind: str, held: int) -> int:
    """Portfolio: pages. Policy: GetRole, the two lists, each document. Map: where it is, it."""
    if kind == TargetKind.PORTFOLIO_PRINCIPALS:
        return max(1, ceil(held / PAGE))
    return 3 + held if kind == TargetKind.PRINCIPAL_POLICY else 2


def writing(kind: str, keys: int) -> int:
    """The map's endpoint is asked for at each use, so by the write role once more."""
    if kind == TargetKind.CLUSTER_AUTH_MAP:
        return 2
    return keys


def _written(plan: Plan) -> int:
    return sum(change["fate"] == "written" for change in plan.changes)
