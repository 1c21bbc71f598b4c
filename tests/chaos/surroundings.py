"""What a run stands on: a folder, a database, a broker and a fake AWS, all its own."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from policies.management import environment
from policies.management.processes import Ended
from tests.chaos import places
from tests.chaos.crew import Crew
from tests.chaos.options import Options
from tests.chaos.servers import Files, Postgres, Redis, free_port, postgresql_programs
from tests.fakes.process import FakeAWS

ROOT = Path(__file__).resolve().parents[2]
# All waits are a tenth, so what is to outlast them may be shorter, too.
QUICK = {
    "AWS_CONNECT_TIMEOUT_SECONDS": "1",
    "AWS_READ_TIMEOUT_SECONDS": "3",
    "PASS_DEADLINE_SECONDS": "8",
    "TASK_LIMIT_SECONDS": "20",
    "LEASE_SECONDS": "25",
}
READ_SECONDS = {True: 3, False: 10}


@dataclass
class Surroundings:
    """Everything started for the product; `values` is its environment."""

    values: dict[str, str]
    database: Postgres | None
    broker: Redis | Files
    fake: FakeAWS
    web_port: int

    @property
    def says(self) -> str:
        database = f"PostgreSQL {self.database.version}" if self.database else "SQLite (embedded)"
        broker = "Redis" if isinstance(self.broker, Redis) else "files (embedded)"
        return f"{database}, {broker}"


def own_values(folder: Path, options: Options) -> dict[str, str]:
    """The caller's environment without its Gatehouse and AWS settings, with this run's."""
    strange = (*environment.OURS, "DJANGO_SETTINGS_MODULE")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in strange and not name.startswith("AWS_")
    }
    return kept | {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "STATE_DIR": str(folder / "state"),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "PACE": str(options.pace),
        **(QUICK if options.is_small else {}),
    }


def start(crew: Crew, folder: Path, values: dict[str, str], options: Options) -> Surroundings:
    """Start servers and fake, one after the other. Raises Ended, Late, RuntimeError."""
    database, broker = _database(crew, folder, options), _broker(crew, folder, options)
    fake = _fake(crew, folder)
    port = free_port()
    values = values | {"CELERY_BROKER_URL": broker.url, "BASE_URL": f"http://127.0.0.1:{port}"}
    if database:
        values["DATABASE_URL"] = database.url
    key = fake.post("/_fake/credentials", {"account": places.HOME})
    values = environment.of_fake(values, fake.aws, key)
    return Surroundings(values, database, broker, fake, port)


def _database(crew: Crew, folder: Path, options: Options) -> Postgres | None:
    programs = None if options.database == "sqlite" else postgresql_programs()
    if options.database == "postgresql" and programs is None:
        raise Ended("PostgreSQL is not installed here, or there is no user that may run it.")
    return Postgres(crew, programs, folder / "postgresql") if programs else None


def _broker(crew: Crew, folder: Path, options: Options) -> Redis | Files:
    program = None if options.broker == "files" else shutil.which("redis-server")
    if options.broker == "redis" and program is None:
        raise Ended("Redis is not installed here.")
    return Redis(crew, program, folder) if program else Files(folder / "state" / "broker")


def _fake(crew: Crew, folder: Path) -> FakeAWS:
    info = folder / "fake.json"
    crew.start("fake AWS", sys.executable, "-m", "tests.fakes", "--port=0", f"--info={info}")
    crew.wait(
        lambda: info.exists() and info.read_text().endswith("\n"), seconds=120, what="the fake AWS"
    )
    return FakeAWS.at(info)


def late_seconds(options: Options) -> float:
    """Longer than the product waits for an answer."""
    return READ_SECONDS[options.is_small] + 1.5
