"""Bringing the database to what a catalogue file says: everything in one transaction, or nothing.

Facts change at once. Rules become proposals, and AWS identities wait for confirmation,
except while the installation has no two administrators yet.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from accounts.models import PortalRole
from policies.access import rules as proposals
from policies.access.catalogue import checks, difference, estate, guards, people, rules, state
from policies.access.catalogue.difference import Change
from policies.access.catalogue.document import Document
from policies.access.catalogue.people import Lives
from policies.access.catalogue.problems import BadCatalogue, Problem
from policies.access.catalogue.rules import Outcome, Status

_STEPS = (
    "accounts",
    "portfolios",
    "clusters",
    "virtual_clusters",
    "roles",
    "studios",
    "buckets",
    "workspaces",
    "domains",
)


@dataclass(frozen=True)
class Plan:
    """What would change, and what the database has that the file does not name."""

    changes: list[Change]
    left_alone: dict[str, list[str]]


@dataclass
class Result:
    outcomes: list[Outcome] = field(default_factory=list)

    def of(self, *statuses: Status) -> list[Outcome]:
        return [one for one in self.outcomes if one.status in statuses]


def needs_person() -> bool:
    """Whether a person has to answer for the change: not before the first administrator."""
    return not proposals.in_bootstrap() or bool(
        PortalRole.objects.filter(
            role=PortalRole.Role.ADMINISTRATOR, until_at__isnull=True
        ).exists()
    )


def plan(document: Document, *, by: Actor) -> Plan:
    """The difference. Raises BadCatalogue on what does not fit, or may not change so."""
    known = state.read()
    problems = checks.check(document, known)
    if problems:
        raise BadCatalogue(problems)
    changes = difference.compare(document, known)
    problems = guards.check(changes, by=by, alone=proposals.in_bootstrap())
    if problems:
        raise BadCatalogue(problems)
    return Plan(changes, difference.left_alone(document, known))


@transaction.atomic
def carry_out(
    plan: Plan, *, by: Actor, now: datetime, reason: str, digest: str, lives: Lives
) -> Result:
    """Apply a plan made in the same transaction. Raises BadCatalogue; then nothing changed.

    `digest` names the file in the record; `reason` is kept beside it.
    """
    result, facts = Result(), [change for change in plan.changes if not change.subject]
    for stage in _stages(by=by, now=now, lives=lives):
        _stop(list(stage(facts)))
    alone = proposals.in_bootstrap()
    for change in facts:
        waits = change.section == "principals" and change.action == "add" and not alone
        result.outcomes.append(Outcome(change, Status.UNCONFIRMED if waits else Status.DONE))
    for subject in ("approval_policy", "account_roles", "entitlement", "bundle", "portal_role"):
        answers = [
            rules.put(change, by=by, reason=reason)
            for change in plan.changes
            if change.subject == subject
        ]
        _stop([one for one in answers if isinstance(one, Problem)])
        result.outcomes += [one for one in answers if isinstance(one, Outcome)]
    _record(result, by, reason, digest)
    return result


def _stages(
    *, by: Actor, now: datetime, lives: Lives
) -> list[Callable[[list[Change]], Iterator[Problem]]]:
    """The facts in order; what one stage finds wrong is told together, then all stops."""

    def places(facts: list[Change]) -> Iterator[Problem]:
        for change in (one for one in facts if one.section in _STEPS):
            estate.put_place(change, by=by)
        yield from ()

    def persons(facts: list[Change]) -> Iterator[Problem]:
        mine = (one for one in facts if one.section == "people")
        yield from people.put(mine, by=by, now=now, lives=lives)

    def services(facts: list[Change]) -> Iterator[Problem]:
        for change in (one for one in facts if one.section == "services"):
            problem = estate.put_service(change, by=by)
            if problem:
                yield problem

    def principals(facts: list[Change]) -> Iterator[Problem]:
        for change in (one for one in facts if one.section == "principals"):
            problem = estate.put_principal(change, by=by, now=now)
            if problem:
                yield problem

    return [places, persons, services, principals]


def _stop(problems: list[Problem]) -> None:
    if problems:
        raise BadCatalogue(problems)


def _record(result: Result, by: Actor, reason: str, digest: str) -> None:
    """One event for the file itself, when it did anything; the rest share its correlation."""
    done = result.of(Status.DONE, Status.PROPOSED, Status.UNCONFIRMED)
    if done:
        audit.record(
            What.ESTATE_CHANGED,
            by=by,
            about=("catalogue", digest[:16]),
            after={"sha256": digest, "changes": len(done)},
            why=reason,
        )
