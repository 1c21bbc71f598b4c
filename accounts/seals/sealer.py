"""The sealer: takes what waits, gives it positions, signs. Safe when two run at once."""

import logging
import time
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import Seal, Sealed, Unsealed
from accounts.seals import canonical, copies, rows, signing

logger = logging.getLogger(__name__)

BATCH = 500
LONGEST_RUN_SECONDS = 20.0


class CannotSeal(Exception):
    """Nothing is sealed until a person acts. The text says what to do."""


def seal_waiting() -> int:
    """Seal what waits, batch by batch; how many events were sealed. Raises CannotSeal.

    Every seal is copied outside at once (`accounts.seals.copies`). A run that takes longer
    than LONGEST_RUN_SECONDS leaves the rest to the next one.
    """
    began, sealed, fresh = time.monotonic(), 0, None
    while time.monotonic() - began < LONGEST_RUN_SECONDS:
        fresh = seal_batch()
        if fresh is None:
            break
        copies.tell(fresh)
        sealed += fresh.count
    copies.catch_up()
    return sealed


def seal_batch(*, without_handover: bool = False) -> Seal | None:
    """One seal more, or None: nothing waits, or another sealer was first. Raises CannotSeal.

    Reads first and writes in one short transaction. That the head has not moved and none of
    the events was sealed meanwhile is what the unique columns see to.
    """
    head = Seal.objects.annotate(now=Now()).order_by("-number").first()
    signer, next_key = _who_signs(head, without_handover=without_handover)
    waiting = list(
        Unsealed.objects.annotate(now=Now()).order_by("pk").values_list("event", "now")[:BATCH]
    )
    events = _readable([event for event, _now in waiting])
    if next_key:
        events = {}  # a change of keys stands alone
    elif not events:
        return None
    now = waiting[0][1] if waiting else getattr(head, "now")  # noqa: B009  (an annotation)
    return _commit(_signed(head, events, now, signer, next_key), head)


def unsealed_age_seconds(now: datetime) -> float:
    """How long the oldest unsealed event has waited; 0 when nothing waits."""
    since = Unsealed.objects.order_by("pk").values_list("since", flat=True).first()
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def _who_signs(head: Seal | None, *, without_handover: bool) -> tuple[signing.Signer, str]:
    """Who signs the next seal, and the key that it hands over to, if any.

    `without_handover` is for a key that is lost: the newest one goes on, if it never signed.
    """
    ours = signing.signers()
    if head is None and not without_handover:
        return ours[0], ""
    if head is None:
        raise CannotSeal("Nothing was sealed yet: no key can be lost.")
    _check(head)
    turn = head.next_key or head.key
    known = {one.public: one for one in ours}
    if turn in known and without_handover:
        raise CannotSeal("The key that is due is here: nothing was lost, nothing was done.")
    if turn in known:
        return known[turn], ours[0].public if ours[0].public != turn else ""
    if not without_handover:
        raise CannotSeal(
            f"The seals so far were signed by key {signing.key_id(turn)}, which is not among "
            "AUDIT_SIGNING_KEYS here. Put it back beside the new one, and give all workers the "
            "same keys (GH-311)."
        )
    if Seal.objects.filter(key=ours[0].public).exists():
        raise CannotSeal(
            "A key that has signed before does not come back. Make a new one (GH-311)."
        )
    return ours[0], ""


def _check(head: Seal) -> None:
    """Nothing is built on a seal that somebody changed. Raises CannotSeal."""
    line = rows.seal_line(head)
    whole = canonical.seal_digest(line) == head.digest
    if not whole or not signing.holds(head.key, head.signature, canonical.seal_bytes(line)):
        raise CannotSeal(
            f"Seal {head.number}, the last one, is not as it was signed. Run manage.py "
            "verify_audit, and keep the database as it is for evidence (GH-312)."
        )


def _readable(ids: list[int]) -> dict[int, rows.Row]:
    found = rows.events(ids, using="default")
    unreadable = sorted(set(ids) - {one for one, row in found.items() if row})
    if unreadable:
        logger.error("events %s cannot be read and stay unsealed (GH-313)", unreadable[:20])
    return {one: found[one] for one in ids if found.get(one)}


def _signed(
    head: Seal | None,
    events: dict[int, rows.Row],
    now: datetime,
    signer: signing.Signer,
    next_key: str,
) -> tuple[Seal, list[Sealed]]:
    first = head.last_position + 1 if head else 1
    sealed = [
        Sealed(position=position, event_id=one, digest=canonical.event_digest(position, row))
        for position, (one, row) in enumerate(events.items(), first)
    ]
    fields: dict[str, Any] = {
        "number": head.number + 1 if head else 1,
        "previous": head.digest if head else canonical.FIRST,
        "first_position": first,
        "last_position": first + len(sealed) - 1,
        "count": len(sealed),
        "root": canonical.root(one.digest for one in sealed),
        "key": signer.public,
        "next_key": next_key,
    }
    data = canonical.seal_bytes({**fields, "at": canonical.moment(now)})
    digest = canonical.seal_digest({**fields, "at": canonical.moment(now)})
    return Seal(**fields, at=now, digest=digest, signature=signer.sign(data)), sealed


def _commit(made: tuple[Seal, list[Sealed]], head: Seal | None) -> Seal | None:
    seal, sealed = made
    try:
        with transaction.atomic():
            seal.save(force_insert=True)
            Sealed.objects.bulk_create(sealed)
            Unsealed.objects.filter(pk__in=[one.event_id for one in sealed]).delete()
    except IntegrityError as error:
        newest = Seal.objects.order_by("-number").values_list("number", flat=True).first()
        if newest == (head.number if head else None):
            raise CannotSeal(
                f"The database refused the next seal: {error}. Run manage.py verify_audit (GH-312)."
            ) from error
        return None
    return seal
