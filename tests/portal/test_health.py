"""What machines ask: alive, ready. And what `check --deploy` says of mail and the token."""

import json
import os
import subprocess
import sys

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from portal import checks

ASK = """
import json, django
django.setup()
from django.test import Client
client = Client(headers={"host": "127.0.0.1"})
paths = ("/healthz", "/readyz", "/metrics")
ask = {path: client.get(path, headers={"Authorization": "Bearer " + "t" * 32}) for path in paths}
print(json.dumps({path: [one.status_code, one.content.decode()] for path, one in ask.items()}))
"""


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_alive_asks_nothing_of_the_database_and_ready_does(path, db, django_assert_num_queries):
    if path == "/healthz":
        with django_assert_num_queries(0):
            answer = Client().get(path)
    else:
        answer = Client().get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.processes
def test_without_a_database_the_process_is_alive_and_not_ready(tmp_path):
    """On PostgreSQL's terms: an address where nothing listens."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "STATE_DIR": str(tmp_path),
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none?connect_timeout=2",
            "METRICS_TOKEN": "t" * 32,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["/healthz"][0] == 200
    for path in ("/readyz", "/metrics"):
        status, body = told[path]
        assert status == 503, path
        assert json.loads(body) == {
            "status": "not ready",
            "what": "database",
            "remedy": "The database does not answer.",
            "runbook": "GH-325",
        }
        assert "127.0.0.1:1" not in body


@pytest.mark.django_db
def test_missing_migrations_are_told_with_their_number():
    MigrationRecorder.Migration.objects.filter(app="policies").delete()
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["runbook"] == "GH-326"


def test_probes_are_answered_over_plain_http_and_metrics_are_not(settings):
    settings.SECURE_SSL_REDIRECT = True
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/metrics").status_code == 301


@pytest.mark.parametrize(
    ("backend", "numbers"),
    [
        ("django.core.mail.backends.console.EmailBackend", ["portal.E001"]),
        ("django.core.mail.backends.dummy.EmailBackend", ["portal.E001"]),
        ("django.core.mail.backends.filebased.EmailBackend", ["portal.E001"]),
        ("django.core.mail.backends.locmem.EmailBackend", ["portal.E001"]),
        ("django.core.mail.backends.smtp.EmailBackend", []),
        ("company.mail.EmailBackend", []),
    ],
)
def test_mail_that_leaves_nowhere_fails_the_deployment_check(settings, backend, numbers):
    settings.EMAIL_BACKEND = backend
    found = checks.mail_leaves()
    assert [one.id for one in found] == numbers
    assert all("GH-323" in str(one.hint) for one in found)


@pytest.mark.parametrize(
    ("length", "numbers"), [(0, []), (1, ["portal.E002"]), (31, ["portal.E002"])]
)
def test_a_short_metrics_token_fails_the_deployment_check(settings, length, numbers):
    settings.METRICS_TOKEN = "t" * length
    assert [one.id for one in checks.metrics_token_is_long()] == numbers


def test_a_token_as_the_hint_makes_it_passes(settings):
    settings.METRICS_TOKEN = "0" * 64
    assert checks.metrics_token_is_long() == []
