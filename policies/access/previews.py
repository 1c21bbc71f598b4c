"""Asking the read worker what a request would change; taking its answer down."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from accounts.models import EksUser, Principal
from accounts.models.principals import Profile
from policies.access import effects, fit
from policies.kinds import usernames
from policies.models import Inquiry, InquiryKind, Item, Request, ask_worker

HURRY_SECONDS = 5


def ask(item: Item, *, by: Actor) -> Inquiry:
    """One open preview inquiry per item: asked again, the open one stays."""
    inquiry, created = Inquiry.objects.get_or_create(
        kind=InquiryKind.PREVIEW,
        item=item,
        state=Inquiry.State.OPEN,
        # The worker is hurried at once; only a lost message needs the sweep's next one.
        defaults={
            "correlation": by.correlation,
            "next_try_at": timezone.now() + timedelta(seconds=HURRY_SECONDS),
        },
    )
    if created:
        ask_worker(inquiry)
    return inquiry


@transaction.atomic
def take(inquiry: Inquiry, *, unique_id: str, preview: dict[str, Any], by: Actor) -> bool:
    """The read worker's answer: fills the item's preview and effect.

    False when it came twice, or after the decision: what was decided on stays as it was shown.

    `preview`: {"lines": [{"target", "say", "there"}], "load": [fit.Figure], "fits": bool,
    "problems": [text], "risks": [text], "cut": what its end cuts, "rooms": [place and basis]}.
    """
    moved = Inquiry.objects.filter(pk=inquiry.pk, state=Inquiry.State.OPEN).update(
        state=Inquiry.State.ANSWERED, answered_at=Now(), outcome="", outcome_text=""
    )
    if not moved:
        return False
    item = Item.objects.select_related("principal", "entitlement", "request__person").get(
        pk=inquiry.item_id
    )
    if not item.request.is_open:
        return False
    assert item.principal is not None
    _identify(item.principal, unique_id, by)
    fit.note(preview.pop("rooms", ()))
    digest = effects.effect(item, unique_id)
    Item.objects.filter(pk=item.pk, open_key__isnull=False).update(
        effect=digest, preview=preview, preview_at=Now()
    )
    audit.record(
        What.REQUEST_PREVIEWED,
        by=by,
        about=("request", item.request.ref),
        person=item.request.person_id,
        after={"item": item.pk, "effect": digest, "fits": preview["fits"]},
    )
    return True


def _identify(principal: Principal, unique_id: str, by: Actor) -> None:
    """Note what AWS means by the ARN now: a changed id is another identity of that name."""
    before = principal.unique_id
    if not principal.identify(unique_id):
        return
    audit.record(
        What.PRINCIPAL_IDENTIFIED,
        by=by,
        about=("principal", principal.pk),
        person=principal.person_id or "",
        before={"unique_id": before},
        after={"unique_id": unique_id},
    )


def profile_defaults(profile: type[Profile], principal: Principal) -> dict[str, Any]:
    """What a new profile starts with; a user name is made from the identity's own name."""
    return {"username": usernames.new(principal)} if profile is EksUser else {}


def ask_unfitting(*, by: Actor) -> None:
    """Room may have come free: whatever waits and did not fit is looked at again."""
    waiting = Item.objects.filter(open_key__isnull=False, preview__fits=False)
    for item in waiting.filter(request__state=Request.State.OPEN)[:100]:
        ask(item, by=by)
