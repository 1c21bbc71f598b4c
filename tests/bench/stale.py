"""Reads that lag: is anything called seen, or gone, that is not so at that instant?

For each lag: grants of every kind are given, ended, and given again as soon as the removal was
written, while reads still show what was before. After each pass what AWS truly holds is asked of
the fake itself (`/_fake/holds`, which no lag touches) and compared with what the pass called seen.
Then the same with writes whose answers are lost, and that never arrived; these wait their windows.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from accounts.actors import system
from policies.access import grants
from policies.documents import auth_map, iam
from policies.models import Delivery, EndReason, Grant, Target
from policies.providers import PROVIDERS, places
from tests import factories as f
from tests.bench import decided, passes
from tests.bench.bursts import MAP, POLICY, PORTFOLIO
from tests.bench.decided import Want
from tests.bench.place import Place
from tests.bench.report import Row
from tests.bench.wire import Pass, Wire, watched

EACH = 2  # targets of each kind
LAGS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
QUICK = (0.0, 2.0)
AGREEMENT = 2.0  # seconds that seeing may take on top of lag and back-off step
SECONDS = 240
LOST = (  # never on removals: their window of ten minutes is not what is measured
    ("servicecatalog", "AssociatePrincipalWithPortfolio"),
    ("iam", "PutRolePolicy"),
)
_numbers = count(1)


@dataclass
class Watcher:
    """What passes called seen or gone, against what AWS held at that instant."""

    place: Place
    claims: int = 0
    false: list[str] = field(default_factory=list)
    known: dict[int, str] = field(default_factory=dict)

    def __call__(self, target: int) -> None:
        """After a pass over `target`: compare every claim it has just made."""
        row = Target.objects.get(pk=target)
        states = dict(row.deliveries.values_list("pk", "state"))
        new = [pk for pk, state in states.items() if self.known.get(pk, "due") != state]
        self.known |= states
        if not new:
            return
        where, truth = places.of(row), self._truth(row)
        for one in Delivery.objects.filter(pk__in=new):
            holds = PROVIDERS[row.kind].holds(truth, where, one.part)
            gone = one.state == Delivery.State.RELEASED and one.release == Delivery.Release.GONE
            self.claims += 1
            if holds == gone:
                self.false.append(f"{one.state} of {row} at {f.now().isoformat()}")

    def _truth(self, row: Target) -> dict[str, str]:
        held = self.place.fake.get("/_fake/holds?format=json")["accounts"]
        here = next(one for one in held if one["id"] == row.account)
        if row.kind == PORTFOLIO:
            found = next(one for one in here["portfolios"] if one["id"] == row.object)
            return {f"{one['type']}:{one['arn']}": "associated" for one in found["principals"]}
        if row.kind == MAP:
            found = next(one for one in here["clusters"] if one["name"] == row.object)
            return dict(auth_map.rows_state(found["aws_auth"]))
        found = next(one for one in here["roles"] if one["arn"] == row.object)
        return {name: iam.canonical(text) for name, text in found["inline_policies"].items()}


def measure(place: Place, *, quick: bool) -> list[Row]:
    watcher = Watcher(place)
    delays = []
    with watched() as wire:
        for lag in QUICK if quick else LAGS:
            delays.append(_lagging(place, wire, watcher, lag, 1 if quick else EACH))
            print(f"  reads {lag} s old: {delays[-1].measured}", flush=True)
        claims, false = watcher.claims, list(watcher.false)
        lost = None if quick else _losing(place, wire, watcher)
    first = Row(
        "false seen or gone, stale reads",
        "0",
        f"{len(false)} of {claims} claims",
        not false,
        claims,
        {"false": false},
    )
    return [first, *([lost] if lost else []), *delays]


def _lagging(place: Place, wire: Wire, watcher: Watcher, lag: float, each: int) -> Row:
    """Given, ended, given again within the lag; how long after its write each was seen."""
    wants = list(_prepare(place, each))
    _lag(place, lag)
    given = _decide(wants)
    targets = _targets(given)
    made = passes.settle(targets, wire, seconds=SECONDS, after=watcher)
    delays = _delays(given, made)
    for grant in given:
        grants.end(grant, by=system(), reason=EndReason.REVOKED)
    for target in targets:
        passes.one(target, wire)  # writes the removal, and settles nothing
        watcher(target)
    again = _decide(wants)
    made = passes.settle(targets, wire, seconds=SECONDS, after=watcher)
    delays += _delays(again, made)
    most = lag + AGREEMENT + step(lag)
    worst = max(delay for delay, _busy in delays)
    raw = max(delay + busy for delay, busy in delays)
    return Row(
        f"seen after its write, reads {lag:g} s old",
        f"≤ {most:g} s",
        f"at most {raw:.2f} s, {worst:.2f} s without what the machine was busy with",
        judged(raw, worst, most),
        len(delays),
        {"delays": [[round(delay, 3), round(busy, 3)] for delay, busy in sorted(delays)]},
    )


def _decide(wants: Sequence[Want]) -> list[Grant]:
    """Granted to the roles that AWS has now; each run has roles of its own."""
    given = decided.decide(wants)
    decided.identify(f.ACCOUNT)
    return given


def judged(raw: float, least: float, most: float) -> bool | None:
    """Met as it was, missed even without the machine's own share; between them nobody can say."""
    if raw <= most:
        return True
    return False if least > most else None


