"""Helpers for tests of the seals: a record to seal, and a copy of its database to damage."""

import base64
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection, transaction

from accounts import actors, audit, triggers
from accounts.audit import What
from accounts.models import Event, Seal, Sealed, Unsealed
from accounts.seals import canonical, rows, sealer, signing, verify
from accounts.seals.findings import Report

BY = actors.system()


def secret(name: str) -> str:
    """A signing key by name, always the same one."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()


def public(name: str) -> str:
    return signing.signer(secret(name)).public


def recorded(number: int = 1, why: str = "") -> list[Event]:
    """Events in one transaction, with a bit of everything in them."""
    with transaction.atomic():
        return [
            audit.record(
                What.GRANT_MADE,
                by=BY,
                about=("grant", f"G-{index}"),
                person=index,
                on_behalf_of=7,
                before={"until": None, "share": 0.1},
                after={"ü": ["x", {"b": 1, "a": True}], "until": "2026-01-31"},
                rules={"policy": 3},
                aws=[{"id": "r-1", "at": "2026-01-31T09:30:00Z"}],
                why=why,
            )
            for index in range(number)
        ]


def history(seals: int = 4, each: int = 3) -> None:
    """Several seals of a few events, the first event of each with a note."""
    for _seal in range(seals):
        recorded(1, why="because of the audit")
        recorded(each - 1)
        assert sealer.seal_waiting() == each


def found(keys: Iterable[str] | None, copies: Iterable[str] | None = None) -> Report:
    return verify.database(keys, copies)


def codes(report: Report) -> set[str]:
    return {one.code for one in report.findings}


def owner(*statements: str) -> None:
    """Who owns the database: drops the triggers, does anything, puts them back."""
    with connection.cursor() as cursor:
        for statement in [*triggers.drops(connection.vendor), *statements]:
            cursor.execute(statement)
    triggers.install(connection)


def keep(path: Path) -> None:
    """The test database as it is now, in a file of its own."""
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)


@contextmanager
def in_place_of_the_database(path: Path) -> Iterator[None]:
    """Everything works on the SQLite file at `path`; foreign keys are not looked after there."""
    ours = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys = OFF")
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = ours


def resealed(first: int, name: str) -> None:
    """From seal `first` on, everything is sealed anew under the key of that name."""
    position = Seal.objects.get(number=first).first_position
    owner(
        "INSERT INTO accounts_unsealed (event_id)"
        f" SELECT event_id FROM accounts_sealed WHERE position >= {position}",
        f"DELETE FROM accounts_sealed WHERE position >= {position}",
        f"DELETE FROM accounts_seal WHERE number >= {first}",
    )
    signer = signing.signer(secret(name))
    while waiting := list(Unsealed.objects.order_by("pk").values_list("pk", flat=True)[:3]):
        head = Seal.objects.order_by("-number").first()
        events = rows.events(waiting, using="default")
        now = datetime.now(UTC)
        assert sealer._commit(sealer._signed(head, events, now, signer, ""), head)


@contextmanager
def undone() -> Iterator[None]:
    """Whatever the owner does in here is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def digested(position: int) -> None:
    """The digest beside the event at `position` is made to fit it."""
    row = Sealed.objects.get(position=position)
    event = rows.events([row.event_id], using="default")[row.event_id]
    digest = canonical.event_digest(position, event)
    owner(f"UPDATE accounts_sealed SET digest = '{digest}' WHERE position = {position}")


def rooted(number: int) -> None:
    """The seal is made to fit the digests of its events, and its own digest to fit it."""
    one = Seal.objects.get(number=number)
    held = Sealed.objects.filter(position__range=(one.first_position, one.last_position))
    one.root = canonical.root(held.order_by("position").values_list("digest", flat=True))
    digest = canonical.seal_digest(rows.seal_line(one))
    owner(
        f"UPDATE accounts_seal SET root = '{one.root}', digest = '{digest}' WHERE number = {number}"
    )
