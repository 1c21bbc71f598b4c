"""The record: in the change's own transaction, never changed afterwards, without names."""

from itertools import pairwise

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from accounts import actors, audit, history, triggers
from accounts.audit import What
from accounts.checks import record_is_append_only
from accounts.models import Event, Note, Version
from accounts.notices import tell
from accounts.secrets import open_sealed, seal
from tests import factories as f

BY = actors.system()


def recorded(why: str = "") -> Event:
    return audit.record(What.PERSON_JOINED, by=BY, about=("person", 7), why=why)


TAMPERING = {
    "update one": "UPDATE accounts_event SET what = 'x' WHERE id = {id}",
    "update all": "UPDATE accounts_event SET actor_id = ''",
    "delete one": "DELETE FROM accounts_event WHERE id = {id}",
    "delete all": "DELETE FROM accounts_event",
    "truncate": "TRUNCATE accounts_event CASCADE",
    "replace": "INSERT OR REPLACE INTO accounts_event SELECT {columns} FROM accounts_event",
    "upsert": "INSERT INTO accounts_event SELECT {columns} FROM accounts_event WHERE true"
    " ON CONFLICT (id) DO UPDATE SET what = 'x'",
}


@pytest.mark.django_db
@pytest.mark.parametrize("way", TAMPERING)
def test_the_database_itself_refuses_every_change_of_an_event(way):
    event = recorded()
    before = Event.objects.values().get()
    columns = ", ".join(
        "'x'" if field.column == "what" else f'"{field.column}"' for field in Event._meta.fields
    )
    statement = TAMPERING[way].format(id=event.pk, columns=columns)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.values().get() == before


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite has OR REPLACE")
def test_replacing_is_refused_by_our_trigger_and_not_by_a_mistake_in_the_statement():
    recorded()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(
            "INSERT OR REPLACE INTO accounts_event SELECT * FROM accounts_event"
        )


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_the_transaction_of_its_change_is_refused():
    with pytest.raises(RuntimeError, match="GH-302"):
        recorded()
    assert not Event.objects.exists()


def missing_triggers() -> list[str]:
    found = run_checks(databases=["default"], tags=["database"])
    assert found == record_is_append_only(databases=["default"])
    return [one.id for one in found if "migrate" in one.hint]


@pytest.mark.django_db(transaction=True)
def test_a_dropped_trigger_is_found_by_the_check_and_migrate_puts_it_back():
    assert missing_triggers() == []
    table = triggers.TABLE
    drops = {
        "sqlite": [f"DROP TRIGGER {table}_no_{verb}" for verb in ("update", "delete", "replace")],
        "postgresql": [
            f"DROP TRIGGER {table}_append_only ON {table}",
            f"DROP TRIGGER {table}_no_truncate ON {table}",
            f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only",
            f"ALTER TABLE {table} ENABLE REPLICA TRIGGER {table}_append_only",
        ],
    }
    for drop in drops[connection.vendor]:
        with connection.cursor() as cursor:
            cursor.execute(drop)
        assert missing_triggers() == ["accounts.E001"], drop
        call_command("migrate", verbosity=0, skip_checks=True)
        assert missing_triggers() == [], drop


@pytest.mark.django_db
def test_a_trigger_of_another_name_does_not_pass_for_ours():
    if connection.vendor != "sqlite":
        pytest.skip("shown on SQLite")
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {triggers.TABLE}_no_delete")
        cursor.execute(
            f"CREATE TRIGGER harmless BEFORE DELETE ON {triggers.TABLE} BEGIN SELECT 1; END"
        )
    assert not triggers.installed(connection)


@pytest.mark.django_db
def test_a_note_proves_the_words_and_can_be_erased_without_a_trace_of_them():
    event = recorded(why="because of the audit")
    note = Note.objects.get()
    assert audit.note_digest(note.salt, note.text) == event.note_digest
    assert audit.note_digest(note.salt, "other words") != event.note_digest
    assert recorded(why="because of the audit").note_digest != event.note_digest, "salted"
    note.delete()
    event.refresh_from_db()
    assert event.note_digest
    assert "audit" not in str(Event.objects.values())


@pytest.mark.django_db
def test_the_facts_of_any_day_are_a_query_without_a_gap_between_versions():
    for number in range(5):
        history.keep("thing", "x", {"number": number})
        history.keep("thing", "x", {"number": number})
    versions = list(Version.objects.filter(subject="thing").order_by("pk"))
    assert [one.facts["number"] for one in versions] == [0, 1, 2, 3, 4]
    for earlier, later in pairwise(versions):
        assert earlier.until_at == later.from_at
        if later.from_at != (later.until_at or f.later(1)):
            assert history.as_of("thing", "x", later.from_at) == later.facts
    assert history.as_of("thing", "x", f.later(1)) == {"number": 4}
    assert history.as_of("thing", "x", f.later(-1)) is None
    assert history.as_of("thing", "other", f.now()) is None


@pytest.mark.django_db
def test_what_is_sealed_reads_back_and_does_not_lie_in_clear():
    sealed = seal("the encoded message")
    assert "encoded" not in sealed
    assert open_sealed(sealed) == "the encoded message"


@pytest.mark.django_db
def test_a_notice_holds_references_and_no_words():
    person = f.person("Nia New")
    tell(person.pk, "request_decided", request="R-1", state="approved")
    notice = person.notices.get()
    assert (notice.facts, notice.sent_at) == ({"request": "R-1", "state": "approved"}, None)
