"""Rules change by proposal: one person proposes, another accepts, then it is so.

Until a second administrator first exists, proposals apply at once and say so; after that
never again (`Installation.bootstrapped_at`).
"""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor, ActorKind
from accounts.audit import What
from accounts.models import Person, PortalRole
from policies.access import rulebook, shapes, texts, told
from policies.access.errors import Refused
from policies.models import Installation, Proposal

Rule = dict[str, Any]


@transaction.atomic
def propose(
    subject: str, subject_id: str, after: Rule | None, *, by: Actor, reason: str
) -> Proposal | None:
    """Propose that a rule becomes `after` (None: ends). None when it already is so.

    `subject` is one of `rulebook.SUBJECTS`. Raises Refused on a rule that is not valid, on
    one that another open proposal already changes, and for anybody but administrators.
    """
    check_administrator(by)
    reason = texts.check(reason, "reason")
    _note_second_administrator()
    book = rulebook.SUBJECTS[subject]
    if subject == "portal_role":
        subject_id = subject_id.strip().lower()  # as people's addresses are kept
    before = book.current(subject_id)
    if before == after:
        return None
    _check(subject, subject_id, after)
    if Proposal.objects.filter(
        subject=subject, subject_id=subject_id, state=Proposal.State.OPEN
    ).exists():
        raise Refused(
            "already_proposed",
            _("Another change of %s waits for a second person. Decide that one first.")
            % subject_id,
        )
    proposal = Proposal.objects.create(
        subject=subject,
        subject_id=subject_id,
        before=before,
        after=after,
        reason=reason,
        proposed_by=by.person,
        bootstrap=in_bootstrap(),
    )
    _record(What.PROPOSAL_MADE, proposal, by, reason)
    if proposal.bootstrap:
        _carry_out(proposal, by)
    return proposal


@transaction.atomic
def accept(proposal: Proposal, *, by: Actor) -> None:
    """The second person's yes: the rule changes now. Raises Refused."""
    _check_second_person(proposal, by)
    book = rulebook.SUBJECTS[proposal.subject]
    if book.current(proposal.subject_id) != proposal.before:
        raise Refused(
            "stale_proposal",
            _("The rule has changed since this was proposed. Decline it and propose anew."),
        )
    # What the rule rests on may have changed, too.
    _check(proposal.subject, proposal.subject_id, proposal.after)
    _carry_out(proposal, by)


@transaction.atomic
def decline(proposal: Proposal, *, by: Actor, reason: str) -> None:
    """The second person's no. The proposer may take the proposal back the same way."""
    check_administrator(by)
    reason = texts.check(reason, "reason")
    _move(proposal, Proposal.State.DECLINED, by)
    _record(What.PROPOSAL_DECLINED, proposal, by, reason)


def _check(subject: str, subject_id: str, after: Rule | None) -> None:
    if after is not None:
        shapes.check(subject, subject_id, after)
        rulebook.SUBJECTS[subject].check(subject_id, after)
    elif subject in rulebook.LASTING:
        raise Refused("in_use", _("%s cannot be ended, only changed. Change it.") % subject_id)


def in_bootstrap() -> bool:
    Installation.current()
    return Installation.objects.filter(pk=1, bootstrapped_at__isnull=True).exists()


def _note_second_administrator() -> None:
    """Two administrators exist: from now on, and whatever happens to them, rules need two."""
    administrators = Person.objects.holding_role(PortalRole.Role.ADMINISTRATOR).count()
    if administrators >= 2:
        Installation.current()
        Installation.objects.filter(pk=1, bootstrapped_at__isnull=True).update(
            bootstrapped_at=Now()
        )


def _carry_out(proposal: Proposal, by: Actor) -> None:
    _move(proposal, Proposal.State.ACCEPTED, by)
    rulebook.SUBJECTS[proposal.subject].apply(proposal.subject_id, proposal.after, by)
    _record(What.PROPOSAL_ACCEPTED, proposal, by, "")
    _note_second_administrator()


def _move(proposal: Proposal, state: Proposal.State, by: Actor) -> None:
    # A proposal taken back was decided by nobody else; the record says who took it back.
    own = by.person is not None and by.person.pk == proposal.proposed_by_id
    decider = None if own and not proposal.bootstrap else by.person
    moved = Proposal.objects.filter(pk=proposal.pk, state=Proposal.State.OPEN).update(
        state=state, decided_by=decider, decided_at=Now()
    )
    if not moved:
        raise Refused("already_decided", _("This proposal has already been decided. Propose anew."))
    proposal.refresh_from_db()


def check_administrator(by: Actor) -> None:
    """Raises Refused unless `by` may propose, accept or decline rules and identities.

    Only an installation without two administrators listens to its own command line, and
    only one that never had any to anybody else.
    """
    if by.person is None:
        allowed = by.kind is ActorKind.SYSTEM and in_bootstrap()
    else:
        had = PortalRole.objects.filter(role=PortalRole.Role.ADMINISTRATOR)
        allowed = by.person.is_administrator or (
            by.person.is_present and in_bootstrap() and not had.exists()
        )
    if not allowed:
        raise Refused(
            "not_allowed", _("Rules are changed by administrators only. Ask one to propose it.")
        )


def _check_second_person(proposal: Proposal, by: Actor) -> None:
    check_administrator(by)
    if by.person is None or by.person.pk == proposal.proposed_by_id:
        raise Refused("second_person", _("A second administrator has to accept this."))
    gains = rulebook.SUBJECTS[proposal.subject].gains(proposal.subject_id, proposal.after)
    if by.person.pk in gains:
        raise Refused("second_person", _("This would give you a power; somebody else accepts it."))


def _record(what: What, proposal: Proposal, by: Actor, why: str) -> None:
    audit.record(
        what,
        by=by,
        about=(proposal.subject, told.key(proposal.subject, proposal.subject_id)),
        before=told.rule(proposal.before),
        after=told.rule(proposal.after),
        rules={"bootstrap": proposal.bootstrap},
        why=why,
    )
