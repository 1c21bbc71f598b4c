"""Grants: made from what was approved, ended with a reason. AWS follows through `wake`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor, ActorKind
from accounts.audit import What
from accounts.models import Person
from policies.access import cuts, effects, outside, texts
from policies.access.errors import Refused
from policies.models import Delivery, EndReason, Grant, Item, Target, wake


def make(item: Item, *, by: Actor, now: datetime) -> Grant:
    """The right that was approved, with a delivery per part; wakes every target it touches."""
    principal = item.principal
    assert principal is not None
    person = item.request.person
    if not person.is_present:
        raise Refused(
            "holder_left",
            _("This person does not work here now, so can hold nothing. Decline it."),
        )
    starts, ends = effects.dates(item.request, approved_at=now)
    if ends <= starts:
        raise Refused(
            "time_over",
            _("The time asked for is already over. Decline it; it can be asked for again."),
        )
    grant = Grant.objects.create(
        item=item,
        person=person,
        principal=principal,
        principal_unique_id=principal.unique_id,
        entitlement=item.entitlement,
        entitlement_version=item.entitlement_version,
        terms=item.terms,
        parts=item.parts,
        cut=(item.preview or {}).get("cut"),
        sentence=item.sentence,
        effect=item.effect,
        approved_at=now,
        starts_at=starts,
        ends_at=ends,
        started_at=now if starts <= now else None,
        correlation=item.request.correlation,
    )
    targets = {_deliver(grant, part) for part in item.parts}
    if item.adopts is not None and not outside.claim(item.adopts):
        raise Refused(
            "stale",
            _("The entry to adopt has changed or is gone. Decline it; it can be asked for again."),
        )
    cut = {"cut": grant.cut} if grant.cut else {}
    audit.record(
        What.GRANT_MADE,
        by=by,
        about=("grant", grant.ref),
        person=person.pk,
        after={
            "request": item.request.ref,
            "entitlement": item.entitlement.slug,
            "parts": item.parts,
            "starts_at": starts.isoformat(),
            "ends_at": ends.isoformat(),
            **cut,
        },
        rules={
            "entitlement": [item.entitlement.slug, item.entitlement_version],
            "approval_policy": [
                item.entitlement.approval_policy.slug,
                item.entitlement.approval_policy.version,
            ],
        },
    )
    if starts <= now:
        wake(targets)
    return grant


@transaction.atomic
def end(grant: Grant, *, by: Actor, reason: EndReason, why: str = "") -> bool:
    """End a grant. True when this call did it; ending twice is no error.

    Raises Refused unless `by` is its holder, the holder's manager, the owner of what was
    granted, an administrator, or the system.
    """
    _check_may_end(grant, by)
    why = texts.check_optional(why, "why")
    moved = Grant.objects.filter(pk=grant.pk, ended_at__isnull=True).update(
        ended_at=Now(), end_reason=reason, end_ordered=_is_ordered(grant, by, reason)
    )
    if not moved:
        return False
    audit.record(
        What.GRANT_ENDED,
        by=by,
        about=("grant", grant.ref),
        person=grant.person_id,
        before={"ends_at": grant.ends_at.isoformat() if grant.ends_at else None},
        after={"reason": str(reason)},
        why=why,
    )
    _order_cut(grant, by)
    wake(targets_of([grant]))
    return True


# Ends that one person's order, or one person's leaving, brings about, whoever reports it.
_OF_ONE_PERSON = {EndReason.REVOKED, EndReason.GIVEN_BACK, EndReason.LEFT, EndReason.SUSPENDED}


def _is_ordered(grant: Grant, by: Actor, reason: EndReason) -> bool:
    """Whether a person decided this very end; an approved end date is such a decision."""
    if by.is_person or reason in _OF_ONE_PERSON:
        return True
    return reason == EndReason.EXPIRED and by.kind is ActorKind.SYSTEM and grant.end_ordered


def shorten(grant: Grant, ends_at: datetime, *, by: Actor) -> None:
    """Let a living grant end sooner. Nothing changes in AWS until then.

    Where a feed shortens it, nobody decided the new end date for itself.
    """
    moved = Grant.objects.filter(
        pk=grant.pk, ended_at__isnull=True, starts_at__lt=ends_at, ends_at__gt=ends_at
    ).update(ends_at=ends_at, end_ordered=by.is_person)
    if moved:
        audit.record(
            What.GRANT_SHORTENED,
            by=by,
            about=("grant", grant.ref),
            person=grant.person_id,
            before={"ends_at": grant.ends_at.isoformat() if grant.ends_at else None},
            after={"ends_at": ends_at.isoformat()},
        )


def end_all_of(person: Person, *, by: Actor, reason: EndReason) -> list[Grant]:
    """End every living grant of `person`; all that are not yet seen gone, ended now or before."""
    for grant in Grant.objects.filter(person=person, ended_at__isnull=True):
        end(grant, by=by, reason=reason)
    return list(Grant.objects.filter(person=person, released_at__isnull=True))


def targets_of(grants: Iterable[Grant]) -> list[Target]:
    return list(Target.objects.filter(deliveries__grant__in=list(grants)).distinct())


def _order_cut(grant: Grant, by: Actor) -> None:
    """What the end cuts off is delivered like everything else, for a time of its own."""
    ended = Grant.objects.get(pk=grant.pk)
    parts, until = cuts.ordered(ended)
    for part in parts:
        facts = {"purpose": Delivery.Purpose.CUT, "wanted_from": ended.ended_at}
        _deliver(ended, part.as_json(), wanted_until=until, **facts)
    if parts and until is not None:
        audit.record(
            What.GRANT_CUT,
            by=by,
            about=("grant", ended.ref),
            person=ended.person_id,
            after={"parts": [one.as_json() for one in parts], "until": until.isoformat()},
        )


def _deliver(grant: Grant, part: Mapping[str, Any], **facts: Any) -> Target:
    target, _created = Target.objects.get_or_create(
        kind=part["kind"],
        account=part["account"],
        region=part["region"],
        object=part["object"],
    )
    stage = part.get("stage", 0)
    Delivery.objects.create(grant=grant, target=target, part=part["body"], stage=stage, **facts)
    return target


def _check_may_end(grant: Grant, by: Actor) -> None:
    if by.kind in {ActorKind.SYSTEM, ActorKind.CLIENT}:
        return
    person = by.person
    owner = grant.entitlement.owner_id
    allowed = (
        person is not None
        and person.is_present
        and (
            person.pk in {grant.person_id, grant.person.manager_id, owner}
            or person.is_administrator
        )
    )
    if not allowed:
        raise Refused(
            "not_allowed",
            _(
                "You cannot end this access. Its holder, their manager, its owner and "
                "administrators can."
            ),
        )
