"""What docs/deploy.md tells to copy is well-formed, and says what the document says of it."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from portal import environment
from tests.journeys import site
from tests.test_docs import text_of

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = {path.stem: path for path in sorted((DEPLOY / "systemd").glob("*.service"))}
METADATA = {"169.254.169.254/32", "169.254.170.2/32", "169.254.170.23/32", "fd00:ec2::254/128"}


class Twice(dict):
    """A unit may name a key several times; the values are joined."""

    def __setitem__(self, key, value):
        if key in self and isinstance(value, list) and isinstance(self[key], list):
            value = self[key] + value
        super().__setitem__(key, value)


def service(name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(
        strict=False, interpolation=None, dict_type=Twice, comment_prefixes=("#",)
    )
    parser.optionxform = str
    parser.read(UNITS[f"gatehouse-{name}"])
    return parser["Service"]


def variables(name: str) -> dict[str, str]:
    lines = (DEPLOY / "env" / f"{name}.env").read_text().splitlines()
    return dict(one.split("=", 1) for one in lines if one and not one.startswith("#"))


def test_there_are_the_four_processes_and_one_beat_alone_runs_the_clock():
    assert list(UNITS) == [f"gatehouse-{one}" for one in ("beat", "read", "web", "write")]
    clocks = [name for name, path in UNITS.items() if " beat" in path.read_text().split("Exec")[1]]
    assert clocks == ["gatehouse-beat"]
    assert not any(re.search(r"worker .*(-B|--beat)", path.read_text()) for path in UNITS.values())


@pytest.mark.parametrize("queue", ["read", "write"])
def test_each_worker_serves_its_own_queue(queue):
    assert f"-Q {queue} " in service(queue)["ExecStart"]


@pytest.mark.parametrize("name", ["web", "beat"])
def test_web_and_beat_have_no_aws_and_no_way_to_the_metadata(name):
    unit = service(name)
    assert set(unit["IPAddressDeny"].split()) >= METADATA
    assert "write.env" not in unit["EnvironmentFile"]
    assert "read.env" not in unit["EnvironmentFile"]
    given = variables("common") | (variables("web") if name == "web" else {})
    assert {one for one in given if one.startswith("AWS_")} <= {"AWS_EC2_METADATA_DISABLED"}


def test_a_worker_gets_longer_to_stop_than_a_task_may_take(settings):
    for queue in ("read", "write"):
        assert int(service(queue)["TimeoutStopSec"]) > settings.TASK_LIMIT_SECONDS


def test_every_variable_is_a_setting_and_every_secret_is_to_be_changed():
    known = text_of("docs/architecture.md")
    for name in ("common", "web", "write", "read"):
        for variable, value in variables(name).items():
            assert f"`{variable}`" in known or variable.startswith("AWS_"), variable
            if re.search("KEY|TOKEN|PASSWORD", variable):
                assert "CHANGE-ME" in value, variable


def test_the_addresses_in_the_example_can_be_read(monkeypatch):
    given = variables("common")
    for name in ("DATABASE_URL", "CACHE_URL"):
        monkeypatch.setenv(name, given[name])
    assert environment.database("DATABASE_URL", ROOT)["ENGINE"].endswith("postgresql")
    assert environment.cache("CACHE_URL")["BACKEND"].endswith("RedisCache")
    assert environment._wrong == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_no_fault_in_the_units(tmp_path):
    for path in UNITS.values():
        # Only the programs are not where they will be.
        text = re.sub(r"/opt/gatehouse/.venv/bin/\w+", "/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    command = ["systemd-analyze", "verify", *map(str, tmp_path.glob("*.service"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "gatehouse" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.skipif(not site.nginx(), reason="needs nginx")
def test_nginx_finds_no_fault_in_the_proxys_file(tmp_path):
    path = site.write(tmp_path, port=8000, front=8443)
    done = subprocess.run(
        [site.nginx(), "-t", "-c", str(path), "-p", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_proxy_overwrites_what_the_web_trusts_and_logs_no_secret():
    text = (DEPLOY / "nginx.conf").read_text()
    root = text.split("location / {")[1]
    for header in ("X-Forwarded-Proto $scheme", "X-Forwarded-For $remote_addr"):
        assert f"proxy_set_header {header};" in root
    assert "$proxy_add_x_forwarded_for" not in text
    logged = text.split("log_format")[1].split(";")[0]
    assert not {"$request,", "$request_uri", "$args", "$uri"} & set(re.findall(r"\$\w+", logged))


def test_the_image_holds_every_folder_the_product_needs_and_no_fakes():
    text = (DEPLOY / "Containerfile").read_text()
    copied = {line.split()[1] for line in text.splitlines() if line.startswith("COPY ")}
    needed = {"manage.py", "accounts", "policies", "portal", "templates", "static"}
    assert needed <= copied
    assert "tests" not in copied
    assert "USER gatehouse" in text
    assert [one for one in copied if not one.startswith("--") and not (ROOT / one).exists()] == []


def test_the_document_leads_to_every_file():
    text = text_of("docs/deploy.md")
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    names = [str(path.relative_to(ROOT / "docs")) for path in files]
    assert [one for one in names if f"]({one})" not in text] == []


def test_the_scripts_can_be_run():
    assert os.access(DEPLOY / "manage", os.X_OK)
    subprocess.run(["sh", "-n", str(DEPLOY / "manage")], check=True)
