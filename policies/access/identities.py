"""AWS identities: registered by one person, confirmed by another, never edited."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import arns, audit
from accounts.actors import Actor
from accounts.arns import PrincipalType
from accounts.audit import What
from accounts.models import Holder, Person, Principal, Service, Sharing
from policies.access import requests, texts
from policies.access.effects import can_hold
from policies.access.errors import Refused
from policies.access.rules import check_administrator, in_bootstrap
from policies.models import AwsAccount, Item, Request

LONGEST_ARN = 380  # what targets and their keys can hold, with a few characters beside it


@transaction.atomic
def register(
    arn: str,
    *,
    by: Actor,
    now: datetime,
    person: Person | None = None,
    service: Service | None = None,
    sharing: str = Sharing.PERSONAL,
    owner: Person | None = None,
    holders: tuple[Person, ...] = (),
) -> Principal:
    """Write an identity down. It can be used once somebody else confirms it.

    During bootstrap it is confirmed at once. Raises Refused on a bad ARN, an unknown
    account, an identity that is already registered.
    """
    check_administrator(by)
    try:
        parsed, kind = arns.principal(arn)
    except arns.BadArn as error:
        raise Refused("bad_arn", str(error), field="arn") from error
    if len(str(parsed)) > LONGEST_ARN:
        raise Refused(
            "bad_arn",
            _("This ARN has more than %s characters. Use an identity with a shorter path.")
            % LONGEST_ARN,
            field="arn",
        )
    _check_new(parsed, kind, sharing, person, service)
    _check_unknown(parsed, kind)
    for one in filter(None, (person, owner, *holders)):
        _check_present(one)
    principal = Principal.objects.create(
        arn=str(parsed),
        type=kind,
        sharing=sharing,
        account=parsed.account,
        person=person,
        service=service,
        owner=owner,
        registered_by=by.person,
    )
    Holder.objects.bulk_create(Holder(principal=principal, person=one) for one in holders)
    audit.record(
        What.PRINCIPAL_REGISTERED,
        by=by,
        about=("principal", principal.pk),
        person=person.pk if person else "",
        after={"arn": principal.arn, "sharing": str(sharing)},
    )
    if in_bootstrap():
        _confirm(principal, by=by, now=now)
    return principal


@transaction.atomic
def confirm(principal: Principal, *, by: Actor, now: datetime) -> None:
    """The second person's word that this identity is whose it says. Raises Refused.

    Requests that waited for it begin.
    """
    person = _administrator(by)
    if person.pk == principal.registered_by_id or person.pk in _gaining(principal):
        raise Refused(
            "second_person",
            _("Somebody who neither added, holds nor owns this identity has to confirm it."),
        )
    if principal.person is not None:
        _check_present(principal.person)
    _confirm(principal, by=by, now=now)


@transaction.atomic
def reject(principal: Principal, *, by: Actor, reason: str) -> None:
    """An identity that is not whose it says: never usable. Raises Refused."""
    _administrator(by)
    reason = texts.check(reason, "why")
    moved = Principal.objects.filter(
        pk=principal.pk, confirmed_at__isnull=True, ended_at__isnull=True
    ).update(ended_at=Now())
    if not moved:
        raise Refused(
            "already_decided", _("This identity has already been decided. Its page says how.")
        )
    audit.record(What.PRINCIPAL_REJECTED, by=by, about=("principal", principal.pk), why=reason)


def _check_new(
    parsed: arns.Arn,
    kind: PrincipalType,
    sharing: str,
    person: Person | None,
    service: Service | None,
) -> None:
    if sharing not in Sharing.values:
        raise Refused(
            "sharing",
            _("Sharing is one of %s. Choose one of them.") % ", ".join(Sharing.values),
            field="sharing",
        )
    if parsed.account and not AwsAccount.objects.filter(number=parsed.account).exists():
        raise Refused(
            "unknown_account",
            _("The AWS account %s is not in the catalogue. Add it first.") % parsed.account,
            field="arn",
        )
    if kind is PrincipalType.SERVICE_LINKED_ROLE and sharing != Sharing.AWS_MANAGED:
        raise Refused(
            "aws_managed",
            _("A service-linked role belongs to AWS, not to a person. Register the person’s own."),
            field="arn",
        )
    if sharing == Sharing.PERSONAL and (person is None) == (service is None):
        raise Refused("holder", _("Say whose it is: one person or one service."), field="person")


def _check_unknown(parsed: arns.Arn, kind: PrincipalType) -> None:
    """IAM tells names of one account apart neither by letter case nor by path (IAM quotas page)."""
    # Two who register at once line up here.
    AwsAccount.objects.select_for_update().filter(number=parsed.account).first()
    same = Q(arn=str(parsed))
    if parsed.service == "iam":
        what = parsed.resource.partition("/")[0]
        same |= Q(
            account=parsed.account,
            arn__contains=f":{what}/",
            arn__iendswith=f"/{parsed.name}",
            ended_at__isnull=True,
        )
    known = Principal.objects.filter(same).first()
    if known is None:
        return
    if known.ended_at is not None:
        text = _("This identity was rejected or ended, and does not come back. Use another one.")
    else:
        text = _("This identity is already registered, as %s. Use that one.") % known.arn
    raise Refused("known", text, field="arn")


def _check_present(person: Person) -> None:
    person.refresh_from_db()
    if not person.is_present:
        raise Refused(
            "holder_left",
            _("%s does not work here now, so can hold or own no identity. Name somebody who does.")
            % person,
        )


def _administrator(by: Actor) -> Person:
    if by.person is None or not by.person.is_administrator:
        raise Refused(
            "not_allowed", _("AWS identities are confirmed by administrators. Ask one of them.")
        )
    return by.person


def _gaining(principal: Principal) -> set[int | None]:
    """Whoever could use the identity, or would decide about it."""
    service = principal.service
    owners = {service.first_owner_id, service.second_owner_id} if service else set()
    return {principal.person_id, principal.owner_id, *owners, *_holders(principal)}


def _holders(principal: Principal) -> set[int]:
    current = principal.holders.filter(until_at__isnull=True)
    return set(current.values_list("person_id", flat=True))


def _confirm(principal: Principal, *, by: Actor, now: datetime) -> None:
    moved = Principal.objects.filter(
        pk=principal.pk, confirmed_at__isnull=True, ended_at__isnull=True
    ).update(confirmed_at=now, confirmed_by=by.person if not in_bootstrap() else None)
    if not moved:
        raise Refused(
            "already_decided", _("This identity has already been decided. Its page says how.")
        )
    principal.refresh_from_db()
    audit.record(
        What.PRINCIPAL_CONFIRMED,
        by=by,
        about=("principal", principal.pk),
        person=principal.person_id or "",
        after={"arn": principal.arn},
    )
    held_by = Person.objects.filter(pk__in={principal.person_id, *_holders(principal)})
    for person in held_by.order_by("pk"):
        _start_waiting(person, by=by, now=now)


def _start_waiting(person: Person, *, by: Actor, now: datetime) -> None:
    """Requests that waited for an AWS identity of `person` take the first that fits."""
    waiting = Request.objects.filter(person=person, state=Request.State.WAITING_IDENTITY)
    for request in waiting:
        chosen = {}
        for item in request.items.filter(principal__isnull=True).select_related("entitlement"):
            for principal in Principal.objects.usable().held_by(person).order_by("pk"):
                if _fits(item, principal):
                    chosen[item.pk] = principal
                    break
        if len(chosen) == request.items.filter(principal__isnull=True).count():
            requests.give_identity(request, chosen, by=by, now=now)


def _fits(item: Item, principal: Principal) -> bool:
    if Item.objects.filter(open_key=requests.open_key(item, principal)).exists():
        return False
    return can_hold(principal, item.entitlement, item.terms)
