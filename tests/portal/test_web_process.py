"""The web process: holds nothing that could reach AWS, and sends the headers it promises."""

import json
import os
import subprocess
import sys

import pytest
from django.db.migrations.recorder import MigrationRecorder

from tests import factories as f


def test_serving_every_page_loads_nothing_that_reaches_aws(tmp_path):
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "STATE_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path}/walk.sqlite3",
        "ALLOWED_HOSTS": "testserver",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.portal.walk"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["loaded"] == []
    assert set(told["answers"].values()) <= {200, 302}, told["answers"]
    assert told["answers"]["ask"] == told["answers"]["approve"] == 302


@pytest.mark.django_db
def test_pages_are_never_cached_and_carry_a_strict_policy(company, as_):
    request = f.asked(company)
    for path in ("/", "/catalogue/", f"/requests/{request.ref}/", "/requests/"):
        answer = as_(company.ana).get(path)
        assert "no-store" in answer.headers["Cache-Control"], path
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.django_db
def test_ready_says_what_is_missing(company, as_):
    assert as_(None).get("/readyz").json() == {"status": "ok"}
    MigrationRecorder.Migration.objects.filter(app="policies").delete()
    answer = as_(None).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["remedy"] == "Run manage.py migrate."


@pytest.mark.django_db
def test_a_broken_page_is_explained_and_says_nothing_of_its_inside(company, as_, monkeypatch):
    client = as_(company.ana)
    client.raise_request_exception = False
    monkeypatch.setattr("portal.views.home._mine", lambda *_: 1 / 0)
    answer = client.get("/")
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "Something went wrong on our side" in page
    assert "ZeroDivisionError" not in page
