"""What an end cuts off besides the right itself: foreseen, confirmed, then ordered (DESIGN §6).

A cut of sessions is a Deny for sessions that began before the end, kept for as long as such a
session can live. It stands in the identity's own policy, so it hits whoever acts as that identity.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.arns import IDENTITY_CENTER, PrincipalType
from accounts.models import Principal, Sharing
from policies.access.errors import Refused
from policies.documents import sessions
from policies.kinds import KINDS, PlacedPart
from policies.models import Cut, Entitlement, Grant, Item, TargetKind

LONGEST_SECONDS = 43_200  # the longest session any role may allow
ROLES = {PrincipalType.IAM_ROLE}
UNCUT = {PrincipalType.SSO_ROLE, *IDENTITY_CENTER}


def check(entitlement: Entitlement, principal: Principal) -> None:
    """Raises Refused when what the entitlement promises to cut cannot be cut for this identity."""
    if entitlement.cut == Cut.NONE or principal.arn_type not in UNCUT:
        return
    raise Refused(
        "cut_impossible",
        _(
            "When this access ends, live sessions are cut, and AWS lets nobody write that into a "
            "role, user or group of Identity Center. Ask with a role of your own that this one may "
            "assume (GH-222)."
        ),
        field="principal",
    )


def foresee(
    item: Item, *, seconds: int, trust: Mapping[str, Any], unique_id: str
) -> tuple[dict[str, Any] | None, list[str]]:
    """What the item's end would cut, as facts to keep; and why it cannot be done so."""
    entitlement, principal = item.entitlement, item.principal
    assert principal is not None
    if entitlement.cut == Cut.NONE:
        return None, []
    cut: dict[str, Any] = {"scope": entitlement.cut, "seconds": seconds, "sessions": {}}
    if entitlement.cut == Cut.PERSON and principal.arn_type in ROLES:
        person = item.request.person
        names = (person.email, person.email.partition("@")[0], person.employee_number or "")
        theirs = sessions.of_person(trust, names, unique_id)
        if theirs is None:
            return cut, [_not_told_apart(principal)]
        cut["sessions"] = theirs
    return cut, []


def parts(cut: Mapping[str, Any] | None, item: Item, before: str) -> list[PlacedPart]:
    """The pieces that cut what began before an ISO date. None for what is not cut."""
    principal = item.principal
    if not cut or principal is None:
        return []
    kind = KINDS[item.entitlement.kind]
    found: list[PlacedPart] = []
    if principal.arn_type in ROLES:
        body = {
            "statement": "session_cut",
            "actions": list(kind.CUT_ACTIONS),
            "before": before,
            "sessions": cut.get("sessions", {}),
        }
        where = (TargetKind.PRINCIPAL_POLICY, principal.account, "", principal.arn)
        found.append(PlacedPart(*where, body))
    if principal.sharing == Sharing.PERSONAL:
        found += kind.cut_parts(principal, item.parts, before)
    return found


def possible(item: Item, cut: Mapping[str, Any] | None) -> list[PlacedPart]:
    """Room that has to be kept for the cut: as `parts`, at some date, another for each item."""
    return parts(cut, item, _iso(datetime.fromtimestamp(item.pk, UTC)))


def declared(item: Item) -> Mapping[str, Any] | None:
    """What the item's preview found; before that, the most there can be."""
    if item.entitlement.cut == Cut.NONE:
        return None
    shown = (item.preview or {}).get("cut")
    return shown or {"scope": item.entitlement.cut, "seconds": LONGEST_SECONDS}


def ordered(grant: Grant) -> tuple[list[PlacedPart], datetime | None]:
    """What the end of `grant` cuts, and until when. Its jobs that other access covers go on."""
    ended_at = grant.ended_at
    if not grant.cut or ended_at is None or ended_at <= grant.starts_at:
        return [], None
    item = Item.objects.select_related("entitlement", "principal").get(pk=grant.item_id)
    others = [part for one in _others(item) for part in one.parts]
    item.parts = [part for part in grant.parts if part not in others]
    # A session of the very second of the end began before it, too.
    before = ended_at.replace(microsecond=0) + timedelta(seconds=1)
    until = ended_at + timedelta(seconds=int(grant.cut["seconds"]))
    return parts(grant.cut, item, _iso(before)), until


def collateral(item: Item) -> list[str]:
    """Who and what else a cut of all sessions would interrupt, in words. Empty: nobody, nothing."""
    principal = item.principal
    if item.entitlement.cut != Cut.SESSIONS or principal is None or not _cuts_sessions(principal):
        return []
    holders = principal.holders.filter(until_at__isnull=True).select_related("person")
    said = [
        _("%(person)s acts as this AWS identity, too, and would have to sign in again.")
        % {"person": one.person}
        for one in holders
        if one.person_id != item.request.person_id
    ]
    if principal.sharing != Sharing.PERSONAL and not said:
        said.append(_("Other people act as this AWS identity; who they are is not known here."))
    actions = set(KINDS[item.entitlement.kind].CUT_ACTIONS)
    return said + [
        _("“%(access)s” of %(person)s (%(ref)s) would be interrupted until a new sign-in.")
        % {"access": one.entitlement, "person": one.person, "ref": one.ref}
        for one in _others(item)
        if actions & set(KINDS[one.entitlement.kind].CUT_ACTIONS)
    ]


def _others(item: Item) -> Sequence[Grant]:
    living = Grant.objects.filter(principal=item.principal, ended_at__isnull=True)
    return list(living.exclude(item=item).select_related("entitlement", "person").order_by("pk"))


def _cuts_sessions(principal: Principal) -> bool:
    return principal.arn_type in ROLES


def _not_told_apart(principal: Principal) -> str:
    return _(
        "When this access ends, only this person’s sessions are to be cut, but the trust of "
        "%(who)s does not demand a source identity or session name of theirs. Its owner adds "
        "that, or an administrator lets all sessions be cut (GH-222)."
    ) % {"who": principal.arn}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
