"""Asking: what an employee may ask for, checked at once and whole; taking it back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from accounts.models import Person, Principal
from policies import routing
from policies.access import effects, fit, notices, periods, previews, steps, texts
from policies.access.errors import AlreadyDecided, Refused
from policies.kinds import KINDS, BadTerms
from policies.models import Comment, Entitlement, Foreign, Item, Request, Step
from policies.plan import digest


@dataclass(frozen=True)
class Wish:
    """One entitlement somebody wants, for one of their AWS identities (None: has none yet)."""

    entitlement: Entitlement
    principal: Principal | None = None
    terms: Mapping[str, Any] = field(default_factory=dict)
    adopts: Foreign | None = None


@transaction.atomic
def ask(
    wishes: Sequence[Wish],
    *,
    by: Actor,
    person: Person,
    reason: str,
    now: datetime,
    days: int | None = None,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Request:
    """Open one request for all `wishes`. Raises Refused and saves nothing then.

    Only the person or their manager asks. A wish without identity waits for one.
    """
    _check_asker(by, person)
    request = Request(
        person=person,
        asked_by=by.person or person,
        reason=texts.check(reason, "reason"),
        days=days,
        starts_on=starts_on,
        ends_on=ends_on,
        correlation=by.correlation,
    )
    return open_new(request, wishes, by=by, now=now)


def open_new(request: Request, wishes: Sequence[Wish], *, by: Actor, now: datetime) -> Request:
    """Check `request` and its wishes whole, save them, and let it begin. Raises Refused.

    Who may ask is the caller's to say; runs in the caller's transaction.
    """
    person = request.person
    if not wishes:
        raise Refused("nothing_asked", _("Nothing is chosen. Choose what to ask for."))
    most = min(wish.entitlement.max_days for wish in wishes)
    periods.check(request, most_days=most, now=now)
    without = any(wish.principal is None for wish in wishes)
    request.state = Request.State.WAITING_IDENTITY if without else Request.State.OPEN
    request.save()
    for wish in wishes:
        _add_item(request, wish)
    _add_steps(request)
    if not without:
        _check_deciders(request, now)
        fit.check_asked(request)
    audit.record(
        What.REQUEST_ASKED,
        by=by,
        about=("request", request.ref),
        person=person.pk,
        on_behalf_of=person.pk if by.person != person else "",
        after={
            "items": [
                {
                    "entitlement": item.entitlement.slug,
                    "terms": item.terms,
                    "parts": item.parts,
                }
                for item in request.items.all()
            ],
            "days": request.days,
            "starts_on": request.starts_on.isoformat() if request.starts_on else None,
            "ends_on": request.ends_on.isoformat() if request.ends_on else None,
        },
        why=request.reason,
    )
    if not without:
        start(request, by=by, now=now)
    return request


def start(request: Request, *, by: Actor, now: datetime) -> None:
    """Ask the read worker for the previews and open the first step."""
    for item in request.items.all():
        previews.ask(item, by=by)
    steps.open_next(request, by=by, now=now)


@transaction.atomic
def give_identity(
    request: Request, principals: Mapping[int, Principal], *, by: Actor, now: datetime
) -> None:
    """An identity was added for a waiting request: {item id: principal}. Starts the request."""
    moved = Request.objects.filter(pk=request.pk, state=Request.State.WAITING_IDENTITY).update(
        state=Request.State.OPEN
    )
    if not moved:
        raise AlreadyDecided(request, _("This request is not waiting for an identity any more."))
    request.refresh_from_db()
    for item in request.items.select_related("entitlement", "request__person"):
        if item.principal is None:
            item.principal = principals[item.pk]
            _check_theirs(item.principal, request.person)
            _describe(item)
            item.open_key = open_key(item, item.principal)
            item.save()
    _add_steps(request)
    audit.record(
        What.REQUEST_IDENTITY_GIVEN,
        by=by,
        about=("request", request.ref),
        person=request.person_id,
        after={"principals": sorted(one.arn for one in principals.values())},
    )
    start(request, by=by, now=now)


@transaction.atomic
def withdraw(request: Request, *, by: Actor) -> None:
    """Take an open request back. Raises Refused unless `by` asked it or is its person."""
    _check_own(request, by)
    close(request, Request.State.WITHDRAWN, What.REQUEST_WITHDRAWN, by=by)


@transaction.atomic
def answer(request: Request, *, by: Actor, text: str, now: datetime) -> None:
    """Answer a question that came back; the request waits for its decision again."""
    _check_own(request, by)
    text = texts.check(text, "text")
    moved = Request.objects.filter(pk=request.pk, state=Request.State.ASKED_BACK).update(
        state=Request.State.OPEN
    )
    if not moved:
        raise AlreadyDecided(request, _("This request is not waiting for an answer any more."))
    assert by.person is not None
    Comment.objects.create(request=request, by=by.person, text=text)
    # The waiting clock was paused while the question was open.
    request.steps.filter(state=Step.State.OPEN).update(opened_at=now)
    audit.record(
        What.REQUEST_ANSWERED,
        by=by,
        about=("request", request.ref),
        person=request.person_id,
        why=text,
    )
    request.refresh_from_db()
    # People may have moved or left while the question was open.
    steps.reroute_open(request, by=by, now=now, tell=False)
    notices.decision_needed(request)


def close(request: Request, state: Request.State, what: What, *, by: Actor, why: str = "") -> None:
    """End an open request in `state`, once. Raises AlreadyDecided."""
    moved = Request.objects.open().filter(pk=request.pk).update(state=state, closed_at=Now())
    if not moved:
        raise AlreadyDecided(request, _("This request has already been decided or closed."))
    request.items.update(open_key=None)
    request.steps.filter(state__in=[Step.State.WAITING, Step.State.OPEN]).update(
        state=Step.State.CLOSED, closed_at=Now()
    )
    audit.record(what, by=by, about=("request", request.ref), person=request.person_id, why=why)
    if state != Request.State.APPROVED:
        previews.ask_unfitting(by=by)


def open_key(item: Item, principal: Principal | None) -> str:
    """What makes two wishes the same while both are open."""
    who = principal and principal.pk
    return digest([item.request.person_id, item.entitlement_id, who, item.terms])


def _check_own(request: Request, by: Actor) -> None:
    own = {request.person_id, request.asked_by_id}
    if by.person is None or not by.person.is_present or by.person.pk not in own:
        raise Refused("not_yours", _("Only who asked, or for whom it was asked, can do this here."))


def _check_asker(by: Actor, person: Person) -> None:
    if not person.is_present:
        raise Refused("holder_left", _("This person does not work here now, so can hold nothing."))
    asker = by.person
    if asker is None or not asker.is_present:
        raise Refused("not_allowed", _("Only people who work here can ask."))
    if asker.pk not in {person.pk, person.manager_id}:
        raise Refused("not_allowed", _("Only the person or their manager can ask for them."))


def _add_item(request: Request, wish: Wish) -> None:
    entitlement = wish.entitlement
    if entitlement.ended_at is not None:
        raise Refused(
            "entitlement_ended",
            _("“%s” is not offered any more. Choose something else from the catalogue.")
            % entitlement.name,
        )
    try:
        terms = KINDS[entitlement.kind].clean(entitlement, wish.terms)
    except BadTerms as error:
        raise Refused("bad_terms", error.message, field=error.field) from error
    principal = wish.principal
    if principal is None:
        _check_needs_one(request.person, entitlement, terms)
    else:
        _check_theirs(principal, request.person)
    item = Item(
        request=request,
        entitlement=entitlement,
        entitlement_version=entitlement.version,
        principal=principal,
        terms=terms,
        adopts=wish.adopts,
    )
    item.open_key = open_key(item, principal)
    _describe(item)
    try:
        with transaction.atomic():
            item.save()
    except IntegrityError as error:
        raise Refused(
            "already_asked",
            _(
                "The same access has already been asked for and is not decided yet. "
                "Wait for that decision, or take that request back."
            ),
        ) from error


def _check_theirs(principal: Principal, person: Person) -> None:
    if not effects.is_theirs(principal, person):
        raise Refused(
            "principal_not_theirs",
            _(
                "This AWS identity is not confirmed as one of this person’s. "
                "Choose another, or ask an administrator to confirm it."
            ),
            field="principal",
        )


def _check_needs_one(person: Person, entitlement: Entitlement, terms: Mapping[str, Any]) -> None:
    """Who has an AWS identity that fits names it: nothing would end the waiting for one."""
    for principal in Principal.objects.usable().held_by(person):
        if effects.can_hold(principal, entitlement, terms):
            raise Refused(
                "identity_needed",
                _("“%s” can be given to an AWS identity this person has. Choose one of them.")
                % entitlement.name,
                field="principal",
            )


def _check_deciders(request: Request, now: datetime) -> None:
    """Asked now, or the request would wait for nobody."""
    for step in request.steps.all():
        if len(routing.eligible(step, now=now)) < step.quorum:
            raise Refused(
                "nobody_decides",
                _(
                    "Too few people could decide this: everybody else who might gains by it. "
                    "Ask an administrator to name more deciders in its approval policy."
                ),
            )


def _describe(item: Item) -> None:
    """Words and parts of the item; the profile its kind needs stands beside the identity."""
    if item.principal is not None:
        profile = KINDS[item.entitlement.kind].PROFILE
        if profile is not None:
            defaults = previews.profile_defaults(profile, item.principal)
            profile._default_manager.get_or_create(principal=item.principal, defaults=defaults)
    effects.describe(item)


def _add_steps(request: Request) -> None:
    wanted = routing.needed_steps(request)
    have = set(request.steps.values_list("who", flat=True))
    position = request.steps.count()
    for who, quorum in wanted:
        if who not in have:
            position += 1
            Step.objects.create(request=request, position=position, who=who, quorum=quorum)
