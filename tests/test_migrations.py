"""Migrations can be applied beside a portal at work; the linter for that finds every mistake."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ModelState, ProjectState

from accounts.migrating import AddIndexOnline, in_batches
from accounts.models import Notice
from policies.models import Beat
from tests import migration_rules


def test_every_migration_lets_old_and_new_code_run_side_by_side():
    assert migration_rules.every_migration() == []


def state() -> ProjectState:
    """A table that grows and one that does not."""
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("old", models.CharField(max_length=20, null=True)),
        ("told", models.CharField(max_length=20, db_default="")),
    ]
    both = ProjectState()
    for name in ("Event", "Beat"):
        both.add_model(ModelState("policies", name, fields))
    return both


def migration(*operations, atomic=True, **more) -> migrations.Migration:
    body = {"operations": list(operations), "atomic": atomic, **more}
    return type("Migration", (migrations.Migration,), body)("0099_x", "policies")


def forwards(apps, schema_editor):
    for _rows in in_batches(apps.get_model("policies", "Beat").objects.all()):
        pass


def at_once(apps, schema_editor):
    apps.get_model("policies", "Beat").objects.all().update(name="x")


text = models.CharField
INDEX = models.Index(fields=["old"], name="event_old")
ONE = models.UniqueConstraint(fields=["old"], name="event_old_once")
UNSAFE = {
    "RemoveField beat.old": migrations.RemoveField("Beat", "old"),
    "RenameField beat.old": migrations.RenameField("Beat", "old", "new"),
    "DeleteModel beat": migrations.DeleteModel("Beat"),
    "RenameModel beat": migrations.RenameModel("Beat", "Other"),
    "AlterModelTable beat": migrations.AlterModelTable("Beat", "other"),
    "AddField beat.new": migrations.AddField("Beat", "new", text(max_length=9, default="x")),
    "AddField event.one": migrations.AddField("Event", "one", text(unique=True, null=True)),
    "AlterField beat.old": migrations.AlterField("Beat", "old", models.TextField(null=True)),
    "AlterField beat.told": migrations.AlterField("Beat", "told", text(max_length=20)),
    "AddIndex event.event_old": migrations.AddIndex("Event", INDEX),
    "AddIndexOnline event.event_old": AddIndexOnline("Event", INDEX),
    "AddConstraint event.event_old_once": migrations.AddConstraint("Event", ONE),
    "RunSQL": migrations.RunSQL("SELECT 1"),
    "RunPython forwards": migrations.RunPython(forwards, migrations.RunPython.noop),
    "RunPython at_once": migrations.RunPython(at_once),
}
SHORTER = migrations.AlterField("Beat", "old", text(max_length=5, null=True))
STRICT = migrations.AlterField("Beat", "old", text(max_length=20))
UNIQUE = migrations.AlterField("Beat", "old", text(max_length=20, null=True, unique=True))


@pytest.mark.parametrize("what", UNSAFE)
def test_each_unsafe_operation_is_found_and_can_be_waived_with_a_reason(what):
    found = migration_rules.findings(migration(UNSAFE[what]), state())
    assert found
    assert all(f"0099_x: {what}: " in one for one in found)
    reason = {what: "old code does not use it since last year"}
    # One waiver waives one finding; what two rules find has to change.
    if len(found) == 1:
        assert migration_rules.findings(migration(UNSAFE[what], waivers=reason), state()) == []
    for short in ("", "because"):
        waived = migration(UNSAFE[what], waivers={what: short})
        assert migration_rules.findings(waived, state())


@pytest.mark.parametrize("operation", [SHORTER, STRICT, UNIQUE], ids=["shorter", "strict", "one"])
def test_tightening_a_column_is_found(operation):
    assert len(migration_rules.findings(migration(operation), state())) == 1


SAFE = [
    migrations.AddField("Beat", "new", text(max_length=9, db_default="")),
    migrations.AddField("Event", "new", text(max_length=9, null=True)),
    migrations.AlterField("Beat", "old", text("other words", max_length=30, null=True)),
    migrations.AddIndex("Beat", models.Index(fields=["old"], name="beat_old")),
    migrations.CreateModel("New", [("id", models.BigAutoField(primary_key=True))]),
]


@pytest.mark.parametrize("operation", SAFE, ids=lambda one: one.describe())
def test_what_only_adds_passes(operation):
    assert migration_rules.findings(migration(operation), state()) == []


def test_an_index_made_online_and_a_backfill_in_batches_pass():
    code = migrations.RunPython(forwards, migrations.RunPython.noop)
    careful = migration(AddIndexOnline("Event", INDEX), code, atomic=False)
    assert migration_rules.findings(careful, state()) == []


def test_a_waiver_that_waives_nothing_is_found():
    found = migration_rules.findings(migration(waivers={"RunSQL": "x" * 30}), state())
    assert "waives nothing" in found[0]


@pytest.mark.django_db
def test_batches_are_whole_and_in_order(company):
    for number in range(7):
        Notice.objects.create(person=company.ana, topic=f"t{number}")
    sizes = [rows.update(attempts=9) for rows in in_batches(Notice.objects.all(), size=3)]
    assert sum(sizes) == Notice.objects.filter(attempts=9).count() == Notice.objects.count()
    assert max(sizes) == 3


@pytest.mark.django_db(transaction=True)
def test_an_index_is_made_online_on_this_database():
    """PostgreSQL refuses CONCURRENTLY inside a transaction; SQLite knows no such word."""
    index = models.Index(fields=["at"], name="beat_at_for_a_test")
    before = ProjectState.from_apps(Beat._meta.apps)
    made = AddIndexOnline("Beat", index)
    after = before.clone()
    made.state_forwards("policies", after)
    with connection.schema_editor(atomic=False) as editor:
        made.database_forwards("policies", editor, before, after)
    try:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, Beat._meta.db_table)
        assert index.name in found
    finally:
        with connection.schema_editor(atomic=False) as editor:
            made.database_backwards("policies", editor, after, before)
