"""Each broker that answers here wakes real workers; losing its messages loses nothing."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 900
BROKERS = {
    "filesystem": (None, "filesystem://"),
    "redis": (6379, "redis://127.0.0.1:6379/9"),
    "rabbitmq": (5672, "amqp://guest:guest@127.0.0.1:5672//"),
}
pytestmark = pytest.mark.processes


@pytest.fixture(params=BROKERS)
def broker(request) -> str:
    """The address of a broker that answers; skips, saying so, when it does not."""
    port, address = BROKERS[request.param]
    if port is not None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except OSError:
            pytest.skip(f"{request.param}: nothing answers on 127.0.0.1:{port}")
    return address


def ran(tmp_path: Path, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SMOKE_", "DJANGO_")) and name != "DATABASE_URL"
    }
    kept |= {"STATE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
    )


def test_a_grant_whose_messages_are_lost_is_found_by_the_sweep_and_goes_its_whole_way(
    broker, tmp_path
):
    done = ran(tmp_path, "-m", "tests.journeys.through_broker", CELERY_BROKER_URL=broker)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["lost"] >= 1
    assert told["seen"]
    assert told["gone"]
