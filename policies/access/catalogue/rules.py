"""Rules from a catalogue file: proposed, never set. Only bootstrap puts them in force at once."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from accounts.actors import Actor
from policies.access import rules
from policies.access.catalogue.difference import Action, Change
from policies.access.catalogue.problems import Problem
from policies.access.errors import Refused
from policies.models import ApprovalPolicy, Entitlement, Proposal


class Status(StrEnum):
    """What became of a change."""

    DONE = "done"
    PROPOSED = "waits for a second person"
    WAITING = "already waits for a second person"
    UNCONFIRMED = "waits for confirmation by a second person"
    LATER = "comes later"


@dataclass(frozen=True)
class Outcome:
    """`note` says what to do when the status is LATER."""

    change: Change
    status: Status
    note: str = ""


def put(change: Change, *, by: Actor, reason: str) -> Outcome | Problem:
    """Propose one rule. LATER: something it rests on is itself only proposed yet."""
    rule, key = _rule(change), change.key
    waiting = Proposal.objects.filter(
        subject=change.subject, subject_id=key, state=Proposal.State.OPEN
    ).first()
    if waiting is not None and waiting.after == rule:
        return Outcome(change, Status.WAITING)
    missing = _not_in_force(change)
    if missing:
        note = f"{missing} waits for a second person; apply this file again after that."
        return Outcome(change, Status.LATER, note)
    if by.person is None and not rules.in_bootstrap():
        note = "Two administrators exist now; apply this file again with --as and --reason."
        return Outcome(change, Status.LATER, note)
    try:
        proposal = rules.propose(change.subject, key, rule, by=by, reason=reason)
    except Refused as error:
        return change.entry.wrong("", error.message, "Correct the entry, or take it out for now.")
    is_open = proposal is not None and proposal.state == Proposal.State.OPEN
    return Outcome(change, Status.PROPOSED if is_open else Status.DONE)


def _rule(change: Change) -> dict[str, Any] | None:
    """The change in the rulebook's words; None ends the rule."""
    if change.action is Action.END:
        return None
    if change.subject == "portal_role":
        held = change.after["portal_roles"]
        return {"roles": held} if held else None
    rule = {name: value for name, value in change.after.items() if name not in {"slug", "ended"}}
    return rule if change.subject != "account_roles" or any(rule.values()) else None


def _not_in_force(change: Change) -> str:
    """What this rule names and what does not stand yet, in words; empty when all stands."""
    if change.action is Action.END:
        return ""
    if change.subject == "entitlement":
        slug = change.after["approval_policy"]
        known = ApprovalPolicy.objects.filter(slug=slug).exists()
        return "" if known else f"approval policy {slug}"
    if change.subject == "bundle":
        offered = set(Entitlement.objects.offered().values_list("slug", flat=True))
        missing = [slug for slug in change.after["entitlements"] if slug not in offered]
        return f"entitlement {', '.join(missing)}" if missing else ""
    return ""
