"""Starts the demo's processes, waits until all of them answer, and ends them together."""

import json
import os
import shutil
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from policies.management import environment
from policies.management.processes import Ended, Late, Processes, Stopped
from portal.demo import estate, sign_ins

HOST = "127.0.0.1"
START_SECONDS = 120
LONGEST_ANSWER_SECONDS = 10
MANAGE = str(settings.BASE_DIR / "manage.py")
WORKER = ("-m", "celery", "-A", "portal", "worker", "-B", "-Q", "read,write", "-c", "2")
WEB = ("-m", "gunicorn", "--no-control-socket", "--threads=4", "--graceful-timeout=3")
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Unready(Exception):
    """The demo cannot start; the text is one line that says what to do."""


class Demo:
    """One run. The state of an earlier one on the same port is thrown away: its AWS is gone."""

    def __init__(self, processes: Processes, folder: Path, port: int) -> None:
        self._processes, self._folder, self._port = processes, folder, port
        self._began = time.monotonic()
        self.url = f"http://{HOST}:{port}"
        self.aws = environment.given_aws()
        self._environment: dict[str, str] = {}

    def start(self) -> dict[str, Any]:
        """Everything that DEMO_INFO tells, when everything answers. Raises Ended, Late, Unready."""
        own = not self.aws
        if own:
            self._start_aws()
        told = self._fill(own=own)
        if own:
            self._meet_aws()
            for seed in told["seeds"]:
                self._post("/_fake/seed", seed)
            self._say(f"the fake AWS at {self.aws} holds what it held before Gatehouse came")
        else:
            self._environment = environment.placeholder_key(self.aws)
            self._say(f"AWS is yours at {self.aws}; nothing is started or filled there")
        self._start_workers()
        self._processes.wait(self._is_ready, seconds=START_SECONDS, what="the web server")
        self._say("web, workers and beat run")
        self._manage("first requests", "--inside=first-day")
        self._say("the workers have answered")
        return self._info(told)

    def watch(self) -> None:
        """Until somebody stops it, or a process ends by itself. Raises Stopped, Ended."""
        while True:
            self._processes.check()
            time.sleep(0.3)

    @property
    def _addresses(self) -> Path:
        return self._folder / "aws.json"

    def _start_aws(self) -> None:
        command = ("-m", "tests.fakes", "--port=0", "--watch", f"--info={self._addresses}")
        self._processes.start("fake AWS", sys.executable, *command)

    def _meet_aws(self) -> None:
        """Wait for the fake's addresses, and become its account's administrator."""
        path = self._addresses
        self._processes.wait(
            lambda: path.exists() and path.read_text().endswith("\n"),
            seconds=START_SECONDS,
            what="the fake AWS",
        )
        told = json.loads(path.read_text())
        self.aws = told["aws"]
        key = self._post("/_fake/credentials", {"account": estate.ACCOUNT})
        self._environment = environment.of_fake({}, self.aws, key)
        self._environment["GATEHOUSE_DEMO_HOLDS_URL"] = f"{told['holds']}?format=html"

    def _fill(self, *, own: bool) -> dict[str, Any]:
        path = self._folder / "filled.json"
        self._manage("database", "--inside=fill", f"--to={path}", *(["--own-aws"] * own))
        told: dict[str, Any] = json.loads(path.read_text())
        path.unlink()
        self._say(
            f"the database holds {len(told['people'])} people and "
            f"{told['entitlements']} kinds of access"
        )
        return told

    def _start_workers(self) -> None:
        web = (*WEB, f"--bind={HOST}:{self._port}", "portal.wsgi:application")
        for name, command in (("worker", WORKER), ("web", web)):
            self._processes.start(name, sys.executable, *command, environment=self._environment)

    def _manage(self, name: str, *arguments: str) -> None:
        self._processes.run(
            name, sys.executable, MANAGE, "demo", *arguments, environment=self._environment
        )

    def _is_ready(self) -> bool:
        with suppress(OSError):
            return bool(_direct.open(f"{self.url}/readyz", timeout=LONGEST_ANSWER_SECONDS))
        return False

    def _post(self, path: str, order: Mapping[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        body = json.dumps(order).encode()
        request = urllib.request.Request(self.aws + path, body, headers)  # noqa: S310
        try:
            with _direct.open(request, timeout=START_SECONDS) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except urllib.error.HTTPError as refused:
            raise Unready(f"the fake AWS refused {path}: {refused.read().decode()}") from refused

    def _info(self, told: dict[str, Any]) -> dict[str, Any]:
        people = [
            {name: one[name] for name in ("email", "password", "role")} for one in told["people"]
        ]
        return {
            "url": self.url,
            "people": people,
            "api_token": told["api_token"],
            "scim_token": None,
            "client_id": None,
            "client_secret": None,
            "aws_endpoint": self.aws,
        }

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)


def run() -> int:
    """0 when stopped by a person, 1 when a process ended by itself, 2 when it could not start.

    What went wrong can be read in the logs, so only a run that ended well removes its folder.
    """
    try:
        if missing := environment.missing_module("moto", "flask", "gunicorn", "celery"):
            raise Unready(missing)
        port = _port()
        folder = _folder(port)
    except Unready as error:
        print(f"The demo cannot start: {error}", file=sys.stderr)
        return 2
    base = environment.clean(
        STATE_DIR=str(folder), BASE_URL=f"http://{HOST}:{port}", DEMO="true", **_database()
    )
    code = 0
    with Processes(folder / "logs", base) as processes:
        try:
            demo = Demo(processes, folder, port)
            print("Starting the Gatehouse demo. Ctrl-C ends it.", flush=True)
            info = demo.start()
            sign_ins.tell(info)
            code = 1  # from here on, only a person ends it well
            demo.watch()
        except Stopped:
            print("\nStopping …", flush=True)
            code = 0
        except (Unready, Ended, Late, OSError) as error:
            print(f"The demo {'ends' if code else 'cannot start'}: {error}", file=sys.stderr)
            code = code or 2
    if code == 0:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def _port() -> int:
    """DEMO_PORT, free. Raises Unready."""
    given = os.environ.get("DEMO_PORT") or "8000"
    if not given.isdecimal() or not 0 < int(given) < 65_536:
        raise Unready(f"DEMO_PORT is “{given}”; write a number from 1 to 65535.")
    port = int(given)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            other = port + 1 if port < 65_535 else 8000
            raise Unready(
                f"port {port}: {error.strerror}. Choose another: make demo DEMO_PORT={other}"
            ) from error
    return port


def _folder(port: int) -> Path:
    """A new empty folder for this run, in place of an earlier run's on the same port."""
    folder = settings.BASE_DIR / ".state" / "demo" / str(port)
    try:
        shutil.rmtree(folder, ignore_errors=not folder.exists())
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise Unready(f"{folder} cannot be made anew: {error.strerror}.") from error
    return folder


def _database() -> dict[str, str]:
    given = os.environ.get("DATABASE_URL", "")
    return {"DATABASE_URL": given} if given else {}
