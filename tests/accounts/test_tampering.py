"""Whoever owns the database changes the record by SQL: each way is found, and where."""

import shutil

import pytest
from django.db import connection

from accounts.models import Event, Seal
from tests.accounts import sealing
from tests.accounts.sealing import found, owner

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="copies a file; see test_seals.py"),
]
KEYS = {sealing.public("first")}
# Seals 1 to 4 hold three events each, at positions 1 to 12; two more events wait.
AT = "(SELECT event_id FROM accounts_sealed WHERE position = {})"
FIVE, SIX = AT.format(5), AT.format(6)
COPY = ", ".join(f'"{one.column}"' for one in Event._meta.fields if one.column != "id")
INSERT = f"INSERT INTO accounts_event ({COPY}) SELECT {COPY} FROM accounts_event WHERE id = {FIVE}"
DIGEST = "'" + "0" * 63 + "1'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("record")


@pytest.fixture(autouse=True)
def _a_copy(folder, tmp_path, settings):
    """Each test has its own copy of one sealed history, which its owner will alter."""
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("first")]
    original = folder / "original.sqlite3"
    if not original.exists():
        sealing.history()
        sealing.recorded(2)
        sealing.keep(original)
    shutil.copy(original, tmp_path / "copy.sqlite3")
    with sealing.in_place_of_the_database(tmp_path / "copy.sqlite3"):
        yield


def places() -> set[tuple[str, int | None]]:
    """What is found, each with its position, or else its seal."""
    report = found(KEYS)
    assert report.found == len(report.findings)
    return {(one.code, one.position or one.seal) for one in report.findings}


def test_an_unaltered_copy_verifies():
    owner()
    report = found(KEYS)
    assert (report.is_clean, report.findings) == (True, [])
    assert (report.events, report.seals, report.unsealed) == (12, 4, 2)
    assert report.head["last_position"] == 12


EVENT = {
    "at": "'2020-01-01 00:00:00.000000'",
    "what": "'grant.ended'",
    "actor_kind": "'person'",
    "actor_id": "'9'",
    "on_behalf_of": "''",
    "channel": "'page'",
    "assurance": "'second_factor'",
    "object_kind": "'target'",
    "object_id": "'G-9'",
    "person_id": "'9'",
    "before": '\'{"share": 0.2, "until": null}\'',
    "after": "NULL",
    "rules": "'{\"policy\": 4}'",
    "aws": "'[]'",
    "note_digest": DIGEST,
    "correlation": "'other'",
    "seeded": "1",
}


def test_every_column_of_an_event_is_tried():
    assert EVENT.keys() | {"id"} == {one.column for one in Event._meta.fields}


def test_a_changed_column_of_an_event_is_found():
    for column, value in EVENT.items():
        with sealing.undone():
            owner(f"UPDATE accounts_event SET {column} = {value} WHERE id = {FIVE}")
            assert places() == {("event.changed", 5)}, column
    assert places() == set()


def test_an_event_under_another_id_is_found():
    owner(f"UPDATE accounts_event SET id = 999999 WHERE id = {FIVE}")
    assert places() == {("event.removed", 5), ("event.unsealed", None)}


SEAL = {
    "previous": DIGEST,
    "first_position": "5",
    "last_position": "5",
    "count": "2",
    "root": DIGEST,
    "at": "'2020-01-01 00:00:00.000000'",
    "key": f"'{sealing.public('foreign')}'",
    "next_key": f"'{sealing.public('foreign')}'",
    "digest": DIGEST,
}


def test_every_column_of_a_seal_is_tried():
    assert SEAL.keys() | {"number", "signature"} == {one.column for one in Seal._meta.fields}


# Seal 2, positions 4 to 6, said to hold others: then some stand under a wrong seal.
STRANGE = {
    "previous": {("seal.chain", 2)},
    "first_position": {("seal.chain", 2)},
    "last_position": {("position.strange", 6)},
}


