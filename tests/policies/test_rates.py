"""Permits: N workers together stay under an account's rate; nobody sleeps past a pass's end."""

import os
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F

from policies import clients, rates
from policies.models import Rate
from policies.outcomes import Kind, Outcome
from policies.rates import Bucket
from tests import factories as f
from tests.journeys.test_death import _postgres_url
from tests.journeys.test_honesty import fault
from tests.policies.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
IAM = Bucket(f.ACCOUNT, "iam", writing=False)
PER_SECOND = 5
WORKERS, EACH = 3, 6
# In any second: the rate, what was kept from a rest, the first one, and one late start a worker.
MOST = PER_SECOND + 2 * PER_SECOND * 0.05 + 1 + WORKERS


@pytest.fixture
def five_a_second(settings):
    settings.PACE = 0.05
    settings.AWS_RATES = {"*": (PER_SECOND * 0.05, PER_SECOND * 0.05)}


def busiest(times):
    """The most calls in any one second."""
    return max(sum(start <= one < start + 1 for one in times) for start in times)


def test_threads_together_stay_under_the_rate_as_the_fake_counts_them(world, five_a_second):
    world.fake.reset()
    works = [
        lambda: [
            clients.AccountClients(
                clients.own(f.REGION)._aws.fresh(), clients.Bounds(f.ACCOUNT)
            ).call("iam", "list_roles")
            for _ in range(EACH)
        ]
    ]
    assert at_once(*works * WORKERS) == [None] * WORKERS
    calls = world.fake.get("/_fake/calls")["calls"]
    times = [
        datetime.fromisoformat(one["time"]).timestamp() - one["seconds"]
        for one in calls
        if one["operation"] == "ListRoles"
    ]
    assert len(times) == WORKERS * EACH
    assert busiest(times) <= MOST
    assert Rate.objects.get().taken == WORKERS * EACH


@pytest.mark.processes
def test_processes_together_stay_under_the_rate(five_a_second):
    name = connection.settings_dict["NAME"]
    url = f"sqlite:///{name}" if connection.vendor == "sqlite" else _postgres_url(str(name))
    rate = PER_SECOND * 0.05
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url,
        "PACE": "0.05",
        "AWS_RATES": f"*={rate}/{rate},iam={rate}/{rate}",
    }
    command = [sys.executable, "-m", "tests.policies.take_permits", f.ACCOUNT, "iam", str(EACH)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, env=environment, **pipes) for _ in range(WORKERS)]
    assert [child.stdout.readline() for child in children] == ["ready\n"] * WORKERS
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    printed = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0] * WORKERS
    times = [float(line) for text in printed for line in text.split()]
    assert len(times) == WORKERS * EACH
    assert busiest(times) <= MOST
    assert Rate.objects.get().taken == WORKERS * EACH


def taken_at(bucket):
    return Rate.objects.get(account=bucket.account, service=bucket.service, writing=bucket.writing)


def test_two_workers_never_get_the_same_permit(settings):
    settings.AWS_RATES = {"*": (1000.0, 1000.0)}
    at_once(*[lambda: [rates.take(IAM) for _ in range(5)]] * 6)
    assert taken_at(IAM).taken == 30


def test_reads_writes_services_and_accounts_do_not_wait_for_each_other(five_a_second):
    others = [
        Bucket(f.ACCOUNT, "iam", writing=True),
        Bucket(f.ACCOUNT, "eks", writing=False),
        Bucket("222233334444", "iam", writing=False),
        Bucket(f.ACCOUNT, "kubernetes:main", writing=False),
    ]
    for bucket in (IAM, *others):
        rates.take(bucket, until=time.monotonic())
    assert {one.taken for one in Rate.objects.all()} == {1}


def test_a_wait_past_the_end_of_a_pass_is_a_typed_outcome_with_a_time_and_takes_nothing(settings):
    settings.AWS_RATES = {"*": (0.001, 0.001)}
    settings.PACE = 1.0
    rates.take(IAM)
    before = taken_at(IAM)
    with pytest.raises(Outcome) as caught:
        rates.take(IAM, until=time.monotonic() + 5)
    after = taken_at(IAM)
    assert (caught.value.kind, caught.value.code) == (Kind.THROTTLED, "")
    assert caught.value.retry_after > 5
    assert (after.taken, after.free_at) == (before.taken, before.free_at)


def test_a_clock_set_back_stops_an_account_for_minutes_at_most(settings):
    settings.PACE = 1.0
    rates.take(IAM)
    taken_elsewhere(f.now() + timedelta(days=1))
    with pytest.raises(Outcome) as caught:
        rates.take(IAM, until=time.monotonic() + 5)
    assert caught.value.retry_after <= rates.LONGEST_PAUSE


def taken_elsewhere(free_at):
    """Another process took a permit."""
    Rate.objects.update(taken=F("taken") + 1, free_at=free_at)


