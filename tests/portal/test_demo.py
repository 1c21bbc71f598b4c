"""`make demo` as its own processes: it answers, one click signs in, Ctrl-C ends all of it."""

import http.cookiejar
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 300
CARD = re.compile(
    r'action="(/demo/sign-in/\d+/)".*?<strong>(.*?)</strong> <span>(.*?)</span>', re.S
)
TOKEN = re.compile(r'csrfmiddlewaretoken" value="([^"]+)')
pytestmark = pytest.mark.processes


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def started(*, port: int, **environment: str) -> "subprocess.Popen[str]":
    ours = ("AWS_", "DEMO", "DJANGO_", "DATABASE_", "CELERY_", "STATE_", "CACHE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept |= {"DEMO_PORT": str(port), **environment}
    command = [sys.executable, "manage.py", "demo"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=kept, stdout=pipe, stderr=pipe, text=True)


def refused(*, port: int, **environment: str) -> str:
    """The one line that a demo which cannot start says; its exit code is 2."""
    child = started(port=port, **environment)
    try:
        _out, err = child.communicate(timeout=LONGEST_SECONDS)
    finally:
        child.kill()
    assert child.returncode == 2, err
    assert len(err.splitlines()) == 1, err
    return err


def running(port: int) -> list[str]:
    """Processes that work in the demo's folder of that port."""
    wanted = f"STATE_DIR={ROOT}/.state/demo/{port}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


class Demo:
    """A running demo, and a browser without scripts in front of it."""

    def __init__(self, child: "subprocess.Popen[str]", port: int, info: dict[str, Any]) -> None:
        self.child, self.port, self.info = child, port, info
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._browser = urllib.request.build_opener(jar)

    def page(self, path: str, **form: str) -> str:
        body = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(self.info["url"] + path, body)
        return str(self._browser.open(request, timeout=60).read().decode())

    def holds(self) -> dict[str, Any]:
        address = f"{self.info['aws_endpoint']}/_fake/holds?format=json"
        accounts: list[dict[str, Any]] = json.load(urllib.request.urlopen(address))["accounts"]
        return accounts[0]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Iterator[Demo]:
    port, info = free_port(), tmp_path_factory.mktemp("demo") / "info.json"
    child = started(port=port, DEMO_INFO=str(info))
    try:
        end = time.monotonic() + LONGEST_SECONDS
        while not info.exists() and child.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        assert info.exists(), child.communicate(timeout=60)
        yield Demo(child, port, json.loads(info.read_text()))
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
        child.communicate(timeout=LONGEST_SECONDS)


def test_the_file_tells_every_role_and_a_token_that_works(demo):
    roles = [one["role"] for one in demo.info["people"]]
    assert {"employee", "manager", "owner", "auditor"} <= set(roles)
    assert roles.count("administrator") == 2
    assert {"scim_token", "client_id", "client_secret", "aws_endpoint"} <= set(demo.info)
    wrong = {"Authorization": "Bearer gh_wrong", "Content-Type": "application/json"}
    right = wrong | {"Authorization": f"Bearer {demo.info['api_token']}"}
    for headers, expected in ((wrong, 401), (right, 422)):
        address = demo.info["url"] + "/api/v1/employees/"
        request = urllib.request.Request(address, b"{}", headers)
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.urlopen(request, timeout=60)
        assert answer.value.code == expected


def test_one_click_on_a_card_is_to_be_that_person(demo):
    page = demo.page("/account/login/")
    cards = {name: (path, line) for path, name, line in CARD.findall(page)}
    assert "4" in cards["Kim Park"][1]
    assert "new engineer" in cards["Ana Ruiz"][1]
    token = TOKEN.search(page)
    assert token is not None
    assert "Kim Park" in demo.page(cards["Kim Park"][0], csrfmiddlewaretoken=token[1])
    references = set(re.findall(r"/approvals/(R-\w+)/", demo.page("/approvals/")))
    assert len(references) == 4


def test_the_page_of_what_aws_holds_is_linked_and_shows_others_lines(demo):
    link = f"{demo.info['aws_endpoint']}/_fake/holds?format=html"
    assert link in demo.page("/account/login/") or link in demo.page("/")
    shown = urllib.request.urlopen(link).read().decode()
    assert "role/data-science-legacy (IAM)" in shown
    assert "notebook-access: Allow" in shown


def test_access_given_before_anybody_looks_is_in_aws_beside_what_was_there(demo):
    end = time.monotonic() + LONGEST_SECONDS
    lee = "arn:aws:iam::111122223333:role/people/lee"
    while time.monotonic() < end:
        held = {one["arn"] for one in demo.holds()["portfolios"][0]["principals"]}
        if lee in held:
            break
        time.sleep(0.5)
    legacy = "arn:aws:iam::111122223333:role/data-science-legacy"
    assert {lee, legacy} <= held


def test_a_port_in_use_is_one_clear_line(demo):
    said = refused(port=demo.port)
    assert f"port {demo.port}: Address already in use." in said
    assert "make demo DEMO_PORT=" in said


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TABLE accounts (id INTEGER)", "holds something else"),
        (
            "CREATE TABLE django_migrations"
            " (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied TEXT);"
            "INSERT INTO django_migrations VALUES (1, 'accounts', '0001_old', '2020-01-01')",
            "is of another version of Gatehouse",
        ),
    ],
)
def test_a_database_of_another_version_is_one_clear_line(tmp_path, statement, words):
    path = tmp_path / "old.sqlite3"
    with sqlite3.connect(path) as old:
        old.executescript(statement)
    said = refused(port=free_port(), DATABASE_URL=f"sqlite:///{path}")
    assert words in said
    assert "DATABASE_URL" in said


def test_a_missing_module_is_one_clear_line(tmp_path):
    hook = "import sys\nsys.modules['moto'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hook)
    said = refused(port=free_port(), PYTHONPATH=str(tmp_path))
    assert "the module “moto” is missing. Run `make install`." in said


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("wanted", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_is_ended_no_process_stays(wanted):
    port = free_port()
    child = started(port=port)
    assert child.stdout is not None
    for line in child.stdout:
        if "web, workers and beat run" in line:
            break
    assert len(running(port)) >= 4
    child.send_signal(wanted)
    child.communicate(timeout=LONGEST_SECONDS)
    end = time.monotonic() + LONGEST_SECONDS
    while running(port) and time.monotonic() < end:
        time.sleep(0.2)
    assert running(port) == []
    assert child.returncode == (-9 if wanted is signal.SIGKILL else 0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_dies_ends_the_demo_with_one_line():
    port = free_port()
    child = started(port=port)
    assert child.stdout is not None
    for line in child.stdout:
        if "Gatehouse is ready" in line:
            break
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"--bind=127.0.0.1:{port}".encode() in words:
            os.kill(int(process.name), signal.SIGKILL)
    _out, err = child.communicate(timeout=LONGEST_SECONDS)
    assert child.returncode == 1
    assert err.startswith("The demo ends: web ended with code -9")
    assert len(err.splitlines()) == 1
    assert running(port) == []


def test_the_demo_offers_every_kind_of_access():
    catalogue = yaml.safe_load((ROOT / "docs/demo-catalogue.yaml").read_text())
    assert {one["kind"] for one in catalogue["entitlements"]} == set(KINDS)
