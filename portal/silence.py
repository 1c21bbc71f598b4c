"""Since when our workers, or the sweep, have not been heard of. By the database's clock.

A sweep is run by a write worker, so it is a sign of life of that worker as well: workers of
an older version give no other. What was never heard of counts from the installation's first day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models.functions import Now

from policies.models import Beat, Installation

WORKER_AWAY = timedelta(seconds=60)
SWEEP_LATE = timedelta(minutes=2)


@dataclass(frozen=True)
class Silence:
    """Moments since when nothing was heard; None for each that is at work."""

    writing: datetime | None = None
    reading: datetime | None = None
    sweep: datetime | None = None


def now() -> Silence:
    """Who is silent right now: one query while everybody is at work."""
    rows = {one.name: one for one in Beat.objects.annotate(now=Now())}
    heard = {name: row.at for name, row in rows.items()}
    clock = max((row.now for row in rows.values()), default=None)
    if not {Beat.SWEEP, Beat.READ_WORKER} <= rows.keys():
        first = Installation.objects.annotate(now=Now()).first()
        if first is None:
            return Silence()
        clock = first.now
        heard = dict.fromkeys((Beat.SWEEP, Beat.READ_WORKER), first.created_at) | heard
    sweep = heard[Beat.SWEEP]
    writing = max(sweep, heard.get(Beat.WRITE_WORKER, sweep))
    return Silence(
        writing=_late(writing, clock, WORKER_AWAY),
        reading=_late(heard[Beat.READ_WORKER], clock, WORKER_AWAY),
        sweep=_late(sweep, clock, SWEEP_LATE),
    )


def _late(at: datetime, clock: datetime | None, allowed: timedelta) -> datetime | None:
    return at if clock is not None and clock - at > allowed else None