@pytest.mark.parametrize("seal", [2, 4])
def test_a_changed_column_of_a_seal_is_found(seal):
    for column, value in SEAL.items():
        with sealing.undone():
            owner(f"UPDATE accounts_seal SET {column} = {value} WHERE number = {seal}")
            assert ("seal.changed", seal) in places(), column
            if seal == 2:
                assert places() - {("seal.changed", 2)} == STRANGE.get(column, set()), column
    assert places() == set()


def changed(first: int, last: int) -> list[tuple[str, int]]:
    return [("event.changed", position) for position in range(first, last + 1)]


def roots(first: int, last: int) -> list[tuple[str, int]]:
    return [("seal.root", number) for number in range(first, last + 1)]


FIT = "UPDATE accounts_sealed SET position = position + 100 WHERE position > {0}"
BACK = "UPDATE accounts_sealed SET position = position - 100 {1} WHERE position > 100"
OTHER = {
    "a removed event": ([f"DELETE FROM accounts_event WHERE id = {FIVE}"], {("event.removed", 5)}),
    "a removed event and its position": (
        [
            f"DELETE FROM accounts_event WHERE id = {FIVE}",
            "DELETE FROM accounts_sealed WHERE position = 5",
        ],
        {("position.missing", 5)},
    ),
    "a removed event, and the gap closed": (
        [
            f"DELETE FROM accounts_event WHERE id = {FIVE}",
            "DELETE FROM accounts_sealed WHERE position = 5",
            FIT.format(5),
            BACK.format(0, "- 1"),
        ],
        {*changed(5, 11), *roots(2, 3), ("position.missing", 12)},
    ),
    "the last events removed": (
        [f"DELETE FROM accounts_event WHERE id >= {AT.format(11)}"],
        {("event.removed", 11), ("event.removed", 12)},
    ),
    "the last events removed, and their positions": (
        [
            f"DELETE FROM accounts_event WHERE id >= {AT.format(11)}",
            "DELETE FROM accounts_sealed WHERE position >= 11",
        ],
        {("position.missing", 11)},
    ),
    "an event put in": ([INSERT], {("event.unsealed", None)}),
    "an event put in at the end, with a position": (
        [
            INSERT,
            "INSERT INTO accounts_sealed (position, event_id, digest)"
            f" VALUES (13, (SELECT MAX(id) FROM accounts_event), {DIGEST})",
        ],
        {("event.changed", 13), ("seal.missing", 13)},
    ),
    "an event put in between": (
        [
            INSERT,
            FIT.format(5),
            BACK.format(0, "+ 1"),
            "INSERT INTO accounts_sealed (position, event_id, digest)"
            f" VALUES (6, (SELECT MAX(id) FROM accounts_event), {DIGEST})",
        ],
        {*changed(6, 13), *roots(2, 4), ("seal.missing", 13)},
    ),
    "two events in each other’s place": (
        [
            f"UPDATE accounts_event SET id = -1 WHERE id = {FIVE}",
            f"UPDATE accounts_event SET id = {FIVE} WHERE id = {SIX}",
            f"UPDATE accounts_event SET id = {SIX} WHERE id = -1",
        ],
        {("event.changed", 5), ("event.changed", 6)},
    ),
    "two positions exchanged": (
        [
            "UPDATE accounts_sealed SET position = 100 WHERE position = 5",
            "UPDATE accounts_sealed SET position = 5 WHERE position = 6",
            "UPDATE accounts_sealed SET position = 6 WHERE position = 100",
        ],
        {*changed(5, 6), *roots(2, 2)},
    ),
    "positions renumbered": (
        [FIT.format(0), BACK.format(0, "+ 1")],
        {*changed(2, 13), *roots(2, 4), ("seal.missing", 13), ("position.missing", 1)},
    ),
    "another digest beside an event": (
        [f"UPDATE accounts_sealed SET digest = {DIGEST} WHERE position = 5"],
        {*changed(5, 5), *roots(2, 2)},
    ),
    "another event at a position": (
        [
            "UPDATE accounts_sealed SET event_id ="
            " (SELECT MIN(event_id) FROM accounts_unsealed) WHERE position = 5"
        ],
        {("event.changed", 5), ("event.unsealed", None)},
    ),
    "a seal removed from the middle": (
        ["DELETE FROM accounts_seal WHERE number = 2"],
        {("seal.missing", 3), ("position.strange", 4)},
    ),
    "the first seal removed": (
        ["DELETE FROM accounts_seal WHERE number = 1"],
        {("seal.missing", 2), ("position.strange", 1)},
    ),
    "the last seal removed": (
        ["DELETE FROM accounts_seal WHERE number = 4"],
        {("seal.missing", 10)},
    ),
    "the last seal and its positions removed": (
        [
            "DELETE FROM accounts_seal WHERE number = 4",
            "DELETE FROM accounts_sealed WHERE position >= 10",
        ],
        {("event.unsealed", None)},
    ),
    "a seal under another number": (
        ["UPDATE accounts_seal SET number = 9 WHERE number = 4"],
        {("seal.missing", 9), ("seal.changed", 9)},
    ),
    "another seal’s signature": (
        [
            "UPDATE accounts_seal SET signature ="
            " (SELECT signature FROM accounts_seal WHERE number = 1) WHERE number = 2"
        ],
        {("seal.signature", 2)},
    ),
    "no signature": (
        ["UPDATE accounts_seal SET signature = '' WHERE number = 2"],
        {("seal.signature", 2)},
    ),
    "another note": (["UPDATE accounts_note SET text = 'x'"], None),
    "an event kept from the sealer": (
        ["DELETE FROM accounts_unsealed"],
        {("event.unsealed", None)},
    ),
    "a time that is none": (
        [f"UPDATE accounts_event SET at = '2026-13-45 00:00:00' WHERE id = {FIVE}"],
        {("event.changed", 5)},
    ),
    "a document that is none": (
        [
            "PRAGMA ignore_check_constraints = ON",
            f"UPDATE accounts_event SET after = '{{' WHERE id = {FIVE}",
        ],
        {("event.changed", 5)},
    ),
    "a seal’s time that is none": (
        ["UPDATE accounts_seal SET at = '2026-13-45 00:00:00' WHERE number = 2"],
        {("seal.changed", 2)},
    ),
    "a seal’s position that is none": (
        ["UPDATE accounts_seal SET last_position = 'x' WHERE number = 2"],
        None,
    ),
}
ELSE = {
    "another note": {("note.changed", one) for one in (1, 4, 7, 10)},
    "a seal’s position that is none": {("seal.changed", 2), ("position.strange", 4)},
}


