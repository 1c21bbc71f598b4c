"""Calls of AWS are counted by service and outcome: none lost, rows bounded, sums never falling."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection

from policies import tasks
from policies.models import AwsCalls, Inquiry, Target, calls
from tests import factories as f
from tests.journeys.test_main_line import granted


@pytest.fixture(autouse=True)
def _nothing_counted_yet():
    calls._counted.clear()
    yield
    calls._counted.clear()


def test_a_pass_keeps_its_calls_by_service_and_outcome(world, peopled):
    granted(world, peopled, "templates")
    calls._counted.clear()
    target = Target.objects.get()
    tasks.converge(target.pk)
    counted = calls.totals()
    assert counted["servicecatalog", "ok"] >= 2
    assert {outcome for _service, outcome in counted} == {"ok"}
    assert not calls._counted


def test_a_refused_call_is_counted_as_what_it_was(world, peopled):
    granted(world, peopled, "templates")
    target = Target.objects.get()
    calls._counted.clear()
    world.fake.post(
        "/_fake/faults", {"service": "servicecatalog", "kind": "throttle", "times": 100}
    )
    tasks.converge(target.pk)
    assert calls.totals()["servicecatalog", "throttled"] >= 1


def test_an_answer_on_the_read_queue_is_counted_as_well(world, peopled):
    f.asked(peopled, "templates")
    tasks.answer(Inquiry.objects.get().pk)
    assert calls.totals()["iam", "ok"] >= 1


@pytest.mark.django_db
def test_a_process_has_rows_of_its_own_and_raises_them():
    calls.add("other:1", "iam", "ok", 5)
    for _ in range(3):
        calls.count("iam", "ok")
        calls.flush()
    assert AwsCalls.objects.count() == 2
    assert calls.totals() == {("iam", "ok"): 8}


@pytest.mark.django_db
def test_a_flush_costs_one_statement_per_service_and_outcome(django_assert_num_queries):
    calls.count("iam", "ok")
    calls.flush()
    for service in ("iam", "iam", "eks"):
        calls.count(service, "ok")
    calls.add("warm", "eks", "ok", 1)
    calls.count("eks", "ok")
    calls.flush()
    for _ in range(100):
        calls.count("iam", "ok")
        calls.count("eks", "ok")
    with django_assert_num_queries(6):  # two updates, each in a savepoint of this test's
        calls.flush()
    with django_assert_num_queries(0):
        calls.flush()


@pytest.mark.django_db
def test_rows_of_processes_that_are_gone_become_one_and_the_sum_stays():
    for number in range(50):
        calls.add(f"gone:{number}", "iam", "ok", 2)
        calls.add(f"gone:{number}", "sts", "denied", 1)
    long_ago = f.now() - calls.GONE_AFTER - timedelta(minutes=1)
    AwsCalls.objects.update(at=long_ago)
    calls.add("alive", "iam", "ok", 7)
    before = calls.totals()
    assert calls.fold() == 100
    assert calls.totals() == before == {("iam", "ok"): 107, ("sts", "denied"): 50}
    assert AwsCalls.objects.count() == 3
    assert calls.fold() == 0
    AwsCalls.objects.update(at=long_ago)
    calls.fold()
    assert AwsCalls.objects.count() == 2
    assert calls.totals() == before


@pytest.mark.django_db(transaction=True)
def test_flushing_and_folding_at_once_lose_nothing():
    """A worker that was taken for gone goes on counting while its rows are folded."""
    AwsCalls.objects.create(worker="w", service="iam", outcome="ok", number=0)
    rounds, failures = 40, []

    def run(what) -> None:
        try:
            for _ in range(rounds):
                what()
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def fold() -> None:
        AwsCalls.objects.exclude(worker="").update(at=f.now() - timedelta(hours=2))
        calls.fold()

    jobs = [lambda: calls.add("w", "iam", "ok", 1)] * 2 + [fold] * 2
    threads = [Thread(target=run, args=[job]) for job in jobs]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    assert calls.totals() == {("iam", "ok"): 2 * rounds}
