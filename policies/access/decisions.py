"""Deciding: approve, decline, ask back. Whoever decides, by whatever door, comes through here."""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor, ActorKind, Channel
from accounts.audit import What
from accounts.models import Person
from policies import routing
from policies.access import cuts, effects, fit, grants, notices, previews, requests, steps, texts
from policies.access.errors import AlreadyDecided, Refused, StaleEffect
from policies.models import Comment, Cut, Decision, Item, Request, Step

Effects = Mapping[int, str]  # item id → the effect that was in front of who decides


@transaction.atomic
def approve(
    request: Request,
    shown: Effects,
    *,
    by: Actor,
    now: datetime,
    why: str = "",
    collateral: bool = False,
) -> None:
    """One person's yes to the open step, for exactly the effects that were `shown`.

    `collateral`: they have said separately that its end may interrupt others, too.
    Raises Refused (not eligible, no preview yet, does not fit), StaleEffect, AlreadyDecided.
    """
    why = texts.check_optional(why, "why")
    request, step, eligible = _lock(request, by, now)
    _check_steps(request)
    items = list(request.items.select_related("entitlement", "principal", "request__person"))
    _check_effects(request, items, shown)
    _check_cuts(items, collateral)
    fit.check(request, now=now)
    _decide(
        step,
        Decision.Verb.APPROVE,
        by=by,
        why=why,
        eligible=eligible,
        effect=effects.of_all(items),
    )
    if _clean_yeses(step) < step.quorum:
        return
    _close_step(request, step, Step.State.APPROVED)
    if steps.open_next(request, by=by, now=now) is not None:
        audit.record(
            What.REQUEST_STEP_APPROVED,
            by=by,
            about=("request", request.ref),
            person=request.person_id,
            after={"step": step.position},
            why=why,
        )
        return
    _check_earlier_steps(request)
    requests.close(request, Request.State.APPROVED, What.REQUEST_APPROVED, by=by, why=why)
    request.refresh_from_db()
    for item in items:
        grants.make(item, by=by, now=now)
    notices.decided(request)


@transaction.atomic
def decline(request: Request, *, by: Actor, now: datetime, why: str) -> None:
    """One person's no ends the request. A reason is required. Raises Refused, AlreadyDecided."""
    why = texts.check(why, "why")
    request, step, eligible = _lock(request, by, now)
    _decide(step, Decision.Verb.DECLINE, by=by, why=why, eligible=eligible)
    _close_step(request, step, Step.State.DECLINED)
    requests.close(request, Request.State.DECLINED, What.REQUEST_DECLINED, by=by, why=why)
    request.refresh_from_db()
    notices.decided(request)


@transaction.atomic
def ask_back(request: Request, *, by: Actor, now: datetime, question: str) -> None:
    """Return a question to who asked; the waiting clock stops until it is answered."""
    question = texts.check(question, "why")
    request, step, eligible = _lock(request, by, now)
    _decide(step, Decision.Verb.ASK_BACK, by=by, why=question, eligible=eligible)
    moved = Request.objects.filter(pk=request.pk, state=Request.State.OPEN).update(
        state=Request.State.ASKED_BACK
    )
    if not moved:
        raise AlreadyDecided(request, _("Somebody else was faster."))
    assert by.person is not None
    Comment.objects.create(request=request, by=by.person, text=question)
    audit.record(
        What.REQUEST_ASKED_BACK,
        by=by,
        about=("request", request.ref),
        person=request.person_id,
        why=question,
    )
    notices.asked_back(request)


def _lock(request: Request, by: Actor, now: datetime) -> tuple[Request, Step, routing.Eligible]:
    """The request as it is now, its open step, and proof that `by` may decide it.

    A token may never decide: only a person, on a page, in the admin or at the command line.
    """
    if (
        by.kind is not ActorKind.PERSON
        or by.person is None
        or by.channel not in {Channel.PAGE, Channel.ADMIN, Channel.COMMAND}
    ):
        raise Refused(
            "not_allowed", _("Decisions are made by people, on a page. Sign in to decide.")
        )
    # Row locks line up two approvers, and a yes with facts that change about the person, on
    # PostgreSQL; the person first, as leaving does. SQLite's writers queue anyway.
    Person.objects.select_for_update().get(pk=request.person_id)
    locked = Request.objects.select_for_update().get(pk=request.pk)
    step = locked.steps.filter(state=Step.State.OPEN).first()
    if locked.state != Request.State.OPEN or step is None:
        raise AlreadyDecided(locked, _("This request has already been decided or closed."))
    by.person.refresh_from_db()
    eligible = routing.eligible(step, now=now)
    if not by.person.is_present or by.person.pk not in eligible:
        raise Refused(
            "not_eligible",
            _("You cannot decide this request. Its page says who can."),
        )
    return locked, step, eligible


