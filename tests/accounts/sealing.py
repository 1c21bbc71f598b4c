"""Helpers for tests of the seals: a record to seal, and a copy of its database to damage."""

import base64
import hashlib
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, connections, transaction

from accounts import actors, audit, triggers
from accounts.audit import What
from accounts.models import Event
from accounts.seals import sealer, signing, verify
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


def found(keys: Iterable[str] | None, copies: Iterable[str] | None = None, **where: str) -> Report:
    return verify.database(keys, copies, **where)


def codes(report: Report) -> set[str]:
    return {one.code for one in report.findings}


class Owner:
    """Who owns the database: drops the triggers, does anything, puts them back."""

    def __init__(self, database: str) -> None:
        self.database = database

    def __call__(self, *statements: str) -> None:
        one = connections[self.database]
        with one.cursor() as cursor:
            for drop in triggers.drops(one.vendor):
                cursor.execute(drop)
            for statement in statements:
                cursor.execute(statement)
        triggers.install(one)


def keep(path: Path) -> None:
    """The test database as a file of its own, as it is now."""
    connection.ensure_connection()
    with sqlite3.connect(path) as copy:
        connection.connection.backup(copy)
    copy.close()


@contextmanager
def opened(original: Path, path: Path) -> Iterator[Owner]:
    """A copy of a kept database as the connection “copy”, without its foreign keys."""
    shutil.copy(original, path)
    connections.databases["copy"] = {**connections.databases["default"], "NAME": str(path)}
    try:
        connections["copy"].cursor().execute("PRAGMA foreign_keys = OFF")
        yield Owner("copy")
    finally:
        connections["copy"].close()
        del connections["copy"]
        del connections.databases["copy"]


Damage = Callable[[Owner], None]
