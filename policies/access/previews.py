"""Asking the read worker what a request would change; taking its answer down."""

from typing import Any

from accounts.actors import Actor
from accounts.models import EksUser, Principal
from accounts.models.principals import Profile
from policies.models import Inquiry, InquiryKind, Item, ask_worker


def ask(item: Item, *, by: Actor) -> Inquiry:
    """One open preview inquiry per item: asked again, the open one is hurried."""
    inquiry, created = Inquiry.objects.get_or_create(
        kind=InquiryKind.PREVIEW,
        item=item,
        state=Inquiry.State.OPEN,
        defaults={"correlation": by.correlation},
    )
    if created:
        ask_worker(inquiry)
    return inquiry


def profile_defaults(profile: type[Profile], principal: Principal) -> dict[str, Any]:
    """What a new profile starts with; a user name is made from the identity's own name."""
    return {"username": f"aws-user:{principal.name}"} if profile is EksUser else {}
