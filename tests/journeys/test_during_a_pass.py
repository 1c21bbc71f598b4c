"""Somebody acts, or the worker stalls or dies, between two statements of a pass."""

import pytest

from policies import reconcile
from policies.access import grants
from policies.models import Delivery, EndReason, Grant, Key, Phase, Plan, Target
from policies.reconcile import deliveries, lease, memory
from tests import factories as f
from tests.journeys.test_honesty import ANA, events, fault
from tests.journeys.test_main_line import granted
from tests.promise import dying
from tests.promise.scene import shift

LAPSE = f.timedelta(seconds=80)
STATEMENTS = range(1, 46, 2)


def ended(company):
    grants.end(Grant.objects.get(), by=f.acting(company.ada), reason=EndReason.REVOKED)


def passes(target, number):
    for _ in range(number):
        shift(f.timedelta(seconds=0.1))
        reconcile.converge(target.pk)


def test_a_wish_raised_while_two_looks_agree_is_not_settled_with_them(world, peopled):
    granted(world, peopled, "templates")
    target = Target.objects.get()
    passes(target, 2)
    shift(f.timedelta(seconds=0.1))
    # Before the pass's last look at the clock it has read AWS, and knows of one wish only.
    dying.pass_with(target.pk, 12, lambda: ended(peopled))
    target.refresh_from_db()
    assert (target.generation, target.phase) == (2, Phase.DUE)
    assert target.settled_generation < 2
    world.settle()
    assert ANA not in world.principals()


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_worker_that_stalled_beyond_its_lease_changes_nothing_any_more(world, peopled, statement):
    granted(world, peopled, "templates")
    target = Target.objects.get()

    def taken_over():
        shift(LAPSE)
        Target.objects.update(lease_token="another worker's")

    dying.pass_with(target.pk, statement, taken_over)
    row = Target.objects.get()
    assert row.lease_token in {"", "another worker's"}
    if row.lease_token and not Plan.objects.filter(outcome="applied").exists():
        assert (row.phase, ANA in world.principals()) == (Phase.DUE, False)


def test_the_lease_is_asked_right_before_every_write(world, peopled):
    granted(world, peopled, "templates")
    target = Target.objects.get()

    def taken_over():
        if Plan.objects.exists():
            Target.objects.update(lease_token="another worker's")

    with dying.between(taken_over):
        reconcile.converge(target.pk)
    assert ANA not in world.principals()
    assert Plan.objects.get().outcome == Plan.Outcome.REFUSED
