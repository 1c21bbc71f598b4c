"""Migrations after the first must let old and new code run side by side; this finds who does not.

`python -m tests.migration_rules` prints what it finds and ends with 1. A finding that is meant
stands in its migration with the reason: `waivers = {"RemoveField target.old": "read by nobody
since 1.3; contract step of 0007"}`. (The public linter reads SQL per vendor; operations tell
the same on both of our databases, without one.)
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

from django.db.migrations import operations as op
from django.db.migrations.migration import Migration
from django.db.models import ManyToManyField
from django.db.models.fields import NOT_PROVIDED

from accounts.migrating import AddIndexOnline

APPS = ("accounts", "policies", "portal")
FIRST = "0001_initial"
SHORTEST_REASON = 20
# Tables with a row for each thing that ever happened; the others have thousands of rows at most.
GROWING = {
    *("event", "note", "version", "notice", "idempotencykey"),
    *("request", "item", "step", "candidate", "decision", "comment", "inquiry"),
    *("grant", "delivery", "seen", "receipt", "key", "plan"),
}
CONTRACT = (op.RemoveField, op.RenameField, op.DeleteModel, op.RenameModel, op.AlterModelTable)
Finding = tuple[str, str]  # what, as waivers name it; why it is one


def findings(migration: Migration, state: Any) -> list[str]:
    """What is unsafe in a migration, waived findings left out. `state`: the models before it."""
    waivers = dict(getattr(migration, "waivers", {}))
    found = []
    new: set[str] = set()
    for operation in _flat(migration.operations):
        if isinstance(operation, op.CreateModel):
            new.add(operation.name_lower)
        for what, why in _judge(operation, migration, state, new):
            if len(str(waivers.pop(what, ""))) < SHORTEST_REASON:
                found.append(f"{migration}: {what}: {why}")
        operation.state_forwards(migration.app_label, state)
    return found + [f"{migration}: the waiver “{what}” waives nothing" for what in waivers]


def every_migration() -> list[str]:
    """The findings of all migrations of this house but the first of each app."""
    from django.db.migrations.loader import MigrationLoader
    from django.db.migrations.state import ProjectState

    loader = MigrationLoader(None)
    state, found, seen = ProjectState(), [], set()
    for leaf in sorted(loader.graph.leaf_nodes()):
        for key in loader.graph.forwards_plan(leaf):
            if key in seen:
                continue
            seen.add(key)
            migration = loader.graph.nodes[key]
            if key[0] in APPS and key[1] != FIRST:
                found += findings(migration, state)
            else:
                migration.mutate_state(state, preserve=False)
    return found


def _flat(operations: Any) -> Iterator[Any]:
    for one in operations:
        if isinstance(one, op.SeparateDatabaseAndState):
            yield from _flat([*one.database_operations, *one.state_operations])
        else:
            yield one


def _judge(operation: Any, migration: Migration, state: Any, new: set[str]) -> Iterator[Finding]:
    what = type(operation).__name__
    model = getattr(operation, "model_name_lower", getattr(operation, "name_lower", ""))
    if isinstance(operation, CONTRACT):
        name = getattr(operation, "name", getattr(operation, "old_name", ""))
        yield _named(what, model, name), "code of the version before still uses it: contract later"
    elif isinstance(operation, op.RunSQL):
        yield f"{what}", "say why no operation of Django does it, and how it is undone"
    elif isinstance(operation, op.RunPython):
        yield from _judge_code(operation, migration)
    elif model in new:
        return
    elif isinstance(operation, op.AddField):
        yield from _judge_new_field(what, model, operation.name, operation.field)
    elif isinstance(operation, op.AlterField):
        before = state.models[migration.app_label, model].fields[operation.name]
        yield from _judge_change(_named(what, model, operation.name), before, operation.field)
    elif isinstance(operation, op.AddIndex):
        yield from _judge_index(what, model, operation, migration)
    elif isinstance(operation, op.AddConstraint) and model in GROWING:
        name = _named(what, model, operation.constraint.name)
        yield name, "reads a table that grows while nobody can write: add it NOT VALID first"


def _judge_index(what: str, model: str, operation: Any, migration: Migration) -> Iterator[Finding]:
    if isinstance(operation, AddIndexOnline):
        if migration.atomic:
            yield _named(what, model, operation.index.name), "needs atomic = False"
    elif model in GROWING:
        name = _named(what, model, operation.index.name)
        yield name, "locks a table that grows: use accounts.migrating.AddIndexOnline"


def _named(what: str, model: str, name: str) -> str:
    return f"{what} {model}.{name}" if name and name.lower() != model else f"{what} {model}"


def _judge_code(operation: Any, migration: Migration) -> Iterator[Finding]:
    what = f"RunPython {operation.code.__name__}"
    if operation.reverse_code is None:
        yield what, "has no reverse: give RunPython.noop at least"
    if "in_batches" not in operation.code.__code__.co_names or migration.atomic:
        yield what, "use accounts.migrating.in_batches, and atomic = False"


def _judge_new_field(what: str, model: str, name: str, field: Any) -> Iterator[Finding]:
    if isinstance(field, ManyToManyField):
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield _named(what, model, name), "old code inserts without it: null=True or db_default"
    if model in GROWING and (field.db_index or field.unique):
        yield _named(what, model, name), "its index locks a table that grows: db_index=False first"


def _judge_change(what: str, before: Any, after: Any) -> Iterator[Finding]:
    if before.get_internal_type() != after.get_internal_type():
        yield what, "another type rewrites the table, and old code reads it: add a new column"
    shorter = (after.max_length or sys.maxsize) < (before.max_length or sys.maxsize)
    if shorter and after.get_internal_type() != "TextField":
        yield what, "a shorter length refuses what old code writes"
    if before.null and not after.null:
        yield what, "NOT NULL refuses what old code writes: backfill first, tighten later"
    had, has = (one.db_default is not NOT_PROVIDED for one in (before, after))
    if had and not has and not after.null:
        yield what, "without the database’s default old code cannot insert"
    if after.unique and not before.unique:
        yield what, "UNIQUE refuses what old code writes"


def main() -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    found = every_migration()
    print("\n".join(found) or "Migrations: old and new code can run side by side.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