@pytest.mark.parametrize("way", OTHER)
def test_every_other_way_is_found_where_it_is(way):
    statements, wanted = OTHER[way]
    owner(*statements)
    assert places() == (ELSE[way] if wanted is None else wanted)


def test_an_event_and_its_digest_exchanged_do_not_fit_the_seal():
    owner(f"UPDATE accounts_event SET what = 'person.left' WHERE id = {FIVE}")
    sealing.digested(5)
    assert places() == {("seal.root", 2)}
    sealing.rooted(2)
    assert places() == {("seal.signature", 2), ("seal.chain", 3)}


def test_a_note_put_in_is_found():
    owner(
        "INSERT INTO accounts_note (event_id, salt, text)"
        " SELECT event_id, 's', 't' FROM accounts_sealed WHERE position = 5"
    )
    assert places() == {("note.added", 5)}
    owner("UPDATE accounts_note SET salt = 'x' WHERE salt <> 's'")
    assert ("note.changed", 4) in places()


def test_an_erased_note_is_none_of_it():
    owner("DELETE FROM accounts_note")
    report = found(KEYS)
    assert (report.findings, report.erased_notes) == ([], 4)


def test_a_trigger_that_is_gone_is_found():
    owner()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER accounts_sealed_no_delete")
    assert places() == {("triggers", None)}
