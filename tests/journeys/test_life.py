"""A worker's sign of life comes while its only slot is busy, in every pool, for its own queue."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.management.processes import Processes
from portal.life import all_stuck
from tests.journeys import site

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
WORKER = ("-m", "celery", "-A", "tests.journeys.busy", "--quiet", "worker", "-c", "1")


def environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "STATE_DIR": str(folder), "PYTHONPATH": str(ROOT), "LOG_LEVEL": "INFO"}


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> bytes:
    """An installation's empty database, made once."""
    folder = tmp_path_factory.mktemp("life")
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity=0"]
    subprocess.run(command, env=environment(folder), check=True, timeout=300)
    with sqlite3.connect(folder / "gatehouse.sqlite3") as one:
        one.execute("VACUUM INTO ?", [str(folder / "whole.sqlite3")])
    return (folder / "whole.sqlite3").read_bytes()


@pytest.fixture
def processes(tmp_path, database) -> Iterator[Processes]:
    (tmp_path / "gatehouse.sqlite3").write_bytes(database)
    with Processes(tmp_path / "logs", environment(tmp_path)) as running:
        yield running
        (tmp_path / "end").touch()


def signs(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "gatehouse.sqlite3", timeout=20) as one:
        return {name for (name,) in one.execute("SELECT name FROM policies_beat")}


def forget(folder: Path) -> None:
    with sqlite3.connect(folder / "gatehouse.sqlite3", timeout=20) as one:
        one.execute("DELETE FROM policies_beat")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("pool", "queue"),
    [("prefork", "write"), ("threads", "write"), ("solo", "write"), ("prefork", "read")],
)
def test_a_busy_worker_goes_on_giving_the_sign_of_its_own_queue(processes, tmp_path, pool, queue):
    processes.start("worker", sys.executable, *WORKER, "-Q", queue, "-P", pool)
    processes.wait((tmp_path / "began").exists, seconds=SECONDS, what="the task")
    for _ in range(2):
        forget(tmp_path)
        processes.wait(lambda: signs(tmp_path), seconds=SECONDS, what="a sign of life")
        assert signs(tmp_path) == {f"{queue} worker"}
    assert not (tmp_path / "ended").exists(), "its only slot was busy all the time"
    (tmp_path / "end").touch()
    processes.wait((tmp_path / "ended").exists, seconds=SECONDS, what="the end of the task")


@pytest.mark.processes
@pytest.mark.skipif(not shutil.which("redis-server"), reason="needs redis-server")
def test_a_worker_that_cannot_hear_its_broker_gives_no_sign_until_it_can_again(processes, tmp_path):
    port = site.free_port()
    redis = (
        "redis-server",
        f"--port {port}",
        "--bind 127.0.0.1",
        "--save",
        "",
        f"--dir {tmp_path}",
    )
    log = tmp_path / "logs" / "worker.log"
    processes.start("redis", *redis)
    processes.start(
        "worker",
        sys.executable,
        *("-m", "celery", "-A", "portal", "--quiet", "worker", "-Q", "write", "-c", "1"),
        environment={"CELERY_BROKER_URL": f"redis://127.0.0.1:{port}/0"},
    )
    processes.wait(lambda: signs(tmp_path), seconds=SECONDS, what="a sign of life")
    processes.stop("redis")
    deaf = "Cannot connect to redis"
    processes.wait(lambda: deaf in log.read_text(), seconds=SECONDS, what="the loss")
    forget(tmp_path)
    # It tries again after 2, 4, 6 and 8 s: by then several signs would have come.
    processes.wait(lambda: log.read_text().count(deaf) > 4, seconds=SECONDS, what="new tries")
    assert signs(tmp_path) == set()
    processes.start("redis", *redis)
    processes.wait(lambda: signs(tmp_path), seconds=SECONDS, what="a sign of life")


@pytest.mark.parametrize(
    ("ages", "slots", "stuck"),
    [
        ([], 1, False),
        ([59], 1, False),
        ([61], 1, True),
        ([61], 2, False),
        ([61, 10], 2, False),
        ([61, 70], 2, True),
        ([61], 0, True),
    ],
)
def test_a_pool_whose_every_slot_is_past_the_limit_is_stuck(ages, slots, stuck):
    assert all_stuck([100.0 - age for age in ages], 100.0, limit=60, slots=slots) is stuck
