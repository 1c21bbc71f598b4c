"""Database triggers that make the record append-only, on SQLite and PostgreSQL.

The application could be wrong; the database then refuses. Re-installed after every
migration (a rebuilt SQLite table loses its triggers) and looked for by a system check.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "accounts_event"
REFUSAL = "the record is append-only"

# REPLACE removes a row without firing the delete trigger (sqlite.org/lang_conflict.html).
_SQLITE_WHEN = {
    "update": f"BEFORE UPDATE ON {TABLE}",
    "delete": f"BEFORE DELETE ON {TABLE}",
    "replace": f"BEFORE INSERT ON {TABLE} WHEN NEW.id IN (SELECT id FROM {TABLE})",  # noqa: S608  (TABLE is a constant)
}
_SQLITE = [
    statement
    for verb, when in _SQLITE_WHEN.items()
    for statement in (
        f"DROP TRIGGER IF EXISTS {TABLE}_no_{verb}",
        f"CREATE TRIGGER {TABLE}_no_{verb} {when} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    )
]
_POSTGRESQL = [
    f"""CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$""",
    f"DROP TRIGGER IF EXISTS {TABLE}_append_only ON {TABLE}",
    f"""CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()""",
    f"DROP TRIGGER IF EXISTS {TABLE}_no_truncate ON {TABLE}",
    f"""CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()""",
]
_NAMES = {
    "sqlite": {f"{TABLE}_no_{verb}" for verb in _SQLITE_WHEN},
    "postgresql": {f"{TABLE}_append_only", f"{TABLE}_no_truncate"},
}
_PRESENT = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
    # O and A: they fire in an ordinary session (PostgreSQL, pg_trigger.tgenabled).
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass(%s)"
    " AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
}


def install(connection: BaseDatabaseWrapper) -> None:
    statements = _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def installed(connection: BaseDatabaseWrapper) -> bool:
    """Whether all triggers stand. True too while the table itself is not there yet."""
    if TABLE not in connection.introspection.table_names():
        return True
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT[connection.vendor], [TABLE])
        standing = {row[0] for row in cursor.fetchall()}
    return standing >= _NAMES[connection.vendor]


def install_after_migrate(using: str, **_signal: Any) -> None:
    connection = connections[using]
    if TABLE in connection.introspection.table_names():
        install(connection)
