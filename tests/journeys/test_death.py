"""Workers die, messages vanish: the grant still settles, exactly once."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Event
from policies import answers, tasks
from policies.models import Inquiry, Key, Plan, Target
from policies.reconcile.lease import database_now
from tests import factories as f
from tests.journeys.test_main_line import granted

pytestmark = pytest.mark.processes


def die(target: Target, point: str) -> None:
    """A worker process makes a pass and is killed with -9 at `point`."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.journeys.crash", str(target.pk), point],
        env=environment(),
        check=False,
        capture_output=True,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()


def environment() -> dict[str, str]:
    """What a process needs to work on this test's database."""
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else _postgres_url(str(name))
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "PACE": "0.05",
        "LEASE_SECONDS": "1",
    }


def _postgres_url(name: str) -> str:
    one = connection.settings_dict
    return f"postgres://{one['USER']}:{one['PASSWORD']}@{one['HOST']}:{one['PORT'] or 5432}/{name}"


def is_there(world, slug: str) -> bool:
    """Whether AWS holds Ana's access now."""
    arn = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
    return {
        "templates": lambda: arn in world.principals(),
        "jobs": lambda: bool(world.policies("ana")),
        "kubernetes": lambda: ":role/ana" in world.auth_map()["mapRoles"],
    }[slug]()


@pytest.mark.parametrize("slug", ["templates", "jobs", "kubernetes"])
@pytest.mark.parametrize("point", ["before", "after"])
def test_kill_nine_around_the_write_settles_exactly_once(world, peopled, slug, point):
    grant = granted(world, peopled, slug)
    target = Target.objects.get()
    die(target, point)
    there = is_there(world, slug)  # a slow machine may die before AWS has answered at all
    assert Plan.objects.get().outcome == ""
    assert Key.objects.get().doubt is True
    world.settle(seconds=60)
    grant.refresh_from_db()
    target.refresh_from_db()
    assert (grant.seen_at is not None, target.is_settled) == (True, True)
    assert Event.objects.filter(what="grant.seen").count() == 1
    assert Event.objects.filter(what="target.settled").count() == 1
    written = 0 if there else 1
    assert Plan.objects.filter(outcome="applied").count() == written
    assert Plan.objects.filter(outcome="lost").count() == 1


def test_a_lost_message_loses_nothing(world, peopled, monkeypatch):
    """The broker swallows every message; the sweep still finds what is due."""
    from policies.models import targets

    monkeypatch.setattr(targets.current_app, "send_task", lambda *_a, **_k: None)
    granted(world, peopled, "templates")
    target = Target.objects.get()
    assert target.pk in tasks.due_targets()
    Target.objects.update(hurried_at=None)
    assert tasks.due_targets() == [target.pk]
    assert tasks.due_targets() == []


@pytest.mark.parametrize(
    ("due_ago", "hurried_ago", "again"),
    [
        (3, None, True),
        (100, 4, False),  # young, however long it has been due
        (100, 40, False),  # it had waited 60 seconds when it was hurried: 60 more
        (100, 60, True),
        (10, 20, True),  # the message was about an earlier look
        (9_000, 500, False),
        (9_000, 601, True),  # never longer than ten minutes, as brokers are wiped, too
    ],
)
def test_messages_about_one_target_grow_rarer_the_longer_it_waits(
    company, due_ago, hurried_ago, again
):
    now = database_now()
    target = Target.objects.create(
        kind="portfolio_principals", account=f.ACCOUNT, region=f.REGION, object="port-x"
    )
    hurried = None if hurried_ago is None else now - timedelta(seconds=hurried_ago)
    Target.objects.update(next_look_at=now - timedelta(seconds=due_ago), hurried_at=hurried)
    assert (tasks.due_targets() == [target.pk]) is again


def test_messages_about_one_inquiry_grow_rarer_the_longer_it_waits(company):
    f.asked(company)
    now = database_now()
    for waited in (0, 40, 9_000):
        Inquiry.objects.update(asked_at=now - timedelta(seconds=waited), next_try_at=now)
        answers.hurry_waiting()
        next_try = Inquiry.objects.get().next_try_at
        expected = min(max(waited, 5), 600)
        assert timedelta(seconds=expected - 1) < next_try - now < timedelta(seconds=expected + 5)