def _clean_yeses(step: Step) -> int:
    """Yeses of people who do not gain by the request now, whatever was so when they said it."""
    said = step.decisions.filter(verb=Decision.Verb.APPROVE)
    return said.exclude(by__in=routing.barred(step.request)).count()


def _check_earlier_steps(request: Request) -> None:
    for step in request.steps.filter(state=Step.State.APPROVED):
        if _clean_yeses(step) < step.quorum:
            raise Refused(
                "decider_gains",
                _(
                    "Somebody who approved an earlier step would gain by this now. "
                    "Decline it; it has to be asked for again."
                ),
            )


def _check_steps(request: Request) -> None:
    """Nobody gets around a policy by having asked before it became stricter."""
    quorums = dict(request.steps.values_list("who", "quorum"))
    if any(quorums.get(who, 0) < needed for who, needed in routing.needed_steps(request)):
        raise Refused(
            "catalogue_changed",
            _(
                "More people have to agree to this now than when it was asked for. Decline it; "
                "it has to be asked for again."
            ),
        )


def _check_effects(request: Request, items: list[Item], shown: Effects) -> None:
    for item in items:
        if item.principal is None or not effects.is_theirs(item.principal, request.person):
            raise Refused(
                "principal_not_theirs",
                _(
                    "The AWS identity is not one of this person’s any more. Decline it; "
                    "it has to be asked for again."
                ),
            )
        if not effects.is_current(item):
            raise Refused(
                "catalogue_changed",
                _(
                    "What “%s” gives has changed since it was asked for. Decline it; "
                    "it has to be asked for again."
                )
                % item.entitlement.name,
            )
        if not item.effect or item.preview is None:
            raise Refused(
                "no_preview",
                _(
                    "What this would change in AWS is not known yet. Until it is, you can decline "
                    "or ask back."
                ),
            )
        fresh = effects.effect(item, item.principal.unique_id)
        if shown.get(item.pk) != item.effect or fresh != item.effect:
            raise StaleEffect(
                request,
                _("What this would do has changed since you opened the page. Read it again."),
            )
        if not item.preview.get("fits", False):
            raise Refused(
                "does_not_fit",
                "; ".join(item.preview.get("problems", []))
                or _("This does not fit into an AWS quota. Decline it or ask back."),
            )


def _check_cuts(items: list[Item], collateral: bool) -> None:
    for item in items:
        if item.entitlement.cut != Cut.NONE and "cut" not in (item.preview or {}):
            raise Refused(
                "no_preview",
                _("What the end of this would cut is not known yet. Until it is, you can decline."),
            )
        if not collateral and cuts.collateral(item):
            raise Refused(
                "collateral_unconfirmed",
                _(
                    "When “%s” ends, other people or other access on this AWS identity are "
                    "interrupted, too. Confirm that separately (GH-221)."
                )
                % item.entitlement.name,
                field="collateral",
            )


def _decide(
    step: Step,
    verb: Decision.Verb,
    *,
    by: Actor,
    why: str,
    eligible: routing.Eligible,
    effect: str = "",
) -> None:
    assert by.person is not None
    try:
        with transaction.atomic():
            Decision.objects.create(
                step=step,
                by=by.person,
                verb=verb,
                why=why,
                effect=effect,
                eligible=[[person, reason] for person, reason in sorted(eligible.items())],
            )
    except IntegrityError as error:
        raise AlreadyDecided(step.request, _("You have already decided this step.")) from error


def _close_step(request: Request, step: Step, state: Step.State) -> None:
    moved = Step.objects.filter(pk=step.pk, state=Step.State.OPEN).update(
        state=state, closed_at=Now()
    )
    if not moved:
        raise AlreadyDecided(request, _("Somebody else was faster."))


@transaction.atomic
def refresh(request: Request, *, by: Actor) -> None:
    """Ask for fresh previews of every item, while the request waits for its decision."""
    for item in request.items.filter(request__state=Request.State.OPEN):
        previews.ask(item, by=by)
