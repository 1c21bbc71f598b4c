"""What a pass costs the database and the processor, counted: never more for more deliveries."""

import threading

import botocore.session
import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from accounts.models import Event, Notice
from policies import clients, reconcile
from policies.models import (
    AwsAccount,
    Delivery,
    EndReason,
    Grant,
    Phase,
    Plan,
    Seen,
    Target,
    TargetKind,
)
from policies.plan import Reading
from policies.providers import PROVIDERS, places
from policies.reconcile import deliveries
from tests import factories as f
from tests.bench import decided
from tests.bench.decided import Want
from tests.world import PORTFOLIO

FEW, MANY = 2, 60


# One page of reading that takes longer than a whole pass should.
SLOW = {
    "service": "servicecatalog",
    "operation": "ListPrincipalsForPortfolio",
    "kind": "slow",
    "seconds": 1.5,
}


def decide(count: int, kind: TargetKind = TargetKind.CLUSTER_AUTH_MAP, name: str = "main"):
    return decided.decide(
        [Want(kind, f.ACCOUNT, name, f"role-{i:03}", number=i) for i in range(count)]
    )


def passes(world) -> list[int]:
    """Queries of each pass until the only target is settled."""
    target, counted = Target.objects.get(), []
    while target.next_look_at is not None:
        Target.objects.update(next_look_at=f.due())
        with CaptureQueriesContext(connection) as queries:
            reconcile.converge(target.pk)
        counted.append(len(queries))
        target.refresh_from_db()
    assert target.phase == Phase.SETTLED
    return counted


def given_and_ended(world, count: int) -> list[int]:
    given = decide(count)
    counted = [max(passes(world))]
    assert Grant.objects.filter(seen_at__isnull=False).count() == count
    Grant.objects.update(ended_at=f.now(), end_reason=EndReason.REVOKED)
    Target.objects.update(generation=F("generation") + 1, next_look_at=f.now(), phase=Phase.DUE)
    counted.append(max(passes(world)))
    gone = Grant.objects.filter(released_at__isnull=False, deliveries__release="gone")
    assert gone.count() == len(given)
    return counted


def test_no_pass_makes_more_queries_for_more_deliveries(world, peopled):
    few = given_and_ended(world, FEW)
    for model in (Seen, Delivery, Notice):
        model.objects.all().delete()
    Grant.objects.all().delete()
    Target.objects.all().delete()
    many = given_and_ended(world, MANY)
    assert all(more <= less + 2 for more, less in zip(many, few, strict=True)), (few, many)


def test_a_refused_write_is_undone_without_more_queries_for_more_keys(world, peopled):
    counted = []
    for count in (FEW, MANY):
        decide(count)
        world._kube("POST", "/_fake/faults", {"kind": "error", "status": 403, "on": "write"})
        Target.objects.update(next_look_at=f.due())
        with CaptureQueriesContext(connection) as queries:
            reconcile.converge(Target.objects.get().pk)
        assert not Target.objects.get().keys.exists()
        counted.append(len(queries))
    assert counted[1] <= counted[0] + 2


def test_every_grant_of_a_pass_is_recorded_and_its_holder_told(world, peopled):
    given = decide(MANY)
    passes(world)
    seen = Event.objects.filter(what="grant.seen").values_list("object_id", "person_id", "channel")
    assert set(seen) == {(one.ref, str(one.person_id), "system") for one in given}
    told = Notice.objects.filter(topic="access_confirmed").values_list("person_id", flat=True)
    assert sorted(told) == sorted(one.person_id for one in given)
    assert {one.correlation for one in Event.objects.filter(what="grant.seen")} == {
        one.correlation for one in given
    }


