"""Answering inquiries: what a page wants to know about AWS, read with the read role only."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.actors import system
from accounts.arns import IDENTITY_CENTER, PrincipalType
from accounts.models import Principal
from policies import clients, plan, reach
from policies.access import cuts, fit, previews
from policies.models import Grant, Inquiry, Item, Key, ManagedBy, Request, Target, ask_worker
from policies.outcomes import Kind, Outcome
from policies.providers import PROVIDERS, Part, Place, Provider, Standing, places
from policies.reconcile import deliveries, identities
from policies.reconcile.lease import database_now, from_now
from policies.reconcile.reading import read
from policies.reconcile.retries import LONGEST_RESEND_SECONDS, RESEND_SECONDS, spread

logger = logging.getLogger(__name__)

AGED = timedelta(minutes=15)
IDENTITY_AGED = timedelta(hours=6)
TRIES = 8


def answer(inquiry_id: int) -> None:
    """One try. Another worker may answer first: then this answer is dropped."""
    inquiry = (
        Inquiry.objects.filter(pk=inquiry_id, state=Inquiry.State.OPEN)
        .select_related("item__principal", "item__request__person", "item__entitlement")
        .first()
    )
    if inquiry is None or inquiry.item.principal is None:
        return
    until = time.monotonic() + settings.PASS_DEADLINE_SECONDS
    try:
        about = look_up(inquiry.item.principal, until=until)
        preview = foresee(inquiry.item, about, until=until)
    except Outcome as error:
        _failed(inquiry, error)
        return
    by = system(correlation=inquiry.correlation)
    previews.take(inquiry, unique_id=about.unique_id, preview=preview, by=by)


@dataclass(frozen=True)
class About:
    """What AWS says of an identity: its unique id (AROA…, AIDA…), a role's trust and longest
    session."""

    unique_id: str
    trust: Mapping[str, Any]
    seconds: int


def look_up(principal: Principal, *, until: float | None = None) -> About:
    """The identity as AWS has it now. Raises Outcome."""
    if principal.arn_type in IDENTITY_CENTER:
        # Its id is in the ARN, and never another's; whether it exists, the mapping tells.
        return About(principal.name, {}, cuts.LONGEST_SECONDS)
    reader = clients.reading(principal.account, "", until=until)
    if principal.arn_type is PrincipalType.IAM_USER:
        found = reader.call("iam", "get_user", UserName=principal.name)["User"]
        about = About(str(found["UserId"]), {}, cuts.LONGEST_SECONDS)
    else:
        found = reader.call("iam", "get_role", RoleName=principal.name)["Role"]
        trust = found.get("AssumeRolePolicyDocument") or {}
        about = About(str(found["RoleId"]), trust, int(found.get("MaxSessionDuration") or 3600))
    if found["Arn"] != principal.arn:
        raise Outcome(
            Kind.MISSING,
            f"IAM knows {found['Arn']}, not {principal.arn}: path or letter case differ.",
        )
    return about


def foresee(item: Item, about: About, *, until: float | None = None) -> dict[str, Any]:
    """What approving the item would change, with every quota it touches. Raises Outcome.

    `rooms`: what each place holds besides, for the decision to be checked by.
    """
    cut, problems = cuts.foresee(
        item, seconds=about.seconds, trust=about.trust, unique_id=about.unique_id
    )
    preview: dict[str, Any] = {"lines": [], "load": [], "problems": problems, "rooms": []}
    preview["risks"] = []
    if cut is not None:
        preview["cut"] = cut
    item.preview = preview
    mine: dict[fit.Where, list[Part]] = {}
    for part in item.parts:
        mine.setdefault(fit.where_of(part), []).append(part["body"])
    needed = fit.wanted(_siblings(item))
    for where in sorted(needed):
        _foresee_place(where, mine.get(where, []), needed[where], item, preview, until)
    preview["fits"] = not preview["problems"]
    return preview


def _siblings(item: Item) -> list[Item]:
    """Every item of the request: they are approved together, so they fit together or not."""
    others = item.request.items.exclude(pk=item.pk).select_related("entitlement", "principal")
    return [item, *others]


def _foresee_place(
    where: fit.Where,
    bodies: Sequence[Part],
    needed: Sequence[Part],
    item: Item,
    preview: dict[str, Any],
    until: float | None,
) -> None:
    place = places.place(*where)
    provider = PROVIDERS[place.kind]
    reading = read(place, until=until)
    if reading.missing:
        raise Outcome(Kind.MISSING, reading.missing)
    reader = clients.reading(place.account, place.region, until=until)
    _foresee_changes(place, bodies, reading, preview)
    need = fit.share(where, item.request, needed, now=database_now())
    basis = provider.basis(reading, place, need.parts, _quotas(provider, reader, place))
    for figure in fit.figures(basis, place, need):
        preview["load"].append(figure.as_json())
        if not figure.fits:
            preview["problems"].append(str(figure))
    preview["problems"] += provider.problems(reading, place, [*_living_parts(place), *bodies])
    preview["risks"] += reach.risks(place, bodies, until=until)
    names = ("kind", "account", "region", "object")
    preview["rooms"].append({**dict(zip(names, where, strict=True)), "basis": dict(basis)})


def _quotas(provider: Provider, reader: clients.AccountClients, place: Place) -> Mapping[str, int]:
    """The account's own limits; none where AWS does not tell us, so that the usual ones count."""
    try:
        return provider.quotas(reader, place)
    except Outcome as error:
        if error.kind in {Kind.TRANSIENT, Kind.THROTTLED}:
            raise
        return {}


