"""Database triggers of the record, on SQLite and PostgreSQL: append-only, and queued for sealing.

The application could be wrong; the database then refuses. Re-installed after every
migration (a rebuilt SQLite table loses its triggers) and looked for by a system check.
"""

import logging
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

TABLE = "accounts_event"
QUEUE = "accounts_unsealed"
REFUSAL = "the record is append-only"
QUEUEING = f"{TABLE}_to_seal"
STRIDE = 5_000

# Each protected table with its unique columns: by each of them a row could be replaced.
PROTECTED = {
    TABLE: ("id",),
    "accounts_seal": ("number", "previous", "digest"),
    "accounts_sealed": ("position", "event_id"),
}
_QUEUE_IT = f"INSERT INTO {QUEUE} (event_id) VALUES (NEW.id)"  # noqa: S608  (constants)
_TAKE_IN = f"""INSERT INTO {QUEUE} (event_id) SELECT e.id FROM {TABLE} e
    WHERE e.id BETWEEN %s AND %s
    AND NOT EXISTS (SELECT 1 FROM accounts_sealed s WHERE s.event_id = e.id)
    AND NOT EXISTS (SELECT 1 FROM {QUEUE} u WHERE u.event_id = e.id)"""  # noqa: S608  (constants)


def names(vendor: str) -> dict[str, set[str]]:
    """The triggers that must stand, by table."""
    kinds = {
        "sqlite": ("no_update", "no_delete", "no_replace"),
        "postgresql": ("append_only", "no_truncate"),
    }[vendor]
    standing = {table: {f"{table}_{kind}" for kind in kinds} for table in PROTECTED}
    standing[TABLE].add(QUEUEING)
    return standing


def drops(vendor: str) -> list[str]:
    """Statements after which no trigger of ours stands; for who owns the database."""
    on_table = " ON {table}" if vendor == "postgresql" else ""
    return [
        f"DROP TRIGGER IF EXISTS {name}" + on_table.format(table=table)
        for table, triggers in names(vendor).items()
        for name in sorted(triggers)
    ]


def _sqlite() -> list[str]:
    # REPLACE removes a row without firing the delete trigger (sqlite.org/lang_conflict.html).
    statements = []
    for table, unique in PROTECTED.items():
        same = " OR ".join(f"NEW.{one} IN (SELECT {one} FROM {table})" for one in unique)  # noqa: S608
        for verb, when in (
            ("update", f"BEFORE UPDATE ON {table}"),
            ("delete", f"BEFORE DELETE ON {table}"),
            ("replace", f"BEFORE INSERT ON {table} WHEN {same}"),
        ):
            refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            statements.append(f"CREATE TRIGGER {table}_no_{verb} {when} {refuse}")
    queue = f"AFTER INSERT ON {TABLE} BEGIN {_QUEUE_IT}; END"
    return [*statements, f"CREATE TRIGGER {QUEUEING} {queue}"]


def _postgresql() -> list[str]:
    refuse, queue = f"{TABLE}_refuse()", f"{QUEUEING}()"
    function = "CREATE OR REPLACE FUNCTION {} RETURNS trigger LANGUAGE plpgsql AS $$ {} $$"
    statements = [
        function.format(refuse, f"BEGIN RAISE EXCEPTION '{REFUSAL}'; END"),
        function.format(queue, f"BEGIN {_QUEUE_IT}; RETURN NULL; END"),
        f"CREATE TRIGGER {QUEUEING} AFTER INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {queue}",
    ]
    for table in PROTECTED:
        statements += [
            f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION {refuse}""",
            f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION {refuse}""",
        ]
    return statements


_PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    # O and A: they fire in an ordinary session (PostgreSQL, pg_trigger.tgenabled).
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s)"
    " AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
}


def install(connection: BaseDatabaseWrapper) -> None:
    create = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    with connection.cursor() as cursor:
        for statement in [*drops(connection.vendor), *create]:
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The triggers that do not stand. None are missing while the tables are not there yet."""
    if not _there(connection):
        return set()
    lacking: set[str] = set()
    with connection.cursor() as cursor:
        for table, wanted in names(connection.vendor).items():
            cursor.execute(_PRESENT[connection.vendor], [table])
            lacking |= wanted - {row[0] for row in cursor.fetchall()}
    return lacking


def installed(connection: BaseDatabaseWrapper) -> bool:
    return not missing(connection)


def install_after_migrate(using: str, **_signal: Any) -> None:
    connection = connections[using]
    if not _there(connection):
        return
    # One transaction: no event comes in between the old triggers and the new ones.
    with transaction.atomic(using=using):
        unqueued = QUEUEING in missing(connection)
        install(connection)
        if unqueued:
            _queue_strays(connection)


def _queue_strays(connection: BaseDatabaseWrapper) -> None:
    """Queue the events that were added while the queueing trigger was not there."""
    taken = 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT MIN(id), MAX(id) FROM {TABLE}")  # noqa: S608  (a constant)
        first, last = cursor.fetchone()
        for start in range(first, last + 1, STRIDE) if first is not None else ():
            cursor.execute(_TAKE_IN, [start, start + STRIDE - 1])
            taken += max(cursor.rowcount, 0)
    if taken:
        logger.warning("%s events were recorded without a queueing trigger; now queued", taken)


def _there(connection: BaseDatabaseWrapper) -> bool:
    return {*PROTECTED, QUEUE} <= set(connection.introspection.table_names())
