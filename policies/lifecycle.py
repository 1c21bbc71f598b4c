"""People's lives and what they mean for access: join, move, suspend, leave; start and expiry.

Composes facts (`accounts.people`) with access (`policies.access`), each call one transaction.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit, people
from accounts.actors import Actor, system
from accounts.audit import What
from accounts.models import Person, PersonState, Principal
from policies.access import anew, grants, notices, requests, steps
from policies.access.effects import end_of
from policies.models import Delivery, EndReason, Grant, Receipt, Request, wake


@transaction.atomic
def move(person: Person, *, by: Actor, now: datetime, **changes: Any) -> Person:
    """New facts; open requests of and around the person are routed anew. Raises BadFact."""
    person = people.move(person, by=by, **changes)
    if "contract_ends_on" in changes:
        _end_after_contract(person, by=by, now=now)
    _reroute_around(by=by, now=now)
    return person


@transaction.atomic
def leave(person: Person, *, by: Actor, now: datetime) -> Receipt:
    """The person leaves: everything ends in this transaction; AWS follows; a receipt tells.

    Asked again for somebody who has left, it answers with the receipt there is.
    """
    person = Person.objects.select_for_update().get(pk=person.pk)
    earlier = person.receipts.order_by("-pk").first()
    if earlier is not None and person.state == PersonState.LEFT:
        return earlier
    person = people.leave(person, by=by)
    ending = grants.end_all_of(person, by=by, reason=EndReason.LEFT)
    closed = []
    for request in Request.objects.open().filter(person=person):
        requests.close(
            request, Request.State.CLOSED, What.REQUEST_CLOSED, by=by, why=_("The person left.")
        )
        closed.append(request.ref)
    _reroute_around(by=by, now=now)
    receipt = Receipt.objects.create(
        person=person, closed_requests=closed, correlation=by.correlation
    )
    receipt.grants.set(ending)
    audit.record(
        What.RECEIPT_OPENED,
        by=by,
        about=("receipt", receipt.ref),
        person=person.pk,
        after={"grants": sorted(one.ref for one in ending), "closed_requests": sorted(closed)},
    )
    return receipt


@transaction.atomic
def suspend(person: Person, *, by: Actor, now: datetime) -> Person:
    """No sign-in and no access until resumed; access ends and is asked for anew."""
    person = people.suspend(person, by=by)
    grants.end_all_of(person, by=by, reason=EndReason.SUSPENDED)
    _reroute_around(by=by, now=now)
    return person


@transaction.atomic
def resume(person: Person, *, by: Actor, now: datetime) -> Person:
    """Back at work: may sign in, hold and decide again; access is asked for anew."""
    person = people.resume(person, by=by)
    _reroute_around(by=by, now=now)
    return person


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """End grants whose time is over. How many; each in its own transaction."""
    due = Grant.objects.filter(ended_at__isnull=True, ends_at__lte=now)[:limit]
    return sum(grants.end(grant, by=system(), reason=EndReason.EXPIRED) for grant in due)


def start_due(*, now: datetime, limit: int = 500) -> int:
    """Wake the targets of grants whose first moment has come. How many grants."""
    started = 0
    waiting = Grant.objects.filter(
        ended_at__isnull=True, started_at__isnull=True, starts_at__lte=now
    )[:limit]
    for grant in waiting:
        with transaction.atomic():
            moved = Grant.objects.filter(pk=grant.pk, started_at__isnull=True).update(
                started_at=now
            )
            if moved:
                wake(grants.targets_of([grant]))
                started += 1
    return started


def end_replaced(*, now: datetime) -> int:
    """Access given to identities that AWS has replaced ends, and is asked for anew. How many.

    What was approved for one identity is not another's because it has the same name.
    """
    ended = 0
    for principal in Principal.objects.filter(replaced_at__isnull=False)[:50]:
        with transaction.atomic():
            waiting = Principal.objects.filter(pk=principal.pk, replaced_at__isnull=False)
            if waiting.update(replaced_at=None):
                ended += _end_replaced(principal, now)
    return ended


def _end_replaced(principal: Principal, now: datetime) -> int:
    by = system()
    stale = Grant.objects.filter(principal=principal, ended_at__isnull=True).exclude(
        principal_unique_id=principal.unique_id
    )
    ended = [one for one in stale if grants.end(one, by=by, reason=EndReason.REPLACED)]
    for grant in ended:
        anew.ask_again(grant, by=by, now=now)
    return len(ended)


def release_cuts_due(*, now: datetime, limit: int = 500) -> int:
    """Wake the targets of cuts whose time is over. How many cuts."""
    due = Delivery.objects.filter(wanted_until__lte=now, over_at__isnull=True)
    over = 0
    for delivery in due.select_related("target")[:limit]:
        with transaction.atomic():
            moved = Delivery.objects.filter(pk=delivery.pk, over_at__isnull=True).update(
                over_at=now
            )
            if moved:
                wake([delivery.target])
                over += 1
    return over


def tell_incomplete(*, now: datetime, limit: int = 100) -> int:
    """Whoever owns what was given is told of access that is not complete for long. How many.

    Once: they finish it outside Gatehouse, or end it, which takes back what is there of it.
    """
    aged = now - timedelta(hours=settings.INCOMPLETE_HOURS)
    unseen = Grant.objects.filter(
        ended_at__isnull=True,
        seen_at__isnull=True,
        incomplete_at__isnull=True,
        started_at__lte=aged,
    )
    told = 0
    for grant in unseen.select_related("entitlement__owner")[:limit]:
        with transaction.atomic():
            waiting = Grant.objects.filter(pk=grant.pk, incomplete_at__isnull=True)
            if waiting.update(incomplete_at=now):
                notices.incomplete(grant)
                told += 1
    return told


def reroute_silent(*, now: datetime) -> int:
    """Open steps whose waiting period is over get more people who can move them."""
    moved = 0
    for request in Request.objects.filter(state=Request.State.OPEN):
        moved += steps.reroute_open(request, by=system(), now=now)
    return moved


def receipt_lines(receipt: Receipt) -> list[Delivery]:
    """The deliveries a receipt answers for, with their state as it is now."""
    return list(
        Delivery.objects.gives()
        .filter(grant__receipts=receipt)
        .select_related("grant__entitlement", "target", "needed_by")
        .order_by("grant_id", "pk")
    )


def _end_after_contract(person: Person, *, by: Actor, now: datetime) -> None:
    """A contract that now ends sooner shortens access: the grant's end date follows it."""
    if person.contract_ends_on is None:
        return
    limit = end_of(person.contract_ends_on)
    for grant in Grant.objects.filter(person=person, ended_at__isnull=True, ends_at__gt=limit):
        if limit <= max(grant.starts_at, now):
            grants.end(grant, by=by, reason=EndReason.EXPIRED)
        else:
            grants.shorten(grant, limit, by=by)


def _reroute_around(*, by: Actor, now: datetime) -> None:
    """Everybody's facts decide who may decide: route every open request anew."""
    for request in Request.objects.filter(state=Request.State.OPEN):
        steps.reroute_open(request, by=by, now=now)
