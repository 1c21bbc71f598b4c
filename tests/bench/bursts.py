"""Bursts: 1 to 1,000 grants on 1 and on 50 targets, decided before the worker wakes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from policies.models import Target, TargetKind
from tests import factories as f
from tests.bench import decided, passes
from tests.bench.decided import Want
from tests.bench.place import Place
from tests.bench.report import Row
from tests.bench.tally import Tally, tally
from tests.bench.wire import Pass, watched

SECONDS = 900
MOST = 1.1
_numbers = count(1)


@dataclass(frozen=True)
class Burst:
    """So many grants on so many targets of one kind."""

    kind: TargetKind
    grants: int
    targets: int
    foreign: int = 0  # inline policies of others on each role
    limited: bool = False  # AWS's rate limits are on

    @property
    def name(self) -> str:
        where = f"{self.grants:>5,} grants on {self.targets:>2} {self.kind}"
        where += f", {self.foreign} foreign policies each" if self.foreign else ""
        return where + (", rates limited" if self.limited else "")


PORTFOLIO, POLICY, MAP = (
    TargetKind.PORTFOLIO_PRINCIPALS,
    TargetKind.PRINCIPAL_POLICY,
    TargetKind.CLUSTER_AUTH_MAP,
)
# A role's inline policies hold 10,240 characters: 1,000 grants do not fit on one of them.
FULL = (
    *(Burst(kind, n, 1) for kind in (PORTFOLIO, POLICY, MAP) for n in (1, 10, 100)),
    *(Burst(kind, 1_000, 1) for kind in (PORTFOLIO, MAP)),
    *(Burst(kind, 500, 5) for kind in (POLICY, MAP)),
    *(Burst(kind, n, 50) for kind in (PORTFOLIO, POLICY, MAP) for n in (100, 1_000)),
    Burst(POLICY, 50, 50, foreign=5),
    Burst(PORTFOLIO, 100, 1, limited=True),
    Burst(POLICY, 50, 50, limited=True),
)
QUICK = (
    *(Burst(kind, n, 1) for kind in (PORTFOLIO, POLICY, MAP) for n in (1, 10)),
    Burst(MAP, 100, 1),
    Burst(PORTFOLIO, 20, 10),
)


def measure(place: Place, *, quick: bool) -> tuple[list[Row], list[Pass]]:
    """A row for each burst; and all passes, for whoever asks where their time went."""
    rows, made = [], []
    for burst in QUICK if quick else FULL:
        result, these = run(place, burst)
        rows.append(_row(burst, result, these))
        made += [] if burst.limited else these
        print(f"  {burst.name}: {rows[-1].measured}", flush=True)
    return rows, made


def run(place: Place, burst: Burst) -> tuple[Tally, list[Pass]]:
    """One burst in an AWS of its own, until everything is seen."""
    place.fresh(f.ACCOUNT)
    wants = list(prepare(place, burst))
    targets = {one.target_id for g in decided.decide(wants) for one in g.deliveries.all()}
    decided.identify(f.ACCOUNT)
    place.be_slow()
    if burst.limited:
        place.limit_rates()
    place.forget_calls()
    with watched() as wire:
        made = passes.settle(targets, wire, seconds=SECONDS)
    calls = place.calls()
    if left := passes.unsettled(targets):
        raise AssertionError(f"{burst.name}: {left} deliveries were never seen")
    return tally(calls, Target.objects.filter(pk__in=targets), accounts=1), made


def prepare(place: Place, burst: Burst) -> Iterator[Want]:
    """Make the places in AWS; what is wanted there."""
    number = next(_numbers)
    names = [_object(burst.kind, number, i) for i in range(burst.targets)]
    on_roles = burst.kind == POLICY
    roles = names if on_roles else [f"role-{number}-{i}" for i in range(burst.grants)]
    place.roles(f.ACCOUNT, roles, burst.foreign)
    if burst.kind == PORTFOLIO:
        place.portfolios(f.ACCOUNT, names)
    if burst.kind == MAP:
        place.clusters(f.ACCOUNT, names)
    for i in range(burst.grants):
        where = names[i % burst.targets]
        name = f"arn:aws:iam::{f.ACCOUNT}:role/{where}" if on_roles else where
        yield Want(burst.kind, f.ACCOUNT, name, where if on_roles else roles[i], i)


def _object(kind: TargetKind, number: int, i: int) -> str:
    if kind == PORTFOLIO:
        return f"port-{number:06}{i:07}"
    return f"{'role' if kind == POLICY else 'cluster'}-{number}-{i}"


def _row(burst: Burst, result: Tally, made: list[Pass]) -> Row:
    judged = not (burst.limited or burst.foreign)
    measured = f"{result.counted} of {result.needed} needed = {result.ratio:.3f}"
    if result.least != result.needed:
        measured += f" ({result.counted / result.least:.3f} of one pass's {result.least})"
    if result.retried:
        measured += f", {result.retried} throttled"
    facts = {
        "passes": len(made),
        "least": result.least,
        "retried": result.retried,
        "operations": dict(result.by_operation),
        "seconds": round(sum(one.wall for one in made), 3),
    }
    must = f"≤ {MOST} × needed" if judged else "told"
    ok = result.ratio <= MOST if judged else None
    return Row(f"calls, {burst.name}", must, measured, ok, burst.grants, facts)
