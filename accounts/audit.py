"""The record. One function adds an event, in the caller's transaction; nothing changes one."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Event, Note

BATCH = 500  # rows in one statement


class What(StrEnum):
    """Everything that can be recorded. Past facts; a retired one stays listed with a remark."""

    PERSON_JOINED = "person.joined"
    PERSON_MOVED = "person.moved"
    PERSON_SUSPENDED = "person.suspended"
    PERSON_RESUMED = "person.resumed"
    PERSON_LEFT = "person.left"
    ROLE_GIVEN = "portal_role.given"
    ROLE_ENDED = "portal_role.ended"
    PRINCIPAL_REGISTERED = "principal.registered"
    PRINCIPAL_CONFIRMED = "principal.confirmed"
    PRINCIPAL_REJECTED = "principal.rejected"
    PRINCIPAL_IDENTIFIED = "principal.identified"
    SIGN_IN_LINK_SENT = "person.sign_in_link_sent"
    SERVICE_ADDED = "service.added"
    CLIENT_ADDED = "api_client.added"
    TOKEN_CREATED = "api_token.created"  # noqa: S105
    TOKEN_CONFIRMED = "api_token.confirmed"  # noqa: S105
    TOKEN_ENDED = "api_token.ended"  # noqa: S105
    REQUEST_ASKED = "request.asked"
    REQUEST_PREVIEWED = "request.previewed"
    REQUEST_ROUTED = "request.routed"
    REQUEST_IDENTITY_GIVEN = "request.identity_given"
    REQUEST_STEP_APPROVED = "request.step_approved"
    REQUEST_APPROVED = "request.approved"
    REQUEST_DECLINED = "request.declined"
    REQUEST_ASKED_BACK = "request.asked_back"
    REQUEST_ANSWERED = "request.answered"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_CLOSED = "request.closed"
    GRANT_MADE = "grant.made"
    GRANT_SHORTENED = "grant.shortened"
    GRANT_SEEN = "grant.seen"
    GRANT_ENDED = "grant.ended"
    GRANT_GONE = "grant.gone"
    GRANT_MOVED = "grant.moved"
    GRANT_CUT = "grant.cut"
    GRANT_CUT_SEEN = "grant.cut_seen"
    GRANT_CUT_GONE = "grant.cut_gone"
    TARGET_PLANNED = "target.planned"
    TARGET_WRITTEN = "target.written"
    TARGET_WRITE_REFUSED = "target.write_refused"
    TARGET_WRITE_LOST = "target.write_lost"
    TARGET_SETTLED = "target.settled"
    TARGET_HELD = "target.held"
    TARGET_STUCK = "target.stuck"
    TARGET_RETRIED = "target.retried"
    TARGET_DRIFTED = "target.drifted"
    TARGET_BRAKED = "target.braked"
    TARGET_RELEASED = "target.released"
    TARGET_REPAIR_SET = "target.repair_set"
    TARGET_MANAGER_SET = "target.manager_set"
    KEY_TAKEN_OVER = "key.taken_over"
    KEY_RESTORED = "key.restored"
    FOREIGN_IGNORED = "foreign.ignored"
    FROZEN = "freeze.begun"
    UNFROZEN = "freeze.lifted"
    PROPOSAL_MADE = "proposal.made"
    PROPOSAL_ACCEPTED = "proposal.accepted"
    PROPOSAL_DECLINED = "proposal.declined"
    ESTATE_CHANGED = "estate.changed"
    RECEIPT_OPENED = "receipt.opened"
    AUDIT_KEY_REPLACED = "audit_key.replaced"


def record(
    what: What,
    *,
    by: Actor,
    about: tuple[str, object],
    person: object = "",
    on_behalf_of: object = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    rules: dict[str, Any] | None = None,
    aws: Sequence[dict[str, Any]] = (),
    why: str = "",
) -> Event:
    """Add one event. `about` is (kind, id or reference); `why` goes to an erasable note.

    Must run inside the transaction of the change it tells: raises RuntimeError outside one.
    """
    _check_transaction()
    salt = secrets.token_hex(16) if why else ""
    event = Event.objects.create(
        what=what,
        actor_kind=by.kind,
        actor_id=by.id,
        on_behalf_of=str(on_behalf_of or ""),
        channel=by.channel,
        assurance=by.assurance,
        object_kind=about[0],
        object_id=str(about[1]),
        person_id=str(person or ""),
        before=before,
        after=after,
        rules=rules or {},
        aws=list(aws),
        note_digest=note_digest(salt, why) if why else "",
        correlation=by.correlation,
    )
    if why:
        Note.objects.create(event=event, salt=salt, text=why)
    return event


@dataclass(frozen=True)
class Fact:
    """One of many events of the same sort, without words of its own."""

    by: Actor
    about: tuple[str, object]
    person: object = ""
    after: dict[str, Any] | None = None


def record_all(what: What, facts: Sequence[Fact]) -> None:
    """The same as `record` for each of `facts`, in their order, at the cost of one."""
    _check_transaction()
    Event.objects.bulk_create(
        [
            Event(
                what=what,
                actor_kind=fact.by.kind,
                actor_id=fact.by.id,
                channel=fact.by.channel,
                assurance=fact.by.assurance,
                object_kind=fact.about[0],
                object_id=str(fact.about[1]),
                person_id=str(fact.person or ""),
                after=fact.after,
                correlation=fact.by.correlation,
            )
            for fact in facts
        ],
        batch_size=BATCH,
    )


def _check_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("Record inside the transaction that makes the change (GH-302).")


def note_digest(salt: str, text: str) -> str:
    return hashlib.sha256((salt + text).encode()).hexdigest()
