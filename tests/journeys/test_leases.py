"""A pass ends in time where nothing ends it from outside, and never writes without its lease."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection

from policies import aws, clients, reconcile
from policies.models import Delivery, Grant, Phase, Plan, Target
from policies.outcomes import Kind, Outcome
from policies.reconcile import lease
from tests import factories as f
from tests.journeys.test_honesty import ANA, end, fault
from tests.journeys.test_main_line import granted
from tests.world import PORTFOLIO

ASSOCIATE = "AssociatePrincipalWithPortfolio"


def wanting(world, number):
    """As many more roles in Ana's portfolio, each a write of its own."""
    iam, target = world.client("iam"), Target.objects.get()
    for one in range(number):
        world.role(iam, f"more-{one}", "/")
        arn = f"arn:aws:iam::{f.ACCOUNT}:role/more-{one}"
        Delivery.objects.create(
            grant=Grant.objects.get(), target=target, part={"arn": arn, "type": "IAM"}
        )


def sent(world, operation):
    calls = world.fake.get("/_fake/calls")["calls"]
    return [one for one in calls if one["operation"] == operation]


def test_a_pass_whose_lease_lapses_while_it_writes_writes_nothing_more(world, peopled, monkeypatch):
    """Another worker takes over in the middle; the first one comes back from AWS and stops."""
    grant = granted(world, peopled, "templates")
    wanting(world, 3)
    target = Target.objects.get()
    first, over = threading.Event(), threading.Event()
    original, me = aws.Aws.call, threading.current_thread()

    def call(self, service, operation, **arguments):
        answer = original(self, service, operation, **arguments)
        if operation.startswith("associate_") and threading.current_thread() is not me:
            first.set()
            over.wait(60)
        return answer

    monkeypatch.setattr(aws.Aws, "call", call)

    def work():
        try:
            reconcile.converge(target.pk)
        finally:
            connection.close()

    before = len(sent(world, ASSOCIATE))
    slow = threading.Thread(target=work)
    slow.start()
    assert first.wait(60)
    past = lease.database_now() - timedelta(seconds=1)
    Target.objects.update(lease_until=past, next_look_at=past)
    reconcile.converge(target.pk)
    taken_over = Target.objects.get()
    written = len(sent(world, ASSOCIATE))
    over.set()
    slow.join()
    assert len(sent(world, ASSOCIATE)) == written == before + 1
    now = Target.objects.get()
    same = ("phase", "next_look_at", "looks", "written_at", "outcome", "attempts")
    assert [getattr(now, one) for one in same] == [getattr(taken_over, one) for one in same]
    world.settle(seconds=40)
    grant.refresh_from_db()
    assert grant.seen_at is not None
    assert Plan.objects.filter(finished_at__isnull=True).count() == 0


def test_a_lapsed_lease_is_noticed_by_the_database_s_clock_and_not_by_ours(world, peopled):
    granted(world, peopled, "templates")
    held = lease.acquire(Target.objects.get().pk)
    assert held.is_ours
    # SQLite's clock has milliseconds and the row microseconds: a whole one ago is past for both.
    Target.objects.update(lease_until=lease.database_now() - timedelta(milliseconds=1))
    assert not held.is_ours


def test_every_write_asks_for_leave_after_its_waiting_and_right_before_it_is_sent(world, peopled):
    writer = clients.writing(f.ACCOUNT, f.REGION, plan="P-TEST", allowed=lambda: False)
    before = len(sent(world, ASSOCIATE))
    with pytest.raises(Outcome) as caught:
        writer.call(
            "servicecatalog",
            "associate_principal_with_portfolio",
            PortfolioId=PORTFOLIO,
            PrincipalARN=ANA,
            PrincipalType="IAM",
        )
    assert (caught.value.kind, caught.value.lost) == (Kind.CONFLICT, False)
    cluster = writer.kubernetes({"cluster": "main", "access": "eks"})
    found = cluster.read_config_map("kube-system", "aws-auth")
    meta = found["metadata"]
    with pytest.raises(Outcome):
        cluster.patch_config_map(
            "kube-system",
            "aws-auth",
            data={"mapRoles": ""},
            version=meta["resourceVersion"],
            uid=meta["uid"],
        )
    assert len(sent(world, ASSOCIATE)) == before
    assert world.auth_map() == found["data"]


