"""The installation of docs/deploy.md on loopback: a grant, a worker that stops, a restore."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import databases
from tests.portal.test_metrics import parsed

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 900
REDIS = "redis://127.0.0.1:6379/11"
pytestmark = pytest.mark.processes


def needs_redis() -> None:
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=2).close()
    except OSError:
        pytest.skip("redis: nothing answers on 127.0.0.1:6379")


@pytest.mark.parametrize("vendor", ["postgresql", "sqlite"])
def test_the_installation_as_documented_takes_a_grant_its_whole_way(vendor, tmp_path):
    """PostgreSQL with Redis, as documented; SQLite with files, as on a first day."""
    broker = "filesystem://"
    if vendor == "postgresql":
        needs_redis()
        broker = REDIS
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "NO_PROXY") if name in os.environ}
    with databases.own(vendor, tmp_path) as url:
        place = {"STATE_DIR": str(tmp_path), "DATABASE_URL": url, "CELERY_BROKER_URL": broker}
        done = subprocess.run(
            [sys.executable, "-m", "tests.journeys.deployed"],
            cwd=ROOT,
            env={**kept, **place},
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
        )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["confirmed"]
    assert "policies.converge" in told["log"], "the approval's id is in the write worker's log"
    assert told["strangers"] == 404
    found = parsed(told["metrics"])
    assert found['gatehouse_aws_calls_total{service="servicecatalog",outcome="ok"}'] >= 3
    assert found['gatehouse_worker_age_seconds{queue="read"}'] < 60
    assert found['gatehouse_worker_age_seconds{queue="write"}'] < 60
    assert found["gatehouse_sweep_age_seconds"] < 60
    assert told["stopped"]
    assert told["returned"]
    assert told["restored"] == {"page": True}
