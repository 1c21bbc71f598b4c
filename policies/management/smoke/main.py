"""The inner half of smoke: a fresh database, a real worker, and the steps one after another."""

import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

from policies import clients
from policies.management import environment
from policies.management.processes import Ended, Processes, Stopped
from policies.management.smoke import journeys, kinds
from policies.management.smoke.company import Company
from policies.management.smoke.outside import Outside
from policies.management.smoke.report import Abandoned, Failed, Report
from policies.management.smoke.seeds import Seeds
from policies.management.smoke.sight import Sight
from policies.management.smoke.stage import Kind, Stage
from policies.models import Beat
from policies.outcomes import Outcome

START_SECONDS = 120
# IAM is eventually consistent: other services learn of a new role some seconds later.
SPREAD_SECONDS = 15
WORKER = ("-m", "celery", "-A", "portal", "worker", "-B", "-Q", "read,write", "-c", "2")


def run(facts: Path, *, as_json: bool, only: Sequence[str]) -> int:
    """The exit code: 0 all well, 1 a step failed, 2 could not begin or go on, 130 stopped."""
    outside = Outside.read(facts)
    try:
        account = _account(outside)
    except (Outcome, Failed) as error:
        print(f"Smoke cannot begin on {outside.said}: {error}", file=sys.stderr)
        return 2
    logs = settings.STATE_DIR / "logs"
    with Processes(logs, {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}) as processes:
        report = Report(outside, as_json=as_json)
        stage = _stage(outside, account)
        try:
            _begin(processes)
            stage.wait = processes.wait
            _all(stage, report, [one for one in kinds.every() if one.slug in (only or [one.slug])])
        except Abandoned:
            report.skip("", "everything else", "what it builds on failed")
        except (Ended, TimeoutError) as error:
            print(f"Smoke cannot go on: {error}", file=sys.stderr)
            return 2
        except Stopped:
            return 130
        finally:
            # The worker first, or it would put back what is taken away.
            processes.stop()
            _remove(stage, report)
        return report.end()


def _account(outside: Outside) -> str:
    """The account of the caller's credentials. Raises Failed unless it is the allowed one."""
    caller = clients.own(outside.region).call("sts", "get_caller_identity")
    account = str(caller["Account"])
    if outside.account and account != outside.account:
        raise Failed(
            f"these credentials are of account {account}, not {outside.account}; nothing was done."
        )
    return account


def _stage(outside: Outside, account: str) -> Stage:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    seeds = Seeds(clients.own(outside.region), account, outside.region)
    company = Company.found(account, outside.region)
    return Stage(outside, seeds, company, Sight(outside, account))


def _begin(processes: Processes) -> None:
    processes.start("worker", sys.executable, *WORKER)
    processes.wait(
        lambda: Beat.objects.filter(name="sweep").exists(), seconds=START_SECONDS, what="the worker"
    )


def _all(stage: Stage, report: Report, wanted: Sequence[Kind]) -> None:
    report.step("identities", "made and tagged", partial(_roles, stage))
    before: dict[str, Any] = {}
    ready = [kind for kind in wanted if _prepared(stage, report, kind, before)]
    working = [kind for kind in ready if journeys.main_line(stage, report, kind)]
    journeys.expiry(stage, report, working)
    journeys.found(stage, report, working)
    journeys.leaver(stage, report, working)
    journeys.foreign(stage, report, ready, before)


def _prepared(stage: Stage, report: Report, kind: Kind, before: dict[str, Any]) -> bool:
    """Make a kind's place, and note what of others is in it. False when that failed."""

    def prepare() -> None:
        kind.prepare(stage)
        before[kind.slug] = kind.foreign(stage)

    try:
        report.step(kind.slug, "prepared", prepare)
    except Abandoned:
        report.skip(kind.slug, "asked … seen gone", "it could not be prepared")
        return False
    return True


def _roles(stage: Stage) -> None:
    for who in ("ana", "bea", "lee", "stranger"):
        stage.roles[who] = stage.seeds.role(who)
        if who != "stranger":
            stage.company.hire(who, stage.roles[who])
    if not environment.given_aws():
        time.sleep(SPREAD_SECONDS)


def _remove(stage: Stage, report: Report) -> None:
    def removed() -> None:
        if left := stage.seeds.remove():
            raise Failed("; ".join(left))

    try:
        report.step("everything", "removed from AWS", removed)
    except Abandoned:
        return
