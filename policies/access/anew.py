"""Asking on somebody's behalf where they did not: an entry to adopt, an identity replaced.

Both are requests like any other, decided by the people its rules name.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.models import Person, Principal
from accounts.notices import tell
from policies.access import outside, requests, texts
from policies.access.errors import Refused
from policies.access.operations import administrator
from policies.access.requests import Wish
from policies.models import Entitlement, Foreign, Grant, Request


@transaction.atomic
def ask_to_adopt(
    foreign: Foreign,
    wish: Wish,
    *,
    by: Actor,
    person: Person,
    days: int,
    reason: str,
    now: datetime,
) -> Request:
    """Ask that an entry others made becomes `person`'s access, with an owner and an end.

    Raises Refused for anybody but an administrator, for themselves, and for a wish that does
    not give that very entry.
    """
    asker = administrator(by)
    if asker.pk == person.pk:
        raise Refused("self", _("Somebody else has to adopt this for you."))
    request = Request(
        person=person,
        asked_by=asker,
        reason=texts.check(reason, "reason"),
        days=days,
        correlation=by.correlation,
    )
    wish = Wish(wish.entitlement, wish.principal, wish.terms, adopts=foreign)
    request = requests.open_new(request, [wish], by=by, now=now)
    if not any(_gives(part, foreign) for part in request.items.get().parts):
        raise Refused("other_entry", _("“%s” does not give this entry.") % wish.entitlement.name)
    return request


def _gives(part: Mapping[str, Any], foreign: Foreign) -> bool:
    target = foreign.target
    where = (target.kind, target.account, target.region, target.object)
    if (part["kind"], part["account"], part["region"], part["object"]) != where:
        return False
    return outside.gives(target, part["body"], foreign.key)


def ask_again(grant: Grant, *, by: Actor, now: datetime) -> Request | None:
    """Ask anew for what an ended grant gave, for the time that was left of it.

    None when it cannot be asked for any more; the holder is told either way.
    """
    left = (grant.ends_at or now + timedelta(days=1)) - now
    request = Request(
        person=grant.person,
        asked_by=grant.person,
        reason=_(
            "The AWS identity %(arn)s is another one than the access %(ref)s was approved for, "
            "so that access was ended. This asks for it anew."
        )
        % {"arn": grant.principal.arn, "ref": grant.ref},
        days=max(1, left.days + (left.seconds > 0)),
        correlation=by.correlation,
    )
    wish = Wish(Entitlement.objects.get(pk=grant.entitlement_id), _again(grant), grant.terms)
    try:
        with transaction.atomic():
            request = requests.open_new(request, [wish], by=by, now=now)
    except Refused:
        tell(grant.person_id, "identity_replaced", grant=grant.ref, request="")
        return None
    told = {grant.person_id, grant.entitlement.owner_id} - {None}
    for person_id in sorted(filter(None, told)):
        tell(person_id, "identity_replaced", grant=grant.ref, request=request.ref)
    return request


def _again(grant: Grant) -> Principal:
    return Principal.objects.get(pk=grant.principal_id)
