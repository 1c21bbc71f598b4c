"""The sealer: gapless, one key after the other, and no writer slips past. On both databases."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import actors, audit, seals, tasks, triggers
from accounts.audit import What
from accounts.models import Event, Note, Seal, Sealed, Unsealed
from accounts.seals import sealer, signing
from accounts.seals.sealer import CannotSeal
from tests.accounts import sealing
from tests.accounts.sealing import found, owner
from tests.policies.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite has one writer at a time"
)
KEYS = {sealing.public("first")}


@pytest.fixture(autouse=True)
def _key(settings):
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("first")]


def positions() -> list[int]:
    return list(Sealed.objects.order_by("position").values_list("position", flat=True))


def ids() -> list[int]:
    return list(Sealed.objects.order_by("position").values_list("event_id", flat=True))


def test_positions_have_no_gaps_where_ids_have(django_assert_num_queries):
    sealing.recorded(2)
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record(What.PERSON_JOINED, by=sealing.BY, about=("person", 1))
        raise RuntimeError("taken back")
    sealing.recorded(2)
    assert seals.seal_waiting() == 4
    assert positions() == [1, 2, 3, 4]
    assert ids() == sorted(Event.objects.values_list("pk", flat=True))
    assert seals.seal_waiting() == 0
    assert found(KEYS).findings == []
    with transaction.atomic(), django_assert_num_queries(1):
        audit.record(What.PERSON_JOINED, by=sealing.BY, about=("person", 1))


def test_a_batch_is_bounded_and_one_run_seals_everything(monkeypatch):
    monkeypatch.setattr(sealer, "BATCH", 4)
    sealing.recorded(10)
    assert seals.seal_waiting() == 10
    counts = Seal.objects.order_by("number").values_list("first_position", "last_position", "count")
    assert list(counts) == [(1, 4, 4), (5, 8, 4), (9, 10, 2)]
    assert found(KEYS).is_clean


def test_the_task_seals_and_says_why_it_cannot(settings, caplog):
    sealing.recorded(1)
    tasks.seal()
    assert Seal.objects.count() == 1
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("foreign")]
    sealing.recorded(1)
    tasks.seal()
    assert "GH-311" in caplog.text
    assert Seal.objects.count() == 1


def test_the_unsealed_age_is_that_of_the_event_that_waits_longest():
    now = datetime.now(UTC)
    assert seals.unsealed_age_seconds(now) == 0.0
    sealing.recorded(1)
    since = Unsealed.objects.get().since
    sealing.recorded(1)
    assert seals.unsealed_age_seconds(since + timedelta(seconds=90)) == 90.0
    assert seals.unsealed_age_seconds(since - timedelta(seconds=90)) == 0.0
    seals.seal_waiting()
    assert seals.unsealed_age_seconds(since + timedelta(seconds=90)) == 0.0


def test_erased_notes_still_verify_and_changed_ones_do_not():
    sealing.recorded(1, why="because of the audit")
    seals.seal_waiting()
    assert found(KEYS).erased_notes == 0
    Note.objects.update(text="other words")
    assert sealing.codes(found(KEYS)) == {"note.changed"}
    Note.objects.all().delete()
    report = found(KEYS)
    assert (report.findings, report.erased_notes) == ([], 1)


# Who signs.


def test_a_new_key_is_handed_over_to_by_the_old_one_in_the_chain(settings):
    sealing.history(2)
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second"), sealing.secret("first")]
    sealing.history(2)
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second")]
    sealing.history(1)
    signed = Seal.objects.order_by("number").values_list("key", "next_key", "count")
    first, second = sealing.public("first"), sealing.public("second")
    assert list(signed) == [
        (first, "", 3),
        (first, "", 3),
        (first, second, 0),
        *[(second, "", 3)] * 3,
    ]
    report = found(KEYS)
    assert report.findings == []
    assert [(one["first_seal"], one["last_seal"]) for one in report.keys] == [(1, 3), (4, 6)]
    assert sealing.codes(found({second})) == {"seal.key"}


def test_a_change_of_keys_needs_no_event_to_happen(settings):
    sealing.history(1)
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second"), sealing.secret("first")]
    assert seals.seal_waiting() == 0
    assert Seal.objects.get(number=2).next_key == sealing.public("second")
    assert seals.seal_waiting() == 0
    assert Seal.objects.count() == 2


def test_without_the_old_key_nothing_is_sealed_and_nothing_is_lost(settings):
    sealing.history(1)
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second")]
    sealing.recorded(1)
    with pytest.raises(CannotSeal, match="GH-311"):
        seals.seal_waiting()
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second"), sealing.secret("first")]
    assert seals.seal_waiting() == 1
    assert found(KEYS).is_clean


def test_a_foreign_key_is_found_from_the_seal_it_signed_on():
    sealing.history(4)
    sealing.resealed(3, "foreign")
    report = found(KEYS)
    assert [(one.code, one.seal) for one in report.findings] == [("seal.key", 3)]
    assert sealing.codes(found(None)) == {"seal.key"}


def test_a_whole_new_record_under_a_foreign_key_is_found_by_who_kept_the_key():
    sealing.history(4)
    sealing.resealed(1, "foreign")
    assert [(one.code, one.seal) for one in found(KEYS).findings] == [("seal.key", 1)]
    unaided = found(None)
    assert unaided.is_clean
    assert any("No public keys were given" in one for one in unaided.remarks)


def test_a_retired_key_does_not_come_back(settings):
    sealing.history(2)
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second"), sealing.secret("first")]
    sealing.history(2)
    sealing.resealed(5, "first")
    both = KEYS | {sealing.public("second")}
    assert [(one.code, one.seal) for one in found(both).findings] == [("seal.key", 5)]


def test_a_known_key_without_a_handover_is_told_and_let_pass():
    sealing.history(2)
    sealing.resealed(2, "second")
    report = found(KEYS | {sealing.public("second")})
    assert report.findings == []
    assert "without a handover" in report.remarks[0]


def test_nothing_is_built_on_a_seal_that_was_changed():
    sealing.history(1)
    owner("UPDATE accounts_seal SET last_position = 7")
    sealing.recorded(1)
    with pytest.raises(CannotSeal, match="GH-312"):
        seals.seal_waiting()
    assert Seal.objects.count() == 1


def test_a_position_in_the_way_stops_the_sealer_and_is_told():
    sealing.history(1)
    sealing.recorded(2)
    owner(
        "INSERT INTO accounts_sealed (position, event_id, digest)"
        " SELECT 4, MAX(event_id), 'x' FROM accounts_unsealed"
    )
    with pytest.raises(CannotSeal, match="GH-312"):
        seals.seal_waiting()


def test_an_event_that_cannot_be_read_keeps_no_other_from_being_sealed(caplog):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps its columns’ types")
    first, *_others = sealing.recorded(3)
    owner(f"UPDATE accounts_event SET at = '2026-13-45 00:00:00' WHERE id = {first.pk}")
    assert seals.seal_waiting() == 2
    assert "GH-313" in caplog.text
    assert str(first.pk) in caplog.text
    assert found(KEYS).unsealed == 1


def test_a_private_key_shows_in_no_text():
    one = signing.signer(sealing.secret("first"))
    assert sealing.secret("first") not in repr(one)
    assert "Private" not in repr(one)


# Two at once, and writers that stay open.


@pytest.mark.parametrize("attempt", range(3))
def test_two_sealers_at_once_seal_each_event_once(monkeypatch, attempt):
    monkeypatch.setattr(sealer, "BATCH", 5)
    sealing.recorded(40)
    raised = at_once(*[seals.seal_waiting] * 3)
    assert raised == [None] * 3, raised
    seals.seal_waiting()
    assert positions() == list(range(1, 41))
    assert not Unsealed.objects.exists()
    assert found(KEYS).findings == []


def test_writers_and_sealers_at_once_leave_nothing_unsealed():
    def writing() -> None:
        for _ in range(15):
            sealing.recorded(2)

    stop = threading.Event()

    def sealing_on() -> None:
        while not stop.is_set():
            seals.seal_waiting()

    sealers = [threading.Thread(target=_closing, args=(sealing_on,)) for _ in range(2)]
    for one in sealers:
        one.start()
    raised = at_once(*[writing] * 3)
    stop.set()
    for one in sealers:
        one.join()
    assert raised == [None] * 3, raised
    seals.seal_waiting()
    assert positions() == list(range(1, 91))
    assert found(KEYS).findings == []


def _closing(work) -> None:
    try:
        work()
    finally:
        connection.close()


@postgresql
def test_who_commits_late_is_sealed_and_holds_nobody_up():
    """An event with a lower id, committed after higher ones were sealed."""
    opened, committed = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            audit.record(What.PERSON_JOINED, by=actors.system(), about=("person", "late"))
            opened.set()
            assert committed.wait(30)

    writer = threading.Thread(target=_closing, args=(late,))
    writer.start()
    try:
        assert opened.wait(30)
        sealing.recorded(2)
        assert seals.seal_waiting() == 2, "an open writer holds nobody up"
        sealing.recorded(1)
        assert seals.seal_waiting() == 1
    finally:
        committed.set()
        writer.join()
    late_id = Event.objects.get(object_id="late").pk
    assert late_id < min(ids())
    assert seals.seal_waiting() == 1, "and is not passed by"
    assert ids()[-1] == late_id
    assert positions() == [1, 2, 3, 4]
    assert found(KEYS).findings == []


@postgresql
def test_what_is_sealed_is_never_what_was_taken_back():
    with transaction.atomic():
        sealing.recorded(1)
        raised = at_once(seals.seal_waiting)
        assert raised == [None]
        assert not Sealed.objects.exists()
        transaction.set_rollback(True)
    assert seals.seal_waiting() == 0


# What the database refuses, and what its owner does.

REFUSED = [
    "UPDATE accounts_seal SET count = 9",
    "DELETE FROM accounts_seal",
    "UPDATE accounts_sealed SET digest = 'x'",
    "DELETE FROM accounts_sealed",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_itself_refuses_every_change_of_a_seal(statement):
    sealing.history(1)
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["accounts_seal", "accounts_sealed"])
def test_no_row_of_a_seal_is_replaced(table):
    sealing.history(1)
    way = {
        "sqlite": f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "postgresql": f"TRUNCATE {table} CASCADE",
    }[connection.vendor]
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(way)


def test_an_event_recorded_while_the_trigger_was_missing_is_taken_in_by_migrate(caplog):
    sealing.recorded(1)
    seals.seal_waiting()
    with connection.cursor() as cursor:
        for statement in triggers.drops(connection.vendor):
            cursor.execute(statement)
    sealing.recorded(2)
    assert seals.seal_waiting() == 0
    triggers.install_after_migrate("default")
    assert "2 events" in caplog.text
    assert seals.seal_waiting() == 2
    assert found(KEYS).is_clean


FIVE = "(SELECT event_id FROM accounts_sealed WHERE position = 5)"
WAYS = {
    "UPDATE accounts_event SET what = 'x' WHERE id = " + FIVE: {("event.changed", 5)},
    "UPDATE accounts_event SET after = '{}' WHERE id = " + FIVE: {("event.changed", 5)},
    "DELETE FROM accounts_sealed WHERE position = 5": {
        ("position.missing", 5),
        ("event.unsealed", None),
    },
    "DELETE FROM accounts_seal WHERE number = 2": {("seal.missing", 3), ("position.strange", 4)},
    "DELETE FROM accounts_seal WHERE number = 4": {("seal.missing", 10)},
    "UPDATE accounts_seal SET at = at - interval '1 day' WHERE number = 2": {("seal.changed", 2)},
    "UPDATE accounts_seal SET signature = 'x' WHERE number = 2": {("seal.signature", 2)},
    "DELETE FROM accounts_unsealed": {("event.unsealed", None)},
}


@postgresql
@pytest.mark.parametrize("statement", WAYS)
def test_the_owner_of_a_postgresql_database_is_found_out(statement):
    sealing.history()
    sealing.recorded(1)
    assert found(KEYS).findings == []
    owner(statement)
    report = found(KEYS)
    assert {(one.code, one.position or one.seal) for one in report.findings} == WAYS[statement]
