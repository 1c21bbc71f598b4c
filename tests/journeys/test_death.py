"""Workers die, messages vanish: the grant still settles, exactly once."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import connection

from accounts.models import Event
from policies import tasks
from policies.models import Key, Plan, Target
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
