"""Task names and arguments, frozen: workers of two versions run side by side during a deploy."""

import logging

from celery import shared_task
from django.db.models import Q
from django.db.models.functions import Now

from policies import answers, lifecycle, reconcile
from policies.models import Beat, Target, hurry
from policies.reconcile.lease import database_now, from_now

logger = logging.getLogger(__name__)

RESEND_SECONDS = 5.0
BATCH = 200


@shared_task(name="policies.converge")
def converge(target_id: int) -> None:
    """One pass over one target."""
    reconcile.converge(target_id)


@shared_task(name="policies.answer")
def answer(inquiry_id: int) -> None:
    """One try at one inquiry, on the read queue."""
    answers.answer(inquiry_id)


@shared_task(name="policies.sweep")
def sweep() -> None:
    """Every second: whatever is due and may have lost its message gets another."""
    Beat.objects.update_or_create(name="sweep", defaults={"at": Now()})
    for target_id in due_targets():
        hurry(target_id)
    answers.hurry_waiting()
    now = database_now()
    lifecycle.expire_due(now=now)
    lifecycle.start_due(now=now)
    lifecycle.release_cuts_due(now=now)


@shared_task(name="policies.reroute")
def reroute() -> None:
    """Every minute: silent steps get more people, previews that have aged are asked anew."""
    now = database_now()
    lifecycle.reroute_silent(now=now)
    answers.ask_aged()


def due_targets() -> list[int]:
    """Targets that are due, free, and were not hurried in the last seconds; marked as hurried."""
    due = Target.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=Now()),
        Q(hurried_at__isnull=True) | Q(hurried_at__lte=from_now(-RESEND_SECONDS)),
        next_look_at__lte=Now(),
    ).order_by("next_look_at")
    ids = list(due.values_list("pk", flat=True)[:BATCH])
    Target.objects.filter(pk__in=ids).update(hurried_at=Now())
    return ids
