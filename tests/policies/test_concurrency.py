"""Two at once: one decision, one grant, one pass, one settled generation. On both databases."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from accounts.actors import system
from accounts.models import Event
from policies import lifecycle, reconcile, tasks
from policies.access import decisions, grants
from policies.access.errors import Refused
from policies.models import Decision, EndReason, Grant, Plan, Request, Target
from tests import factories as f

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], object]) -> list[BaseException | None]:
    """Run everything at the same instant, each on its own connection; what each raised."""
    gate = threading.Barrier(len(works))
    raised: list[BaseException | None] = [None] * len(works)

    def run(number: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            work()
        except BaseException as error:  # handed to the test, which asserts on it
            raised[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("attempt", range(5))
def test_two_approvers_at_the_same_instant_make_one_grant(company, attempt):
    request = f.previewed(f.asked(company))
    shown = f.shown(request)
    raised = at_once(
        *(
            lambda who=who: decisions.approve(request, shown, by=f.acting(who), now=f.now())
            for who in (company.kim, company.bo, company.ada)
        )
    )
    assert sum(one is None for one in raised) == 1, raised
    assert all(one is None or isinstance(one, Refused) for one in raised), raised
    assert (Grant.objects.count(), Decision.objects.count()) == (1, 1)
    assert Target.objects.get().generation == 1


def test_a_yes_and_a_no_at_the_same_instant_are_one_decision(company):
    request = f.previewed(f.asked(company))
    shown = f.shown(request)
    raised = at_once(
        lambda: decisions.approve(request, shown, by=f.acting(company.kim), now=f.now()),
        lambda: decisions.decline(request, by=f.acting(company.bo), now=f.now(), why="no"),
    )
    assert sum(one is None for one in raised) == 1, raised
    state = Request.objects.get().state
    assert (state == Request.State.APPROVED) == Grant.objects.exists()


@pytest.mark.parametrize("verb", [lifecycle.suspend, lifecycle.leave])
def test_a_yes_while_the_person_is_suspended_or_leaves_gives_nothing(company, verb):
    request = f.previewed(f.asked(company))
    shown, begun, said = f.shown(request), threading.Event(), threading.Event()

    def going() -> None:
        with transaction.atomic():
            verb(company.ana, by=system(), now=f.now())
            begun.set()
            said.wait(0.5)  # the yes has to wait for us: this only gives it time to try

    def approving() -> None:
        begun.wait()
        try:
            decisions.approve(request, shown, by=f.acting(company.kim), now=f.now())
        finally:
            said.set()

    gone, yes = at_once(going, approving)
    assert gone is None
    assert isinstance(yes, Refused), yes
    assert not Grant.objects.exists()


def test_asking_twice_at_the_same_instant_is_one_request(company):
    raised = at_once(*(lambda: f.asked(company) for _ in range(3)))
    assert sum(one is None for one in raised) == 1, raised
    assert Request.objects.count() == 1


def test_ending_twice_at_the_same_instant_is_one_end(company):
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    grant = Grant.objects.get()
    by = f.acting(company.ana)
    raised = at_once(
        *(lambda: grants.end(grant, by=by, reason=EndReason.GIVEN_BACK) for _ in range(4))
    )
    assert raised == [None] * 4
    assert Event.objects.filter(what="grant.ended").count() == 1
    assert Target.objects.get().generation == 2


def test_several_workers_on_one_target_write_once_and_settle_once(world, peopled):
    request = f.asked(peopled)
    world.answer()
    decisions.approve(request, f.shown(request), by=f.acting(peopled.kim), now=f.now())
    target = Target.objects.get()
    for _ in range(100):
        raised = at_once(*(lambda: reconcile.converge(target.pk) for _ in range(3)))
        assert raised == [None] * 3
        tasks.sweep()
        target.refresh_from_db()
        if target.is_settled:
            break
    assert target.settled_generation == 1
    assert Plan.objects.count() == 1
    assert Event.objects.filter(what="target.settled").count() == 1
    assert Event.objects.filter(what="grant.seen").count() == 1
    calls = world.fake.get("/_fake/calls")
    assert str(calls).count("AssociatePrincipalWithPortfolio") >= 1
