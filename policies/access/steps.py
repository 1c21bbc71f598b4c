"""The chain of steps of one request: opening the next, keeping its candidates true."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from policies import routing
from policies.access import notices
from policies.models import Request, Step


def open_next(request: Request, *, by: Actor, now: datetime) -> Step | None:
    """Open the first waiting step and route it; None when every step is decided."""
    step = request.steps.filter(state=Step.State.WAITING).order_by("position").first()
    if step is None:
        return None
    Step.objects.filter(pk=step.pk, state=Step.State.WAITING).update(
        state=Step.State.OPEN, opened_at=now
    )
    step.refresh_from_db()
    routing.reroute(step, now=now)
    _record(step, by)
    notices.decision_needed(request)
    return step


@transaction.atomic
def reroute_open(request: Request, *, by: Actor, now: datetime, tell: bool = True) -> bool:
    """After people moved, left or kept silent: who may decide now? True when that changed.

    With `tell`, those who were not asked before are told.
    """
    step = request.steps.filter(state=Step.State.OPEN).first()
    before = notices.asked(request)
    if step is None or not routing.reroute(step, now=now):
        return False
    _record(step, by)
    if tell:
        notices.decision_needed(request, but=before)
    return True


def _record(step: Step, by: Actor) -> None:
    current = step.candidates.filter(until_at__isnull=True)
    audit.record(
        What.REQUEST_ROUTED,
        by=by,
        about=("request", step.request.ref),
        person=step.request.person_id,
        after={
            "step": step.position,
            "who": step.who,
            "candidates": [[one.person_id, one.why] for one in current.order_by("person_id")],
        },
    )
