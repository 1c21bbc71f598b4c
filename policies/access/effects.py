"""What a request would do: its parts, sentence and risks, and the digest people approve.

The digest covers the grant's own effect and nothing of its neighbours: holder, the
identity's unique id, parts, dates, entitlement and version.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from django.utils.timezone import get_default_timezone
from django.utils.translation import gettext as _

from accounts.arns import IDENTITY_CENTER
from accounts.models import Person, Principal
from policies.access import cuts
from policies.access.errors import Refused
from policies.kinds import KINDS, BadTerms
from policies.kinds.protocol import Terms
from policies.models import AwsAccount, Entitlement, Item, Request
from policies.plan import digest

RECENT_MANAGER = timedelta(days=7)


def check_principal(entitlement: Entitlement, principal: Principal) -> None:
    """Raises Refused when this principal cannot hold this kind, with the remedy."""
    support = KINDS[entitlement.kind].SUPPORT[principal.arn_type]
    if not support.ok:
        raise Refused(
            "principal_unsupported",
            f"{support.why} {support.remedy}",
            field="principal",
        )
    cuts.check(entitlement, principal)
    known = AwsAccount.objects.filter(number=principal.account).exists()
    if not known and principal.arn_type not in IDENTITY_CENTER:  # those are of no account
        raise Refused(
            "unknown_account",
            _("The AWS account %s is not in the catalogue. Ask an administrator to add it.")
            % principal.account,
            field="principal",
        )


def describe(item: Item) -> None:
    """Fill the item's parts, sentence and risks. Raises Refused."""
    kind = KINDS[item.entitlement.kind]
    try:
        item.sentence = kind.sentence(item.entitlement, item.principal, item.terms)
        item.risks = [*kind.risk(item.entitlement, item.terms), *_risks(item)]
        if item.principal is not None:
            check_principal(item.entitlement, item.principal)
            placed = kind.parts(item.entitlement, item.principal, item.terms)
            item.parts = [part.as_json() for part in placed]
    except BadTerms as error:
        raise Refused("bad_terms", error.message, field=error.field) from error


def is_theirs(principal: Principal, person: Person) -> bool:
    """Whether `person` holds this confirmed, living AWS identity now."""
    return Principal.objects.usable().held_by(person).filter(pk=principal.pk).exists()


def can_hold(principal: Principal, entitlement: Entitlement, terms: Terms) -> bool:
    """Whether what the entitlement gives can be written for this AWS identity."""
    try:
        check_principal(entitlement, principal)
        KINDS[entitlement.kind].parts(entitlement, principal, terms)
    except (Refused, BadTerms):
        return False
    return True


def is_current(item: Item) -> bool:
    """Whether the catalogue still means by this item what it meant when it was asked."""
    entitlement, principal = item.entitlement, item.principal
    if entitlement.version != item.entitlement_version or entitlement.ended_at is not None:
        return False
    assert principal is not None
    try:
        parts = KINDS[entitlement.kind].parts(entitlement, principal, item.terms)
    except BadTerms:
        return False
    return bool([part.as_json() for part in parts] == item.parts)


def dates(request: Request, *, approved_at: datetime) -> tuple[datetime, datetime]:
    """When access would start and end, if approved at `approved_at`. Never past the contract."""
    starts = approved_at
    if request.starts_on is not None:
        starts = max(starts, start_of(request.starts_on))
    if request.ends_on is not None:
        ends = end_of(request.ends_on)
    else:
        ends = starts + timedelta(days=request.days or 1)
    contract = request.person.contract_ends_on
    return starts, min(ends, end_of(contract)) if contract else ends


def effect(item: Item, unique_id: str) -> str:
    """The digest that a decision names; empty while the identity's unique id is unknown."""
    if not unique_id or not item.parts:
        return ""
    request = item.request
    contract = request.person.contract_ends_on
    return digest(
        {
            "person": request.person_id,
            "unique_id": unique_id,
            "parts": item.parts,
            "days": request.days,
            "starts_on": _iso(request.starts_on),
            "ends_on": _iso(request.ends_on),
            "contract_ends_on": _iso(contract),
            "entitlement": item.entitlement.slug,
            "version": item.entitlement_version,
        }
    )


def day_of(moment: datetime) -> date:
    """The day it is at `moment` where this installation is (TIME_ZONE)."""
    return moment.astimezone(get_default_timezone()).date()


def of_all(items: Sequence[Item]) -> str:
    """One digest for everything a decision was about; of a single item, the item's own."""
    each = [item.effect for item in items]
    return each[0] if len(each) == 1 else digest(each)


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=get_default_timezone())


def end_of(day: date) -> datetime:
    """The last moment of a day: access “until the 5th” includes the 5th."""
    return datetime.combine(day, time.max, tzinfo=get_default_timezone())


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _risks(item: Item) -> list[str]:
    risks = []
    person = item.request.person
    recent = person.manager_since and datetime.now(UTC) - person.manager_since < RECENT_MANAGER
    if recent:
        risks.append(_("The manager of this person changed less than 7 days ago."))
    if item.principal is not None and item.principal.sharing != "personal":
        names = ", ".join(
            str(one.person)
            for one in item.principal.holders.filter(until_at__isnull=True).select_related("person")
        )
        risks.append(
            _("This AWS identity is shared: everybody who holds it gets this access (%s).")
            % (names or _("holders not known"))
        )
    return risks