def _foresee_changes(
    place: Place, bodies: Sequence[Part], reading: plan.Reading, preview: dict[str, Any]
) -> None:
    provider = PROVIDERS[place.kind]
    living, texts = _living_parts(place), _our_texts(place)
    standing = Standing(reading, {key: text for key, text in texts.items() if text is not None})
    wanted = provider.desired(place, [*living, *bodies], standing)
    target = _target(place)
    external = target is not None and target.managed_by == ManagedBy.EXTERNAL
    ours = texts.keys()
    keys = {key for body in bodies for key in provider.keys_of(place, body, wanted)}
    for key in sorted(keys):
        change = plan.Change(key, reading.state.get(key), wanted[key])
        if change.before not in {None, change.after} and key not in ours and not external:
            preview["problems"].append(
                _(
                    "%(key)s already stands in %(where)s with something else that is not managed "
                    "here: %(there)s. An administrator aligns or removes it first (GH-103)."
                )
                % {"key": key, "where": place.object, "there": change.before}
            )
        preview["lines"].append(
            {
                "target": place.object,
                "kind": place.kind,
                "say": str(provider.say(place, change)),
                "before": change.before,
                "after": change.after,
                "there": change.before == change.after,
                "external": external,
            }
        )


def _target(place: Place) -> Target | None:
    return Target.objects.filter(
        kind=place.kind, account=place.account, region=place.region, object=place.object
    ).first()


def _living_parts(place: Place) -> list[Any]:
    target = _target(place)
    return deliveries.load(target, now=database_now()).parts if target else []


def _our_texts(place: Place) -> dict[str, str | None]:
    """Our keys there, and what we last wrote under each."""
    target = _target(place)
    ours = target.keys.exclude(origin=Key.Origin.FOUND) if target else Key.objects.none()
    return dict(ours.values_list("key", "text"))


def _failed(inquiry: Inquiry, error: Outcome) -> None:
    """Shown on the page at once; tried again later, more and more seldom, until TRIES."""
    attempts = inquiry.attempts + 1
    over = attempts >= TRIES
    Inquiry.objects.filter(pk=inquiry.pk, state=Inquiry.State.OPEN).update(
        attempts=attempts,
        outcome=error.kind,
        outcome_text=error.message,
        state=Inquiry.State.FAILED if over else Inquiry.State.OPEN,
        next_try_at=from_now(
            max(spread(min(2.0**attempts, 300.0)), min(error.retry_after, 300.0)) * settings.PACE
        ),
    )


def identify_again(principal_id: int) -> None:
    """Read what AWS means by an identity's ARN now. Nothing is known when it does not answer."""
    principal = Principal.objects.get(pk=principal_id)
    try:
        unique_id = look_up(principal).unique_id
    except Outcome as error:
        logger.warning("identity %s was not read: %s", principal_id, error)
        return
    identities.note(principal, unique_id)


def hurry_identities() -> None:
    """Identities that hold something are read again every few hours: a few at a time."""
    holding = Grant.objects.filter(ended_at__isnull=True, principal=OuterRef("pk"))
    aged = Q(checked_at__isnull=True) | Q(checked_at__lte=from_now(-IDENTITY_AGED.total_seconds()))
    due = Principal.objects.filter(aged, Exists(holding)).order_by("checked_at")
    for pk in due.values_list("pk", flat=True)[:100]:
        Principal.objects.filter(pk=pk).update(checked_at=Now())
        current_app.send_task("policies.identify", [pk], retry=False)


def hurry_waiting() -> None:
    """Open inquiries whose time has come get a message; the next follows after as long again.

    One every few seconds would bury a reader that is slow or away under messages of the same.
    """
    waiting = Inquiry.objects.filter(state=Inquiry.State.OPEN, next_try_at__lte=Now())
    now = database_now()
    for inquiry in waiting.order_by("next_try_at")[:100]:
        waited = (now - inquiry.asked_at).total_seconds()
        again = from_now(min(max(waited, RESEND_SECONDS), LONGEST_RESEND_SECONDS))
        Inquiry.objects.filter(pk=inquiry.pk).update(next_try_at=again)
        ask_worker(inquiry)


def ask_aged() -> None:
    """Previews of open requests that have aged, or could not be made, are asked anew."""
    old = Item.objects.filter(
        Q(preview_at__isnull=True) | Q(preview_at__lte=Now() - AGED),
        request__state=Request.State.OPEN,
        principal__isnull=False,
    ).exclude(inquiries__state=Inquiry.State.OPEN)
    for item in old[:100]:
        with transaction.atomic():
            previews.ask(item, by=system())
