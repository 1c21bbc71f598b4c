"""Whoever owns the database changes the record by SQL: each way is found, and where."""

import pytest
from django.db import connection

from accounts.seals import verify
from tests.accounts import sealing

KEYS = {sealing.public("first")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("record")


@pytest.fixture
def owner(request, folder, tmp_path, django_db_blocker, settings):
    """A copy of one sealed history, in the hands of its owner."""
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("first")]
    original = folder / "original.sqlite3"
    if not original.exists():
        request.getfixturevalue("transactional_db")
        if connection.vendor != "sqlite":
            pytest.skip("copies a file; on PostgreSQL test_seals.py tries the same ways")
        sealing.history()
        sealing.recorded(2)
        sealing.keep(original)
    with django_db_blocker.unblock(), sealing.opened(original, tmp_path / "copy.db") as owner:
        yield owner


def test_an_unaltered_copy_verifies(owner):
    report = verify.database(KEYS, None, using="copy")
    print(report)
    assert report.is_clean