def test_a_pass_ends_by_its_own_deadline_where_no_pool_ends_it(world, peopled, settings):
    """As in a thread or solo pool: nobody kills this pass, and AWS is slow."""
    grant = granted(world, peopled, "templates")
    wanting(world, 12)
    settings.PASS_DEADLINE_SECONDS = 3
    fault(world, service="servicecatalog", operation=ASSOCIATE, kind="slow", seconds=1, times=8)
    before = len(sent(world, ASSOCIATE))
    world.settle_once()
    target = Target.objects.get()
    assert len(sent(world, ASSOCIATE)) - before < 6
    assert (target.lease_until, target.next_look_at is not None) == (None, True)
    assert not target.is_settled
    settings.PASS_DEADLINE_SECONDS = 20
    world.settle(seconds=60)
    grant.refresh_from_db()
    assert grant.seen_at is not None


def test_reading_many_pages_looks_at_the_clock_before_each(world, peopled):
    fault(world, service="iam", operation="ListRoles", kind="slow", seconds=1, times=None)
    reader = clients.reading(f.ACCOUNT, f.REGION, until=time.monotonic() + 1.5)
    with pytest.raises(Outcome) as caught:
        reader.pages("iam", "list_roles", "Roles", PaginationConfig={"PageSize": 1})
    assert caught.value.kind is Kind.TRANSIENT
    assert "ran out of time" in caught.value.message
    assert len(sent(world, "ListRoles")) < 4


def test_a_pass_that_cannot_read_in_time_has_a_visible_next_time(world, peopled, settings):
    granted(world, peopled, "jobs")
    settings.PASS_DEADLINE_SECONDS = 1
    fault(world, service="iam", operation="GetRole", kind="slow", seconds=1.2, times=1)
    world.settle_once()
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.WAITING, "transient")
    assert target.next_look_at is not None
    assert not Plan.objects.exists()


def test_permits_that_run_out_end_the_pass_with_a_time_and_it_goes_on_later(
    world, peopled, settings
):
    grant = granted(world, peopled, "templates")
    wanting(world, 6)
    settings.PASS_DEADLINE_SECONDS = 4
    settings.AWS_RATES = settings.AWS_RATES | {"servicecatalog": (10.0, 0.025)}
    world.settle_once()
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.WAITING, "throttled")
    assert target.next_look_at is not None
    assert "pace" in target.outcome_text
    settings.AWS_RATES = settings.AWS_RATES | {"servicecatalog": (10.0, 5.0)}
    world.settle(seconds=60)
    grant.refresh_from_db()
    assert grant.seen_at is not None


def test_a_long_wish_written_in_pieces_counts_its_tries_from_one_after_each_piece(
    world, peopled, monkeypatch
):
    granted(world, peopled, "templates")
    wanting(world, 2)
    Target.objects.update(attempts=7)
    original, writes = aws.Aws.call, []

    def call(self, service, operation, **arguments):
        if operation.startswith("associate_"):
            writes.append(operation)
            if len(writes) == 2:
                raise Outcome(Kind.THROTTLED, "slower", code="ThrottlingException")
        return original(self, service, operation, **arguments)

    monkeypatch.setattr(aws.Aws, "call", call)
    world.settle_once()
    target = Target.objects.get()
    assert (target.phase, target.outcome, target.attempts) == (Phase.WAITING, "throttled", 1)


def test_reading_well_once_forgets_earlier_tries(world, peopled):
    """What a look resets: AWS answered. A write refused again and again counts on meanwhile."""
    granted(world, peopled, "jobs")
    fault(world, service="iam", operation="PutRolePolicy", kind="throttle", times=3)
    tries = []
    for _ in range(3):
        Target.objects.update(next_look_at=f.due())
        world.settle_once()
        tries.append(Target.objects.get().attempts)
    assert tries == [1, 2, 3]
    world.settle(seconds=40)
    assert Target.objects.get().attempts == 0


def test_an_end_waits_its_turn_like_a_give_and_is_never_forgotten(world, peopled):
    grant = granted(world, peopled, "templates")
    world.settle()
    end(grant, peopled)
    fault(
        world,
        service="servicecatalog",
        operation="DisassociatePrincipalFromPortfolio",
        kind="throttle",
        times=2,
    )
    world.settle(seconds=60)
    grant.refresh_from_db()
    assert grant.released_at is not None