def _losing(place: Place, wire: Wire, watcher: Watcher) -> Row:
    """Answers lost after the write, and writes that never arrived, under the longest lag."""
    before, false = watcher.claims, len(watcher.false)
    wants = list(_prepare(place, 2))
    _lag(place, LAGS[-1])
    for service, operation in LOST:
        for kind in ("lose", "drop"):
            order = {"service": service, "operation": operation, "kind": kind}
            place.fake.post("/_fake/faults", order)
    for kind in ("lose", "drop"):
        place.kubernetes("POST", "/_fake/faults", {"kind": kind, "on": "write"})
    targets = _targets(_decide(wants))
    passes.settle(targets, wire, seconds=2 * SECONDS, after=watcher)
    claims, false = watcher.claims - before, len(watcher.false) - false
    print(f"  lost answers: {false} of {claims} false", flush=True)
    return Row(
        "false seen, stale reads and lost answers",
        "0",
        f"{false} of {claims} claims",
        not false,
        claims,
        {"false": watcher.false},
    )


def step(lag: float) -> float:
    """The back-off step that ends with the first look after `lag`: looks at 0, 1, 2, 4, 8 … s."""
    before, look = 0.0, 0.0
    while look < lag:
        before, look = look, max(1.0, look * 2)
    return look - before


def _prepare(place: Place, each: int) -> Iterator[Want]:
    """So many targets of every kind, in an AWS of their own."""
    place.fresh(f.ACCOUNT)
    number = next(_numbers)
    names = [f"stale-{number}-{i}" for i in range(each)]
    ids = [f"port-{'s'}{number:05}{i:07}" for i in range(each)]
    place.roles(f.ACCOUNT, names)
    place.portfolios(f.ACCOUNT, ids)
    place.clusters(f.ACCOUNT, names)
    for i in range(each):
        yield Want(PORTFOLIO, f.ACCOUNT, ids[i], names[i])
        yield Want(POLICY, f.ACCOUNT, f"arn:aws:iam::{f.ACCOUNT}:role/{names[i]}", names[i])
        yield Want(MAP, f.ACCOUNT, names[i], names[i])


def _lag(place: Place, seconds: float) -> None:
    for service in ("iam", "servicecatalog", "eks"):
        order = {"service": service, "kind": "stale", "seconds": seconds, "times": None}
        place.fake.post("/_fake/faults", order)
    place.kubernetes("POST", "/_fake/faults", {"kind": "stale", "seconds": seconds})
    time.sleep(seconds)  # until what was there before shows


def _targets(given: Iterable[Grant]) -> set[int]:
    rows = Delivery.objects.filter(grant__in=list(given))
    return set(rows.values_list("target_id", flat=True))


def _delays(given: Iterable[Grant], made: Sequence[Pass]) -> list[tuple[float, float]]:
    """Seconds from the write to seen; and what came on top because the machine was busy.

    That is: how late the two agreeing looks began, as all passes here are made one by one, and
    how long they stood in line for a processor.
    """
    found = []
    for one in Delivery.objects.filter(grant__in=list(given)).select_related("target"):
        seen, written = one.seen_at, one.target.written_at
        assert isinstance(seen, datetime)
        assert isinstance(written, datetime)
        last = [each for each in made if each.target == one.target_id][-2:]
        busy = sum(each.late + each.stood for each in last)
        found.append(((seen - written).total_seconds() - busy, busy))
    return found
