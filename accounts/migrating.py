"""For migrations that run beside a portal at work: indexes without a lock, backfill in batches.

Both need `atomic = False` in their migration. `tests/migration_rules.py` asks for them.
"""

from collections.abc import Iterator
from typing import Any

from django.db import models, transaction
from django.db.migrations.operations import AddIndex

BATCH = 500


class AddIndexOnline(AddIndex):
    """An index of a table that grows: PostgreSQL makes it CONCURRENTLY, SQLite as always."""

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        if schema_editor.connection.in_atomic_block:
            raise RuntimeError("AddIndexOnline needs atomic = False in its migration.")
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.add_index(model, self.index, concurrently=True)


def in_batches(rows: "models.QuerySet[Any]", size: int = BATCH) -> Iterator["models.QuerySet[Any]"]:
    """The rows in pieces, by primary key, each piece in a transaction of its own."""
    last = 0
    while keys := list(rows.order_by("pk").filter(pk__gt=last).values_list("pk", flat=True)[:size]):
        last = keys[-1]
        with transaction.atomic(using=rows.db):
            yield rows.filter(pk__in=keys)
