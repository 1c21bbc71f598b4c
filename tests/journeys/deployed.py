"""A program, run by test_deploy: the installation of docs/deploy.md on loopback, tried.

Started as the units and the proxy's file say: gunicorn, write worker, read worker, one beat, and
nginx where it is installed. One grant goes its way over HTTP; then a worker stops, and a backup
is restored. Its place is in the environment; it prints JSON, and leaves nothing running.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import F  # noqa: E402

from policies.management.processes import Processes  # noqa: E402
from policies.models import Beat  # noqa: E402
from portal.silence import WORKER_AWAY  # noqa: E402
from tests import databases  # noqa: E402
from tests import factories as f  # noqa: E402
from tests import world as world_module  # noqa: E402
from tests.fakes import process  # noqa: E402
from tests.journeys import site  # noqa: E402
from tests.journeys.browsing import EFFECT, Browser  # noqa: E402
from tests.world import World  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"
SECONDS = 180
TOKEN = "metrics-token-of-this-test-alone-0001"
PASSWORD = "open sesame please"
VACUUM = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', sys.argv[2:])"
SILENT = "AWS will be changed when our worker returns"


def unit(name: str) -> list[str]:
    """The command of a unit, with this machine's Python in place of the installation's."""
    text = (DEPLOY / "systemd" / f"gatehouse-{name}.service").read_text()
    command = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    words = shlex.split(command.removeprefix("ExecStart=").replace("%%", "%"))
    here = [word.replace("/opt/gatehouse", str(ROOT)) for word in words]
    return [sys.executable, "-m", Path(here[0]).name, *here[1:]]


class Installation:
    """Its processes, and the address at which people reach it."""

    def __init__(self, processes: Processes, folder: Path, database: str) -> None:
        self._processes, self._folder = processes, folder
        self._port, front = site.free_port(), site.free_port()
        self.proxied = site.nginx()
        self._front = front
        self.url = f"https://127.0.0.1:{front}" if self.proxied else self.direct
        self._common = {
            "BASE_URL": self.url,
            "ALLOWED_HOSTS": "127.0.0.1",
            "LOG_LEVEL": "INFO",
            "DATABASE_URL": database,
            "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        }

    @property
    def direct(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start_web(self, name: str = "web") -> None:
        """Without a word of AWS in its environment."""
        mine = {
            "GATEHOUSE_BIND": f"127.0.0.1:{self._port}",
            "METRICS_TOKEN": TOKEN,
            "TRUSTED_PROXIES": "127.0.0.1" if self.proxied else "",
        }
        self._start(name, "web", **mine)
        self._processes.wait(self._answers, seconds=SECONDS, what="the web server")

    def start_worker(self, name: str, aws: dict[str, str], *, called: str = "") -> None:
        self._start(called or name, name, **aws)

    def start_beat(self) -> None:
        self._start("beat", "beat")

    def start_proxy(self) -> None:
        """nginx with docs/deploy/nginx.conf, its addresses and files exchanged for ours."""
        if not self.proxied:
            return
        path = site.write(self._folder, port=self._port, front=self._front)
        command = (self.proxied, "-c", str(path), "-p", str(self._folder))
        self._processes.start("nginx", *command, "-g", "daemon off;")

    def log(self, name: str) -> list[dict[str, Any]]:
        """A process' log; every line of ours is JSON."""
        path = self._folder / "logs" / f"{name.replace(' ', '-')}.log"
        lines = path.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def _start(self, name: str, which: str, **more: str) -> None:
        environment = {**self._common, **more}
        self._processes.start(name, *unit(which), environment=environment)

    def _answers(self) -> bool:
        try:
            return Browser(self.direct).status("/readyz") == 200
        except OSError:
            return False


