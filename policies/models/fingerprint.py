"""Which database this is: another answer means that it was restored or copied."""

from pathlib import Path

from django.db import connection

_POSTGRESQL = """
    SELECT (SELECT system_identifier FROM pg_control_system())::text
        || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())::text
        || '/' || to_regclass('policies_installation')::oid::text
"""


def fingerprint() -> str:
    """Stays the same as long as the tables are the ones that were migrated here.

    PostgreSQL: cluster, database and table (a dump restored makes a new table; a copy of
    the cluster keeps all three, and is found by the mark instead). SQLite: the file.
    """
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        return f"sqlite/{path.stat().st_ino}" if path.exists() else "sqlite/memory"
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL)
        row = cursor.fetchone()
    return f"postgresql/{row[0] if row else ''}"
