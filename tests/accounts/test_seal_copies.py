"""Copies of the seals outside the database: complete, and what only they can tell."""

import logging
import os

import pytest
from django.db import connection

from tests.accounts import sealing
from tests.accounts.sealing import found, owner

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = {sealing.public("first")}


@pytest.fixture(autouse=True)
def _key(settings):
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("first")]


def test_every_seal_is_printed_as_one_line(caplog):
    with caplog.at_level(logging.INFO, "accounts.seals.printed"):
        logging.getLogger("accounts.seals.printed").addHandler(caplog.handler)
        sealing.history(2)
        logging.getLogger("accounts.seals.printed").removeHandler(caplog.handler)
    lines = [one.getMessage() for one in caplog.records if one.name == "accounts.seals.printed"]
    assert len(lines) == 2
    assert found(KEYS, [f"worker[7]: {one}" for one in lines]).remarks == []


def test_the_file_of_copies_gets_what_it_missed(settings, tmp_path):
    sealing.history(1)
    settings.AUDIT_SEAL_FILE = str(tmp_path / "seals.ndjson")
    sealing.history(2)
    whole = (tmp_path / "seals.ndjson").read_text()
    assert whole.count("\n") == 3
    os.truncate(tmp_path / "seals.ndjson", len(whole) - 30)
    sealing.history(1)
    lines = (tmp_path / "seals.ndjson").read_text().splitlines()
    assert len(lines) == 5, "four seals and the line that was cut off"
    report = found(KEYS, lines)
    assert (report.findings, report.remarks) == ([], [])


def test_a_file_that_cannot_be_written_stops_no_sealing(settings, tmp_path, caplog):
    settings.AUDIT_SEAL_FILE = str(tmp_path / "none" / "seals.ndjson")
    sealing.history(1)
    assert "GH-314" in caplog.text


@pytest.fixture
def copies(settings, tmp_path) -> list[str]:
    """The lines of the copies of four seals."""
    settings.AUDIT_SEAL_FILE = str(tmp_path / "seals.ndjson")
    sealing.history(4)
    settings.AUDIT_SEAL_FILE = ""
    return (tmp_path / "seals.ndjson").read_text().splitlines()


def cut(number: int, position: int) -> None:
    """The end of the record goes, without leaving a trace in the database."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT event_id FROM accounts_sealed WHERE position = {position}")
        last = cursor.fetchone()[0]
    owner(
        f"DELETE FROM accounts_note WHERE event_id >= {last}",
        f"DELETE FROM accounts_sealed WHERE position >= {position}",
        f"DELETE FROM accounts_event WHERE id >= {last}",
        f"DELETE FROM accounts_seal WHERE number >= {number}",
    )


def test_an_end_that_was_cut_off_is_found_by_a_copy_alone(copies):
    cut(4, 10)
    alone = found(KEYS)
    assert alone.is_clean
    assert any("cut off" in one for one in alone.remarks)
    report = found(KEYS, copies)
    assert [(one.code, one.seal) for one in report.findings] == [("copy.beyond", 4)]


def test_a_record_sealed_anew_with_the_right_key_is_found_by_a_copy_alone(copies):
    eight = "(SELECT event_id FROM accounts_sealed WHERE position = 8)"
    owner(f"UPDATE accounts_event SET what = 'x' WHERE id = {eight}")
    assert sealing.codes(found(KEYS)) == {"event.changed"}
    sealing.resealed(3, "first")
    assert found(KEYS).findings == []
    report = found(KEYS, copies)
    wanted = [("copy.differs", 3), ("copy.differs", 4)]
    assert [(one.code, one.seal) for one in report.findings] == wanted


def test_an_installation_set_back_says_so_and_its_file_keeps_both(
    settings, tmp_path, copies, caplog
):
    cut(3, 7)
    settings.AUDIT_SEAL_FILE = str(tmp_path / "seals.ndjson")
    sealing.history(1)
    assert "GH-315" in caplog.text
    lines = (tmp_path / "seals.ndjson").read_text().splitlines()
    assert len(lines) == 5
    assert sealing.codes(found(KEYS, lines)) == {"copy.conflict", "copy.beyond"}


def test_a_copy_that_was_changed_accuses_nobody_else(copies):
    forged = [copies[0].replace('"count":3', '"count":4'), *copies[1:]]
    report = found(KEYS, forged)
    assert [(one.code, one.seal) for one in report.findings] == [("copy.changed", 1)]
