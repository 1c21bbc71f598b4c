"""Task names and arguments, frozen: workers of two versions run side by side during a deploy."""

import logging

from celery import shared_task
from django.conf import settings
from django.db.models import DateTimeField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from policies import answers, lifecycle, reconcile
from policies.models import Beat, Target, calls, hurry
from policies.reconcile import restored
from policies.reconcile.lease import database_now, from_now
from policies.reconcile.retries import LONGEST_RESEND_SECONDS, RESEND_SECONDS

logger = logging.getLogger(__name__)

BATCH = 200


@shared_task(name="policies.converge")
def converge(target_id: int) -> None:
    """One pass over one target."""
    try:
        reconcile.converge(target_id)
    finally:
        calls.flush()


@shared_task(name="policies.answer")
def answer(inquiry_id: int) -> None:
    """One try at one inquiry, on the read queue."""
    try:
        answers.answer(inquiry_id)
    finally:
        calls.flush()


@shared_task(name="policies.identify")
def identify(principal_id: int) -> None:
    """Read an identity's unique id again, on the read queue."""
    answers.identify_again(principal_id)


@shared_task(name="policies.sweep")
def sweep() -> None:
    """Every second: whatever is due and may have lost its message gets another."""
    Beat.give(Beat.SWEEP)
    for target_id in due_targets():
        hurry(target_id)
    answers.hurry_waiting()
    now = database_now()
    lifecycle.expire_due(now=now)
    lifecycle.start_due(now=now)
    lifecycle.release_cuts_due(now=now)
    lifecycle.end_replaced(now=now)
    restored.keep_mark()


@shared_task(name="policies.reroute")
def reroute() -> None:
    """Every minute: silent steps get more people, previews that have aged are asked anew."""
    now = database_now()
    lifecycle.reroute_silent(now=now)
    lifecycle.tell_incomplete(now=now)
    answers.ask_aged()
    answers.hurry_identities()
    calls.fold()


@shared_task(name="policies.scan")
def scan() -> None:
    """Every few seconds: targets nobody looked at for long are read, some at a time."""
    for target_id in due_scans():
        hurry(target_id)


def due_scans() -> list[int]:
    """Targets at rest that were not read for SCAN_SECONDS; marked as due."""
    aged = Q(scanned_at__isnull=True) | Q(scanned_at__lte=from_now(-settings.SCAN_SECONDS))
    resting = Target.objects.filter(aged, next_look_at__isnull=True).order_by("scanned_at")
    ids = list(resting.values_list("pk", flat=True)[:BATCH])
    Target.objects.filter(pk__in=ids, next_look_at__isnull=True).update(
        next_look_at=Now(), hurried_at=Now()
    )
    return ids


def due_targets() -> list[int]:
    """Targets that are due, free, and have no young message; marked as hurried.

    A worker that is away or slow finds a few messages of each, not one for every five seconds.
    """
    waited = ExpressionWrapper(
        F("hurried_at") + (F("hurried_at") - F("next_look_at")), output_field=DateTimeField()
    )
    due = (
        Target.objects.alias(twice=waited)
        .filter(
            Q(lease_until__isnull=True) | Q(lease_until__lte=Now()),
            Q(hurried_at__isnull=True) | Q(hurried_at__lte=from_now(-RESEND_SECONDS)),
            Q(hurried_at__isnull=True)
            | Q(hurried_at__lt=F("next_look_at"))
            | Q(twice__lte=Now())
            | Q(hurried_at__lte=from_now(-LONGEST_RESEND_SECONDS)),
            next_look_at__lte=Now(),
        )
        .order_by("next_look_at")
    )
    ids = list(due.values_list("pk", flat=True)[:BATCH])
    Target.objects.filter(pk__in=ids).update(hurried_at=Now())
    return ids
