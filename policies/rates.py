"""Permits to call AWS and Kubernetes: so many a second per account and service, for all workers.

One row per account, service and direction (reads, writes). A call moves the row's `free_at` on by
one interval and starts when that time has come; up to BURST_SECONDS of unused time are kept, so
that a few calls after a rest need not wait. Two workers never get the same permit: the row is
swapped only if nobody took one since it was read. The times are the database's.

Whoever took the last permit knows how the row stands, so that the next one costs a statement and
not two: if somebody else took one meanwhile, the swap fails and the row is read.
"""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now

from policies.models import Rate
from policies.outcomes import Kind, Outcome

BURST_SECONDS = 2.0
SLOW_SECONDS = 30.0
SLOWEST = 4  # as a power of two: at most 16 times slower
LONGEST_PAUSE = 300.0
REMEMBERED_SECONDS = 10.0  # so long our clock tells the database's time on

_last: dict["Bucket", tuple[Rate, "Clock"]] = {}


@dataclass(frozen=True)
class Bucket:
    """Whose permits: an account's service, one cluster's Kubernetes API."""

    account: str
    service: str
    writing: bool

    @property
    def interval(self) -> timedelta:
        """From one call to the next, as the setting AWS_RATES says."""
        rates: dict[str, tuple[float, float]] = settings.AWS_RATES
        reads, writes = rates.get(self.service.partition(":")[0]) or rates["*"]
        return timedelta(seconds=settings.PACE / (writes if self.writing else reads))

    def row(self) -> tuple[Rate, "Clock"]:
        """The row and the database's time."""
        names: dict[str, Any] = {
            "account": self.account,
            "service": self.service,
            "writing": self.writing,
        }
        found = Rate.objects.filter(**names).annotate(now=Now()).values("now", *_FIELDS).first()
        if found is None:
            Rate.objects.bulk_create([Rate(**names)], ignore_conflicts=True)
            return self.row()
        clock = Clock(found.pop("now"), time.monotonic())
        return Rate(**found), clock

    def recalled(self) -> tuple[Rate, "Clock"] | None:
        """As this process left it a moment ago. Told once: the next look is at the database."""
        last = _last.pop(self, None)
        return last if last and last[1].age <= REMEMBERED_SECONDS else None


@dataclass(frozen=True)
class Clock:
    """The database's time, read at a moment of `time.monotonic` and told on by ours."""

    read: datetime
    at: float

    @property
    def age(self) -> float:
        return time.monotonic() - self.at

    @property
    def now(self) -> datetime:
        return self.read + timedelta(seconds=self.age)


_FIELDS = ("id", "account", "service", "writing", "free_at", "taken", "slow", "slow_until")


def take(bucket: Bucket, *, until: float | None = None) -> None:
    """Wait for one permit, at most until `until` (of `time.monotonic`).

    Raises Outcome THROTTLED, at once and without a permit, when the wait would be longer: better
    a visible next time than a worker that sleeps in a lease.
    """
    if connection.in_atomic_block:
        raise RuntimeError("No database transaction may be open while AWS is called.")
    while (wait := _reserved(bucket, until)) is None:
        pass
    if wait > 0:
        time.sleep(wait)


def _reserved(bucket: Bucket, until: float | None) -> float | None:
    """Seconds until the permit that is ours now; None to look again: memory was not enough."""
    recalled = bucket.recalled()
    row, clock = recalled or bucket.row()
    now = clock.now
    interval, kept = bucket.interval, timedelta(seconds=BURST_SECONDS * settings.PACE)
    if row.slow_until is not None and now < row.slow_until:
        interval, kept = interval * 2**row.slow, timedelta()
    # Bounded, so that a clock set back does not stop an account for hours.
    start = min(max(row.free_at, now - kept), now + timedelta(seconds=LONGEST_PAUSE))
    wait = max(0.0, (start - now).total_seconds())
    if until is not None and wait > max(0.0, until - time.monotonic()):
        if recalled:
            return None  # nobody is turned away by what we only remember
        raise Outcome(
            Kind.THROTTLED,
            f"Our own pace for {row} is used up for {wait:.1f} s (GH-341).",
            retry_after=wait,
        )
    mine = Rate.objects.filter(pk=row.pk, taken=row.taken)
    row.taken, row.free_at = row.taken + 1, start + interval
    if not mine.update(taken=row.taken, free_at=row.free_at):
        return None  # another worker took that very permit
    _last[bucket] = row, clock
    return wait


def slow_down(bucket: Bucket, *, retry_after: float = 0.0) -> None:
    """AWS turned a call away: half the pace for a while, and half again if that does not help.

    Workers that are turned away together slow the bucket once, not once each.
    """
    row, clock = bucket.row()
    now = clock.now
    pause = timedelta(seconds=min(retry_after, LONGEST_PAUSE * settings.PACE))
    slow, left = timedelta(seconds=SLOW_SECONDS * settings.PACE), timedelta()
    if row.slow_until is not None:
        left = max(left, row.slow_until - now)
    values: dict[str, Any] = {"free_at": max(row.free_at, now + pause)}
    if left < slow / 2:
        values["slow"] = min(row.slow + 1, SLOWEST) if left else 1
        values["slow_until"] = now + pause + slow * random.uniform(1.0, 1.5)  # noqa: S311
    Rate.objects.filter(pk=row.pk, taken=row.taken).update(taken=row.taken + 1, **values)
