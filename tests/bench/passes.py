"""Making passes in this process, as a worker would, and noting where each one's time went."""

import time
from collections.abc import Callable, Collection

from django.db.models.functions import Now
from django.utils import timezone

from policies import reconcile
from policies.models import Delivery, Plan, Target
from tests.bench.wire import Pass, Wire, stood_in_line

Watch = Callable[[int], None]


def settle(
    targets: Collection[int], wire: Wire, *, seconds: float, after: Watch | None = None
) -> list[Pass]:
    """Pass over whatever is due until nothing is; every pass. TimeoutError after `seconds`.

    `after` is told each target that has just had its pass.
    """
    end = time.monotonic() + seconds
    made: list[Pass] = []
    mine = Target.objects.filter(pk__in=targets)
    while mine.filter(next_look_at__isnull=False).exists():
        if time.monotonic() > end:
            raise TimeoutError(f"not settled after {seconds:.0f} s")
        due = list(mine.filter(next_look_at__lte=Now()).values_list("pk", flat=True))
        for target in due:
            made.append(one(target, wire))
            if after:
                after(target)
        if not due:
            time.sleep(0.02)
    return made


def one(target: int, wire: Wire) -> Pass:
    """One timed pass over one target."""
    size = Delivery.objects.unreleased().filter(target=target).count()
    plans = Plan.objects.filter(target=target).count()
    due = Target.objects.get(pk=target).next_look_at
    late = (timezone.now() - due).total_seconds() if due else 0.0
    wire.start()
    cpu, in_line, wall = time.thread_time(), stood_in_line(), time.perf_counter()
    reconcile.converge(target)
    wall = time.perf_counter() - wall
    stood = stood_in_line() - in_line
    in_line = stood - wire.in_line
    cpu = time.thread_time() - cpu
    wrote = Plan.objects.filter(target=target).count() > plans
    row = Target.objects.get(pk=target)
    what = "write" if wrote else "settle" if row.next_look_at is None else "look"
    return Pass(target, what, late, size, wall, wire.seconds, in_line, stood, cpu, wire.requests)


def unsettled(targets: Collection[int]) -> int:
    """Deliveries that are wanted and not yet seen."""
    return Delivery.objects.filter(target__in=targets, state=Delivery.State.DUE).count()
