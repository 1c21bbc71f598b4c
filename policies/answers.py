"""Answering inquiries: what a page wants to know about AWS, read with the read role only."""

import logging
import time
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.actors import system
from accounts.arns import PrincipalType
from accounts.models import Principal
from policies import clients, plan
from policies.access import previews
from policies.models import Grant, Inquiry, Item, Key, Request, Target, ask_worker
from policies.outcomes import Kind, Outcome
from policies.providers import PROVIDERS, Place, places
from policies.reconcile import deliveries, identities
from policies.reconcile.lease import database_now, from_now
from policies.reconcile.reading import read
from policies.reconcile.retries import spread

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
        unique_id = identify(inquiry.item.principal, until=until)
        preview = foresee(inquiry.item, until=until)
    except Outcome as error:
        _failed(inquiry, error)
        return
    by = system(correlation=inquiry.correlation)
    previews.take(inquiry, unique_id=unique_id, preview=preview, by=by)


def identify(principal: Principal, *, until: float | None = None) -> str:
    """The unique id AWS gives the ARN now (AROA…, AIDA…). Raises Outcome."""
    reader = clients.reading(principal.account, "", until=until)
    if principal.arn_type is PrincipalType.IAM_USER:
        found = reader.call("iam", "get_user", UserName=principal.name)["User"]
        arn, unique_id = found["Arn"], found["UserId"]
    else:
        found = reader.call("iam", "get_role", RoleName=principal.name)["Role"]
        arn, unique_id = found["Arn"], found["RoleId"]
    if arn != principal.arn:
        raise Outcome(
            Kind.MISSING, f"IAM knows {arn}, not {principal.arn}: path or letter case differ."
        )
    return str(unique_id)


def foresee(item: Item, *, until: float | None = None) -> dict[str, Any]:
    """What approving the item would change, with every quota it touches. Raises Outcome."""
    preview: dict[str, Any] = {"lines": [], "load": [], "fits": True, "problems": []}
    by_place: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for part in item.parts:
        where = tuple(part[name] for name in ("kind", "account", "region", "object"))
        by_place.setdefault(where, []).append(part["body"])
    for where, bodies in by_place.items():
        _foresee_place(places.place(*where), bodies, preview, until)
    preview["fits"] = not preview["problems"]
    return preview


def _foresee_place(
    place: Place, bodies: list[dict[str, Any]], preview: dict[str, Any], until: float | None
) -> None:
    provider = PROVIDERS[place.kind]
    reading = read(place, until=until)
    if reading.missing:
        raise Outcome(Kind.MISSING, reading.missing)
    parts = [*_living_parts(place), *bodies]
    wanted = provider.desired(place, parts)
    ours = _our_keys(place)
    for key in sorted({provider.key_of(place, body) for body in bodies}):
        change = plan.Change(key, reading.state.get(key), wanted[key])
        if change.before not in {None, change.after} and key not in ours:
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
            }
        )
    for load in provider.load(reading, place, parts):
        preview["load"].append(
            {
                "quota": str(load.quota),
                "used": load.used,
                "limit": load.limit,
                "unit": str(load.unit),
            }
        )
        if load.used > load.limit:
            preview["problems"].append(f"{load.quota}: {load.used:,} > {load.limit:,} {load.unit}")
    preview["problems"] += provider.problems(reading, place, parts)


def _target(place: Place) -> Target | None:
    return Target.objects.filter(
        kind=place.kind, account=place.account, region=place.region, object=place.object
    ).first()


def _living_parts(place: Place) -> list[Any]:
    target = _target(place)
    return deliveries.load(target, now=database_now()).parts if target else []


def _our_keys(place: Place) -> set[str]:
    target = _target(place)
    ours = target.keys.exclude(origin=Key.Origin.FOUND) if target else Key.objects.none()
    return set(ours.values_list("key", flat=True))


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
        unique_id = identify(principal)
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
    """Open inquiries whose time has come get a message; the next one follows later."""
    waiting = Inquiry.objects.filter(state=Inquiry.State.OPEN, next_try_at__lte=Now())[:100]
    for inquiry in waiting:
        Inquiry.objects.filter(pk=inquiry.pk).update(next_try_at=from_now(5.0))
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