def test_who_took_the_last_permit_takes_the_next_with_one_statement(
    settings, django_assert_num_queries
):
    settings.AWS_RATES = {"*": (1000.0, 1000.0)}
    rates.take(IAM)
    with django_assert_num_queries(3):
        for _ in range(3):
            rates.take(IAM)
    assert taken_at(IAM).taken == 4


def test_a_permit_that_another_process_took_meanwhile_counts(settings):
    settings.PACE = 1.0
    rates.take(IAM)
    taken_elsewhere(f.now() + timedelta(minutes=1))
    with pytest.raises(Outcome) as caught:
        rates.take(IAM, until=time.monotonic() + 5)
    assert 50 < caught.value.retry_after <= 60
    assert taken_at(IAM).taken == 2


def test_nobody_is_turned_away_by_what_is_only_remembered_of_a_row(settings):
    settings.PACE = 1.0
    settings.AWS_RATES = {"*": (0.001, 0.001)}
    rates.take(IAM)
    taken_elsewhere(f.now() - timedelta(minutes=1))
    rates.take(IAM, until=time.monotonic() + 5)
    assert taken_at(IAM).taken == 3


def test_the_time_the_database_told_is_told_on_and_not_made_up_again_with_each_permit(settings):
    settings.AWS_RATES = {"*": (1000.0, 1000.0)}
    rates.take(IAM)
    clock = rates._last[IAM][1]
    for _ in range(3):
        rates.take(IAM)
    assert rates._last[IAM][1] is clock


def test_what_is_remembered_of_a_row_is_soon_asked_of_the_database_again(
    settings, monkeypatch, django_assert_num_queries
):
    settings.AWS_RATES = {"*": (1000.0, 1000.0)}
    rates.take(IAM)
    monkeypatch.setattr(rates, "REMEMBERED_SECONDS", 0.0)
    with django_assert_num_queries(2):
        rates.take(IAM)


def test_no_transaction_is_open_while_a_permit_is_waited_for():
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        rates.take(IAM)


def test_a_throttled_answer_slows_the_bucket_once_however_many_were_turned_away(settings):
    settings.PACE = 1.0
    rates.take(IAM)
    for _ in range(4):
        rates.slow_down(IAM)
    row = taken_at(IAM)
    assert row.slow == 1
    assert row.slow_until > f.now()
    rates.take(IAM)
    rates.take(IAM)
    moved = taken_at(IAM).free_at - row.free_at
    assert moved >= 2 * 2 * IAM.interval


def test_it_is_slowed_again_when_the_first_time_did_not_help_and_at_most_so_far(settings):
    settings.PACE = 1.0
    rates.take(IAM)
    for _ in range(10):
        rates.slow_down(IAM)
        Rate.objects.update(slow_until=f.now() + timedelta(seconds=5))
    assert taken_at(IAM).slow == rates.SLOWEST
    Rate.objects.update(slow_until=f.now() - timedelta(seconds=1))
    rates.slow_down(IAM)
    assert taken_at(IAM).slow == 1


def test_what_aws_says_to_wait_is_waited_by_all(settings):
    settings.PACE = 1.0
    rates.take(IAM)
    rates.slow_down(IAM, retry_after=20)
    with pytest.raises(Outcome) as caught:
        rates.take(IAM, until=time.monotonic() + 5)
    assert 15 < caught.value.retry_after <= 20


def test_a_throttled_call_of_a_worker_slows_its_bucket(world, peopled):
    fault(world, service="iam", operation="ListRoles", kind="throttle", times=None)
    reader = clients.reading(f.ACCOUNT, "")
    for call in (
        lambda: reader.call("iam", "list_roles"),
        lambda: reader.pages("iam", "list_roles", "Roles"),
    ):
        Rate.objects.filter(service="iam").delete()
        with pytest.raises(Outcome):
            call()
        assert taken_at(IAM).slow == 1


def test_kubernetes_calls_take_permits_of_their_cluster(world, peopled):
    reader = clients.reading(f.ACCOUNT, f.REGION)
    cluster = reader.kubernetes({"cluster": "main", "access": "eks"})
    cluster.read_config_map("kube-system", "aws-auth")
    assert taken_at(Bucket(f.ACCOUNT, "kubernetes:main", writing=False)).taken == 1


@pytest.mark.parametrize(
    ("value", "wrong"),
    [("iam=5/1", False), ("iam=5", True), ("iam=0/1", True), ("=1/1", True), ("iam=x/1", True)],
)
def test_the_setting_names_what_is_wrong_with_it(monkeypatch, value, wrong):
    from portal import environment

    monkeypatch.setenv("AWS_RATES", value)
    monkeypatch.setattr(environment, "_wrong", [])
    found = environment.rates("AWS_RATES", "*=20/5, iam=10/5")
    assert bool(environment._wrong) is wrong
    assert found["*"] == (20.0, 5.0)
    assert found["iam"] == ((10.0, 5.0) if wrong else (5.0, 1.0))
