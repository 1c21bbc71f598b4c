"""`make smoke` as its own processes: all well on the fake AWS, honest about an AWS that lacks."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_SECONDS = 900
pytestmark = pytest.mark.processes
KINDS = (
    *("templates", "jobs", "kubernetes", "cluster"),
    *("studio", "onboarding", "lake", "snapshots", "folder"),
)


def started(tmp_path: Path, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
    """Smoke as a user starts it, its temporary folder inside of ours."""
    ours = ("AWS_", "SMOKE_", "DJANGO_", "DATABASE_", "CELERY_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept |= {"TMPDIR": str(tmp_path / "tmp"), "STATE_DIR": str(tmp_path / "state"), **environment}
    (tmp_path / "tmp").mkdir(exist_ok=True)
    command = [sys.executable, "manage.py", "smoke", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=kept, stdout=pipe, stderr=pipe, text=True)


def ended(child: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = child.communicate(timeout=LONGEST_SECONDS)
    return child.returncode, out, err


@pytest.fixture
def stock_moto() -> Iterator[str]:
    """Moto's own server, without what tests.fakes adds to it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = "from moto.server import main; main()"
    command = [sys.executable, "-c", program, "-p", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet) as child:
        address = f"http://127.0.0.1:{port}"
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/moto-api/", timeout=10).close()
                break
            except OSError:
                time.sleep(0.2)
        yield address
        child.terminate()


def leftovers(tmp_path: Path) -> list[str]:
    """What is left of a run: files, or processes that work in its folder."""
    found = [one.name for one in (tmp_path / "tmp").iterdir() if "smoke" in one.name]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "environ").read_bytes()
        except OSError:
            continue
        if f"{tmp_path}/tmp/gatehouse-smoke".encode() in told:
            found.append((process / "cmdline").read_bytes().decode())
    return found


def test_every_kind_is_given_and_taken_and_nothing_of_others_is_touched(tmp_path):
    code, out, err = ended(started(tmp_path))
    assert (code, err) == (0, ""), out + err
    lines = [line.split(maxsplit=2) for line in out.splitlines() if line.startswith("ok")]
    told = {(subject, rest.split("  ")[0]) for _ok, subject, rest in lines}
    for kind in KINDS:
        assert {(kind, "seen in AWS"), (kind, "seen gone")} <= told, out
        assert ("foreign", f"untouched beside {kind}") in told
    assert {
        ("expiry", "was the reason"),
        ("found", "left when the grant ends"),
        ("leaver", "receipt complete"),
        ("everything", "removed from AWS"),
    } <= told
    assert "AssociatePrincipalWithPortfolio 1" in out
    assert "PATCH aws-auth 1" in out
    assert leftovers(tmp_path) == []


def test_what_an_aws_lacks_fails_with_its_typed_outcome_and_the_other_kinds_still_run(
    tmp_path, stock_moto
):
    code, out, err = ended(started(tmp_path, "--json", AWS_ENDPOINT_URL=stock_moto))
    assert code == 1, out + err
    steps = json.loads(out)["steps"]
    failed = [one for one in steps if one["result"] == "FAIL"]
    assert [(one["subject"], one["step"]) for one in failed] == [("templates", "prepared")]
    assert failed[0]["why"].startswith("transient: servicecatalog:")
    good = {(one["subject"], one["step"]) for one in steps if one["result"] == "ok"}
    for kind in ("jobs", "kubernetes"):
        assert {(kind, "seen in AWS"), (kind, "seen gone")} <= good
    assert ("leaver", "receipt complete") in good
    assert roles_at(stock_moto) == []


def roles_at(address: str) -> list[str]:
    iam = boto3.client(
        "iam",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    return [one["RoleName"] for one in iam.list_roles(PathPrefix="/gatehouse-smoke/")["Roles"]]


def test_an_account_other_than_the_named_one_is_refused_before_anything_is_made(
    tmp_path, stock_moto
):
    child = started(tmp_path, AWS_ENDPOINT_URL=stock_moto, SMOKE_ACCOUNT="999999999999")
    code, out, err = ended(child)
    assert (code, out) == (2, "")
    assert "are of account 123456789012, not 999999999999; nothing was done" in err
    assert roles_at(stock_moto) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_stopped_in_the_middle_it_removes_what_it_made_and_leaves_no_process(tmp_path, stock_moto):
    child = started(tmp_path, "--only=jobs", AWS_ENDPOINT_URL=stock_moto)
    assert child.stdout is not None
    for line in child.stdout:
        if "approved" in line:
            break
    assert roles_at(stock_moto) != []
    child.send_signal(signal.SIGINT)
    code, out, err = ended(child)
    assert code == 130, out + err
    assert "removed from AWS" in out
    assert roles_at(stock_moto) == []
    assert leftovers(tmp_path) == []
