"""Who may decide: eligible people for a step, and why each of them is.

Never the holder, never who asked, never a holder of the shared identity, never an owner
of the service: those are *barred*, whatever else they are. A step never waits for nobody:
after those its policy names come the policy's fallback, then the administrators.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Person, PortalRole, Sharing
from policies.models import Candidate, Item, Request, Step

Eligible = dict[int, str]  # person id → why


def barred(request: Request) -> set[int]:
    """People who gain by this request, or asked it, and so must not decide it."""
    ids = {request.person_id, request.asked_by_id}
    for item in request.items.select_related("principal__service"):
        principal = item.principal
        if principal is None:
            continue
        if principal.person_id:
            ids.add(principal.person_id)
        if principal.service is not None:
            ids |= {principal.service.first_owner_id, principal.service.second_owner_id}
        ids |= set(
            principal.holders.filter(until_at__isnull=True).values_list("person_id", flat=True)
        )
    return ids


def needed_steps(request: Request) -> list[tuple[str, int]]:
    """(who, quorum) of every step, of all items' policies, each kind of decider once.

    As many yeses as there are owners: the owner of one thing has no say over another's.
    """
    steps: dict[str, int] = {}
    items = list(request.items.select_related("entitlement__approval_policy", "principal"))
    for item in items:
        for step in item.entitlement.approval_policy.steps:
            who, quorum = str(step["who"]), int(step.get("quorum", 1))
            steps[who] = max(quorum, steps.get(who, 1))
    owned = [one for one in items if _asks_owner(one)]
    if owned:
        steps["owner"] = max(steps["owner"], len({one.entitlement.owner_id for one in owned}))
    shared = {one.principal.owner_id for one in items if one.principal and _is_shared(one)}
    if shared:
        steps["identity_owner"] = len(shared)
    order = ["manager", "owner", "identity_owner", "security"]
    return sorted(steps.items(), key=lambda step: order.index(step[0]))


def eligible(step: Step, *, now: datetime) -> Eligible:
    """Who may decide `step` at `now`: {person id: why}. Recomputed at every decision."""
    request = step.request
    out = barred(request)
    found: Eligible = {}
    for person, why in _asked(step, now):
        if person.pk not in out and person.is_present:
            found.setdefault(person.pk, why)
    # Managers are asked one more per period of silence; the others all at once.
    rounds = len(found) if step.who == "manager" else min(len(found), 1)
    if _silent_periods(step, now) >= rounds:
        for person in _fallback(request):
            if person.pk not in out:
                found.setdefault(person.pk, "fallback")
    # Where nobody else is asked, administrators do not just stand by.
    why = Candidate.STAND_BY if found else "fallback"
    for person in Person.objects.holding_role(PortalRole.Role.ADMINISTRATOR):
        if person.pk not in out:
            found.setdefault(person.pk, why)
    return found


@transaction.atomic
def reroute(step: Step, *, now: datetime) -> bool:
    """Bring the candidates of an open step up to date. True when they changed."""
    wanted = eligible(step, now=now)
    current = {one.person_id: one for one in step.candidates.filter(until_at__isnull=True)}
    gone = [one.pk for person, one in current.items() if wanted.get(person) != one.why]
    Candidate.objects.filter(pk__in=gone).update(until_at=Now())
    new = [
        Candidate(step=step, person_id=person, why=why)
        for person, why in wanted.items()
        if person not in current or current[person].why != why
    ]
    Candidate.objects.bulk_create(new)
    return bool(gone or new)


def _asked(step: Step, now: datetime) -> Iterator[tuple[Person, str]]:
    if step.who == "manager":
        yield from _managers(step, now)
    elif step.who == "owner":
        for item in step.request.items.select_related("entitlement__owner"):
            if item.entitlement.owner is not None and _asks_owner(item):
                yield item.entitlement.owner, "owner"
    elif step.who == "identity_owner":
        for item in step.request.items.select_related("principal__owner"):
            if item.principal is not None and item.principal.owner is not None:
                yield item.principal.owner, "identity_owner"
    elif step.who == "security":
        for person in Person.objects.holding_role(PortalRole.Role.SECURITY):
            yield person, "security"


def _managers(step: Step, now: datetime) -> Iterator[tuple[Person, str]]:
    """The manager; those above while the ones below cannot decide or have been silent too long."""
    out = barred(step.request)
    silent = _silent_periods(step, now)
    person, why, seen = step.request.person, "manager", {step.request.person_id}
    while person.manager is not None and person.manager_id not in seen:
        person = person.manager
        seen.add(person.pk)
        if person.is_present and person.pk not in out:
            yield person, why
            if silent <= 0:
                return
            silent -= 1
        why = "manager_above"


def _silent_periods(step: Step, now: datetime) -> int:
    """How many whole waiting periods the step has been open without a decision."""
    if step.opened_at is None:
        return 0
    hours = min(
        item.entitlement.approval_policy.wait_hours
        for item in step.request.items.select_related("entitlement__approval_policy")
    )
    return int((now - step.opened_at) / timedelta(hours=max(hours, 1)))


def _fallback(request: Request) -> Iterator[Person]:
    for item in request.items.select_related("entitlement__approval_policy"):
        yield from item.entitlement.approval_policy.fallback.present()


def _asks_owner(item: Item) -> bool:
    return any(step["who"] == "owner" for step in item.entitlement.approval_policy.steps)


def _is_shared(item: Item) -> bool:
    return item.principal is not None and item.principal.sharing != Sharing.PERSONAL
