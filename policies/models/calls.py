"""How often AWS was called, by service and outcome: counted in memory, kept after each task.

Every process has rows of its own, so that no two wait for each other; rows of processes that
are gone are folded into one, so that their number stays bounded and the sums never fall.
"""

import logging
import os
import socket
import threading
from collections import Counter
from datetime import timedelta

from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import F, Sum
from django.db.models.functions import Now

logger = logging.getLogger(__name__)

GONE_AFTER = timedelta(hours=1)
FOLDED = ""  # the rows of processes that are gone
_lock = threading.Lock()
_counted: Counter[tuple[str, str]] = Counter()


class AwsCalls(models.Model):
    """How many calls one process has made with one outcome (“ok” or a kind of `outcomes`)."""

    worker = models.CharField(max_length=80, blank=True)
    service = models.CharField(max_length=40)
    outcome = models.CharField(max_length=20)
    number = models.PositiveBigIntegerField(default=0)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["worker", "service", "outcome"], name="aws_calls_row_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} {self.outcome}: {self.number}"


def count(service: str, outcome: str) -> None:
    """One more call; kept by the next `flush`. Asks nothing of the database."""
    with _lock:
        _counted[service, outcome] += 1


def flush() -> None:
    """Keep what was counted: a statement per service and outcome met since. Raises nothing."""
    with _lock:
        taken = dict(_counted)
        _counted.clear()
    worker = f"{socket.gethostname()[:60]}:{os.getpid()}"
    for (service, outcome), number in taken.items():
        try:
            add(worker, service, outcome, number)
        except DatabaseError as error:
            logger.warning("calls of AWS not kept yet: %s", type(error).__name__)
            with _lock:
                _counted[service, outcome] += number


def add(worker: str, service: str, outcome: str, number: int) -> None:
    """Raise one row, made when it is missing."""
    row = {"worker": worker, "service": service, "outcome": outcome}
    with transaction.atomic():
        while not _raise(row, number) and not _made(row, number):
            pass  # somebody made it in between; it may even be folded away again by now


def fold() -> int:
    """Add the rows of processes not heard of for long to one; how many were folded."""
    with transaction.atomic():
        old = AwsCalls.objects.select_for_update().exclude(worker=FOLDED).order_by("pk")
        rows = list(old.filter(at__lte=Now() - GONE_AFTER))
        for one in rows:
            add(FOLDED, one.service, one.outcome, one.number)
        AwsCalls.objects.filter(pk__in=[one.pk for one in rows]).delete()
    return len(rows)


def totals() -> dict[tuple[str, str], int]:
    """Calls by (service, outcome), all processes together."""
    sums = AwsCalls.objects.values_list("service", "outcome").annotate(sum=Sum("number"))
    return {(service, outcome): number for service, outcome, number in sums.order_by()}


def _raise(row: dict[str, str], number: int) -> int:
    return AwsCalls.objects.filter(**row).update(number=F("number") + number, at=Now())


def _made(row: dict[str, str], number: int) -> bool:
    """Whether the row was made now. False: it is there, or was until a moment ago."""
    try:
        return AwsCalls.objects.get_or_create(**row, defaults={"number": number})[1]
    except IntegrityError:
        return False  # somebody made it just now, and somebody else folded it away again
