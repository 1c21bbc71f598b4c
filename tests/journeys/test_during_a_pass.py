"""Somebody acts, or the worker stalls or dies, between two statements of a pass."""

from datetime import timedelta

import pytest

from policies import reconcile
from policies.access import grants
from policies.models import EndReason, Grant, Key, Phase, Plan, Target
from tests import factories as f
from tests.journeys.test_honesty import ANA, events
from tests.journeys.test_main_line import granted
from tests.promise import dying
from tests.promise.scene import shift

AGREEMENT = timedelta(seconds=0.1)  # more than the tests' pace makes of one second

# A pass asks for the target's keys when it has read AWS, and for its lease when it has a plan.
READ = dying.naming("policies_key")
PLANNED = dying.naming("policies_target", Plan.objects.exists)


def passes(target, number):
    for _ in range(number):
        shift(AGREEMENT)
        reconcile.converge(target.pk)
    shift(AGREEMENT)


def taken_over():
    Target.objects.update(lease_token="another worker's")


def test_a_wish_raised_while_two_looks_agree_is_not_settled_with_them(world, peopled):
    granted(world, peopled, "templates")
    target = Target.objects.get()
    passes(target, 2)

    def ended():
        grants.end(Grant.objects.get(), by=f.acting(peopled.ada), reason=EndReason.REVOKED)

    assert dying.pass_with(target.pk, READ, ended)
    target.refresh_from_db()
    assert (target.generation, target.settled_generation) == (2, 1)
    assert (target.phase, target.next_look_at is not None) == (Phase.DUE, True)
    world.settle()
    assert ANA not in world.principals()


def test_a_worker_that_lost_its_lease_settles_nothing(world, peopled):
    grant = granted(world, peopled, "templates")
    target = Target.objects.get()
    passes(target, 2)
    assert dying.pass_with(target.pk, READ, taken_over)
    target.refresh_from_db()
    grant.refresh_from_db()
    assert (target.settled_generation, grant.seen_at, events("grant.seen")) == (0, None, 0)
    assert target.lease_token == "another worker's"


def test_the_lease_is_asked_right_before_every_write(world, peopled):
    granted(world, peopled, "templates")
    target = Target.objects.get()
    dying.pass_with(target.pk, PLANNED, taken_over)
    assert ANA not in world.principals()
    assert Plan.objects.get().outcome == Plan.Outcome.REFUSED


@pytest.mark.processes
def test_what_a_dead_worker_was_about_to_write_is_in_doubt(world, peopled):
    granted(world, peopled, "templates")
    target = Target.objects.get()
    assert dying.pass_that_dies(target.pk, PLANNED)
    key = Key.objects.get()
    assert (key.doubt, key.origin, Plan.objects.get().finished_at) == (True, "made", None)
    shift(timedelta(seconds=80))  # its lease lapses
    reconcile.converge(target.pk)
    assert (Plan.objects.last().outcome, events("target.write_lost")) == (Plan.Outcome.LOST, 1)
    world.settle()
    assert ANA in world.principals()