def test_clients_are_made_once_whatever_the_number_of_plans(world, peopled, monkeypatch):
    made = []
    make = botocore.session.Session.create_client

    def counted(session, service, *arguments, **named):
        made.append(service)
        return make(session, service, *arguments, **named)

    monkeypatch.setattr(botocore.session.Session, "create_client", counted)
    roles = {"read": "gatehouse-read", "write": "gatehouse-write"}
    for name in roles.values():
        world.role(world.client("iam"), name, "/")
    arns = {k: f"arn:aws:iam::{f.ACCOUNT}:role/{name}" for k, name in roles.items()}
    AwsAccount.objects.update(read_role_arn=arns["read"], write_role_arn=arns["write"])
    clients.forget_sessions()
    for plan in ("P-ONE", "P-TWO", "P-THREE"):
        clients.reading(f.ACCOUNT, f.REGION).call("iam", "list_roles")
        clients.writing(f.ACCOUNT, f.REGION, plan=plan).call("iam", "list_roles")
    assert sorted(made) == ["iam", "sts"]
    calls = world.fake.get("/_fake/calls")["calls"]
    named = [one["session"] for one in calls if one["operation"] == "ListRoles" and one["session"]]
    assert named == [
        *("gatehouse-read", "P-ONE"),
        *("gatehouse-read", "P-TWO"),
        *("gatehouse-read", "P-THREE"),
    ]


@pytest.mark.django_db(transaction=True)
def test_two_passes_that_finish_one_grant_at_the_same_moment_confirm_it_once(company):
    """Each sees its own half only; one of the two must see both."""
    grant = decide(1, TargetKind.PORTFOLIO_PRINCIPALS, PORTFOLIO)[0]
    first = grant.deliveries.get()
    other = Target.objects.create(
        kind=TargetKind.PORTFOLIO_PRINCIPALS,
        account=f.ACCOUNT,
        region=f.REGION,
        object="port-other00000000",
    )
    Delivery.objects.create(grant=grant, target=other, part=first.part)
    half_done = threading.Event()

    def finish(target: Target, *, waits: bool) -> None:
        with transaction.atomic():
            deliveries.take_down(*seen(target))
            half_done.set()
            if waits:
                threading.Event().wait(0.5)
        connection.close()

    slow = threading.Thread(target=finish, args=[first.target], kwargs={"waits": True})
    slow.start()
    half_done.wait(10)
    finish(other, waits=False)
    slow.join()
    grant.refresh_from_db()
    assert grant.seen_at is not None
    assert Event.objects.filter(what="grant.seen").count() == 1


def seen(target: Target) -> tuple[deliveries.Holding, deliveries.Proof]:
    """What a pass over a target has at hand once two looks have agreed."""
    holding = deliveries.load(target, now=f.now())
    provider, place = PROVIDERS[target.kind], places.of(target)
    wanted = provider.desired(place, holding.parts)
    reading = Reading(dict(wanted))
    return holding, deliveries.Proof(provider, place, reading, wanted, f.now(), frozenset(wanted))


def test_a_target_that_is_slow_to_read_is_written_all_the_same(world, peopled, settings):
    """Reading takes longer than a pass should: without time of its own nothing is ever written."""
    settings.PASS_DEADLINE_SECONDS = 1
    world.role(world.client("iam"), "role-000", "/")
    world.fake.post("/_fake/faults", SLOW)
    decide(1, TargetKind.PORTFOLIO_PRINCIPALS, PORTFOLIO)
    world.settle_once()
    assert Plan.objects.get().outcome == Plan.Outcome.APPLIED


def test_a_target_too_slow_to_read_waits_longer_each_time_and_says_why(world, peopled, settings):
    settings.PASS_DEADLINE_SECONDS = 1
    settings.TASK_LIMIT_SECONDS = settings.AWS_TRIES * 5
    world.fake.post("/_fake/faults", SLOW)
    decide(1, TargetKind.PORTFOLIO_PRINCIPALS, PORTFOLIO)
    world.settle_once()
    target = Target.objects.get()
    assert (target.phase, target.outcome, target.attempts) == (Phase.WAITING, "transient", 1)
    assert "slowly" in target.outcome_text