def main() -> int:
    folder = Path(settings.STATE_DIR)
    (folder / "logs").mkdir(exist_ok=True)
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    with process.start(pace=1.0) as fake:
        key = {name.upper(): value for name, value in fake.credentials(f.ACCOUNT).items()}
        aws = {**key, "AWS_ENDPOINT_URL": fake.aws, "AWS_DEFAULT_REGION": f.REGION}
        world = World(fake)
        world.fill()
        company = f.company(portfolio=world_module.PORTFOLIO)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DATABASE_"))}
        base = {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        with Processes(folder / "logs", base) as processes:
            one = Installation(processes, folder, os.environ["DATABASE_URL"])
            told = tried(one, processes, aws, company, world)
    told["restored"] = restored(folder, told.pop("path"), base)
    print(json.dumps(told))
    return 0


def tried(
    one: Installation, processes: Processes, aws: dict[str, str], company: f.Company, world: World
) -> dict[str, Any]:
    one.start_web()
    one.start_proxy()
    ana, kim = Browser(one.url), Browser(one.url)
    processes.wait(lambda: _up(ana), seconds=SECONDS, what="the proxy")
    for name in ("write", "read"):
        one.start_worker(name, aws)
    one.start_beat()
    ana.sign_in(company.ana.email, PASSWORD)
    kim.sign_in(company.kim.email, PASSWORD)
    path, correlation = ask_and_approve(ana, kim, company, processes)
    told: dict[str, Any] = {"path": path, "proxied": bool(one.proxied)}
    seen = processes.wait(
        lambda: "confirmed in AWS" in ana.get(path), seconds=SECONDS, what="the confirmation"
    )
    told["confirmed"] = seen and company.ana_role.arn in world.principals()
    told["log"] = [
        line["task"]
        for line in one.log("write")
        # (The copies of seals in the same log are lines of another shape.)
        if line.get("correlation") == correlation and line.get("logger") == "celery.app.trace"
    ]
    told["strangers"] = Browser(one.url).status("/metrics")
    told["metrics"] = Browser(one.direct).get(
        "/metrics", Authorization=f"Bearer {TOKEN}", **{"X-Forwarded-Proto": "https"}
    )
    told["stopped"], told["returned"] = silence(one, processes, aws, ana, path)
    return told


def _up(browser: Browser) -> bool:
    try:
        return browser.status("/readyz") == 200
    except OSError:
        return False


def ask_and_approve(
    ana: Browser, kim: Browser, company: f.Company, processes: Processes
) -> tuple[str, str]:
    """The request's page, and the correlation id of the approval."""
    pk = company.entitlements["templates"].pk
    wish = {f"e{pk}-identity": company.ana_role.pk, "length": "days", "days": 30}
    path = "/catalogue/templates/"
    ana.post(path, ana.get(path), reason="for the quarterly report", **wish)
    asked = "/" + ana.at.split("/", 3)[3]
    ref = re.search(r"R-\w+", asked)
    assert ref, asked
    decide = f"/approvals/{ref[0]}/"
    processes.wait(
        lambda: "Approve this" in kim.get(decide), seconds=SECONDS, what="the read worker"
    )
    page = kim.get(decide)
    after = kim.post(f"{decide}approve/", page, **dict(EFFECT.findall(page)))
    assert "AWS is changed next" in after
    from policies.models import Grant

    return asked, Grant.objects.get().deliveries.get().target.correlation


def silence(
    one: Installation, processes: Processes, aws: dict[str, str], ana: Browser, path: str
) -> tuple[bool, bool]:
    """Whether a write worker that stops shows, and its return; the read worker runs on."""
    processes.stop("write")
    Beat.objects.exclude(name=Beat.READ_WORKER).update(at=F("at") - WORKER_AWAY)
    processes.wait(lambda: SILENT in ana.get(path), seconds=SECONDS, what="the banner")
    one.start_worker("write", aws, called="write again")
    processes.wait(lambda: SILENT not in ana.get(path), seconds=SECONDS, what="its return")
    return True, True


def restored(folder: Path, path: str, base: dict[str, str]) -> dict[str, Any]:
    """Backed up and restored with the commands of docs/deploy.md; then the portal answers."""
    connection.close()
    vendor = connection.vendor
    with databases.own(vendor, folder / "restored") as url:
        (folder / "restored").mkdir(exist_ok=True)
        if vendor == "postgresql":
            dump = ["pg_dump", "--format=custom", f"--file={folder}/gatehouse.dump"]
            subprocess.run([*dump, os.environ["DATABASE_URL"]], check=True)
            back = ["pg_restore", "--exit-on-error", "--no-owner", f"--dbname={url}"]
            subprocess.run([*back, f"{folder}/gatehouse.dump"], check=True)
        else:
            name = connection.settings_dict["NAME"]
            copy = [sys.executable, "-c", VACUUM, str(name), url.removeprefix("sqlite:///")]
            subprocess.run(copy, check=True)
        with Processes(folder / "logs", base) as processes:
            again = Installation(processes, folder, url)
            again.proxied, again.url = None, again.direct
            again._common["BASE_URL"] = again.direct
            again.start_web("web restored")
            browser = Browser(again.direct)
            browser.sign_in("ana.engineer@example.com", PASSWORD)
            return {"page": "confirmed in AWS" in browser.get(path)}


if __name__ == "__main__":
    sys.exit(main())
