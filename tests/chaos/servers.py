"""PostgreSQL and Redis of our own, on free ports, in a folder of our own; none of the machine's."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg

from policies.management.processes import Ended
from tests.chaos.crew import POSTGRESQL, Crew

HOST = "127.0.0.1"
START_SECONDS = 60.0
# Durability is not what is tried here, and other runs share this machine's disk.
FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def postgresql_programs() -> Path | None:
    """The folder of the newest installed server; None where there is none we may run."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    folder = found[-1].parent if found else Path(on_path).parent if on_path else None
    return folder if folder and (os.getuid() != 0 or _other_user()) else None


def _version(path: Path) -> int:
    name = path.parts[-3]
    return int(name) if name.isdecimal() else 0


def _other_user() -> str:
    """PostgreSQL refuses to run as root; somebody it may run as, through `setpriv`."""
    if not shutil.which("setpriv"):
        return ""
    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), "")


class Postgres:
    """One cluster, made with initdb, that can be restarted."""

    def __init__(self, processes: Crew, programs: Path, folder: Path) -> None:
        self._processes, self._programs = processes, programs
        self._data, self.port = folder / "data", free_port()
        self.url = f"postgres://gatehouse@{HOST}:{self.port}/postgres"
        self._user = _other_user() if os.getuid() == 0 else ""
        folder.mkdir(mode=0o700)
        if self._user:
            shutil.chown(folder, self._user)
        make = ("-D", str(self._data), "-U", "gatehouse", "--auth=trust", "--encoding=UTF8")
        self._run(self._as_user("initdb", *make, "--no-sync", "--locale=C"))
        self._start()

    @property
    def version(self) -> str:
        with psycopg.connect(self.url, connect_timeout=5) as connection:
            row = connection.execute("SHOW server_version").fetchone()
            return str(row[0]).split()[0] if row else "?"

    def restart(self) -> None:
        """Fast shutdown, every connection cut, and up again."""
        self.stop()
        self._start()

    def stop(self) -> None:
        self._processes.end(POSTGRESQL, signal.SIGINT)

    def _start(self) -> None:
        listen = ("-c", f"listen_addresses={HOST}", "-c", "unix_socket_directories=")
        command = self._as_user(
            "postgres", "-D", str(self._data), "-p", str(self.port), *listen, *FAST
        )
        self._processes.start(POSTGRESQL, *command)
        self._processes.wait(self._answers, seconds=START_SECONDS, what="PostgreSQL")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _as_user(self, program: str, *arguments: str) -> list[str]:
        command = [str(self._programs / program), *arguments]
        if not self._user:
            return command
        who = (f"--reuid={self._user}", f"--regid={self._user}", "--init-groups")
        return ["setpriv", *who, "--pdeathsig", "INT", "--", *command]

    def _run(self, command: Sequence[str]) -> None:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise Ended(f"initdb failed: {done.stderr.strip()[-300:]}")


class Redis:
    """One broker in memory that can be emptied."""

    def __init__(self, processes: Crew, program: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        quiet = ("--save", "", "--appendonly", "no", "--dir", str(folder))
        processes.start("redis", program, "--bind", HOST, "--port", str(self.port), *quiet)
        processes.wait(self._answers, seconds=START_SECONDS, what="Redis")

    def wipe(self) -> None:
        self._say("FLUSHALL")

    def _answers(self) -> bool:
        try:
            return self._say("PING").startswith("+PONG")
        except OSError:
            return False

    def _say(self, command: str) -> str:
        with socket.create_connection((HOST, self.port), timeout=5) as wire:
            wire.sendall(f"{command}\r\n".encode())
            return wire.recv(64).decode()


class Files:
    """The server-less broker: one folder, which can be removed."""

    url = "filesystem://"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def wipe(self) -> None:
        for path in sorted(self._folder.rglob("*"), reverse=True):
            if path.is_file():
                path.unlink(missing_ok=True)
