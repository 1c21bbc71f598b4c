"""The portal's one task: notices leave as mail. Its name is frozen, like those of `policies`."""

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from celery import shared_task
from django.db.models import F
from django.utils import timezone

from accounts.models import Notice
from portal import mail

logger = logging.getLogger(__name__)

BATCH = 20
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)


@shared_task(name="portal.deliver_notices")
def deliver_notices() -> None:
    deliver(now=timezone.now())


def deliver(*, now: datetime) -> int:
    """Send what is due. How many were sent; the others are tried again, ever more seldom."""
    due = Notice.objects.filter(sent_at__isnull=True, next_try_at__lte=now)
    waiting = list(due.select_related("person").order_by("next_try_at", "pk")[:BATCH])
    return sum(_deliver(notice, now) for notice in waiting)


def wait_after(attempts: int) -> timedelta:
    """How long after a try that failed: 30 s, doubled each time, at most 6 h."""
    doublings = min(attempts, 20)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def _deliver(notice: Notice, now: datetime) -> bool:
    if not _claim(notice, now):
        return False
    try:
        message = mail.message(notice)
        if message is None:
            notice.delete()
            return False
        message.send()
    except (SMTPException, OSError, KeyError) as error:
        # The row keeps its next try. A mail server's answer names addresses: only its type is told.
        logger.warning("notice %s not sent: %s", notice.pk, type(error).__name__)
        return False
    Notice.objects.filter(pk=notice.pk).update(sent_at=timezone.now())
    return True


def _claim(notice: Notice, now: datetime) -> bool:
    """One worker gets each try: the row still is as it was read, and is put off in one step."""
    unclaimed = Notice.objects.filter(
        pk=notice.pk, sent_at__isnull=True, attempts=notice.attempts, next_try_at__lte=now
    )
    moved = unclaimed.update(
        attempts=F("attempts") + 1, next_try_at=now + wait_after(notice.attempts)
    )
    return moved == 1
