"""What may go on after a grant's end, and until when: said on pages and in receipts (DESIGN §6)."""

from datetime import datetime

from policies.access.cuts import LONGEST_SECONDS
from policies.kinds import KINDS, EndFacts, Remaining
from policies.models import Delivery, Grant, TargetKind


def of(grant: Grant, *, now: datetime) -> list[Remaining]:
    """What is left of an ended grant at `now`; nothing of one that never began or goes on."""
    ended_at = grant.ended_at
    if ended_at is None or ended_at <= grant.starts_at:
        return []
    kind = KINDS[grant.entitlement.kind]
    found = kind.remains(grant.entitlement, ended_at, facts(grant))
    return [one for one in found if one.until is None or one.until > now]


def facts(grant: Grant) -> EndFacts:
    """Only what was seen in AWS counts as cut."""
    seen = {
        delivery.target.kind
        for delivery in grant.deliveries.all()
        if delivery.purpose == Delivery.Purpose.CUT and delivery.state != Delivery.State.DUE
    }
    return EndFacts(
        session_seconds=int((grant.cut or {}).get("seconds", LONGEST_SECONDS)),
        cuts_sessions=TargetKind.PRINCIPAL_POLICY in seen,
        cuts_jobs=TargetKind.JOB_RUNS in seen,
    )
