"""What stands on something else is written after it and taken away before it."""

from policies.access import grants
from policies.models import Delivery, EndReason, Target, TargetKind
from tests import factories as f
from tests.journeys.test_honesty import end, fault
from tests.journeys.test_main_line import granted
from tests.world import PORTFOLIO

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
PORTFOLIO_FIRST = {
    "kind": TargetKind.PORTFOLIO_PRINCIPALS,
    "account": f.ACCOUNT,
    "region": f.REGION,
    "object": PORTFOLIO,
    "body": {"arn": ANA, "type": "IAM"},
}


def staged(world, peopled):
    """Ana's jobs (stage 1), which stand on her portfolio access (stage 0)."""
    grant = granted(world, peopled, "jobs")
    grant.deliveries.update(stage=1)
    grants._deliver(grant, PORTFOLIO_FIRST)
    return grant


def target(kind):
    return Target.objects.get(kind=kind)


def ours(world):
    return [name for name in world.policies("ana") if name.startswith("gatehouse-")]


def associated(world):
    listed = world.client("servicecatalog").list_principals_for_portfolio(PortfolioId=PORTFOLIO)
    return ANA in {one["PrincipalARN"] for one in listed["Principals"]}


def test_a_higher_stage_waits_until_the_lower_one_was_seen(world, peopled):
    grant = staged(world, peopled)
    world.settle()  # only the policy's target was woken: it finds that it must wait
    assert (ours(world), associated(world)) == ([], False)
    assert target(TargetKind.PRINCIPAL_POLICY).is_settled
    grants.wake([target(TargetKind.PORTFOLIO_PRINCIPALS)])
    world.settle()
    grant.refresh_from_db()
    assert (len(ours(world)), associated(world)) == (1, True)
    assert grant.seen_at is not None
    first, second = grant.deliveries.order_by("stage")
    assert first.seen_at < second.seen_at


def test_at_the_end_a_lower_stage_stays_until_the_higher_one_is_gone(world, peopled):
    grant = staged(world, peopled)
    grants.wake([target(TargetKind.PORTFOLIO_PRINCIPALS)])
    world.settle()
    fault(world, service="iam", operation="DeleteRolePolicy", kind="throttle", times=1)
    end(grant, peopled)
    world.settle_once()
    assert associated(world), "the portfolio access went before what stands on it"
    world.settle()
    assert (ours(world), associated(world)) == ([], False)
    grant.refresh_from_db()
    assert grant.released_at is not None
    first, second = grant.deliveries.order_by("stage")
    assert second.released_at < first.released_at
    assert first.release == Delivery.Release.GONE


def test_an_end_before_the_lower_stage_was_seen_leaves_nothing(world, peopled):
    grant = staged(world, peopled)
    grants.wake([target(TargetKind.PORTFOLIO_PRINCIPALS)])
    grants.end(grant, by=f.acting(peopled.ada), reason=EndReason.REVOKED, why="no")
    world.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None
    assert (ours(world), associated(world)) == ([], False)
