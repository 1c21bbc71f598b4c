"""What AWS does not know: too new to be known, gone for good, or only out of our sight."""

import pytest

from policies import clients
from policies.models import AwsAccount, Delivery, Grant, Key, Phase, Plan, Target
from policies.providers import places
from policies.reconcile import reading
from tests import factories as f
from tests.journeys.test_honesty import ANA, also, end, fault
from tests.journeys.test_main_line import granted
from tests.journeys.test_rare_turns import associated_by_hand, removed_by_hand
from tests.world import PORTFOLIO

BEN = ANA.replace("people/ana", "people/ben")
ASSOCIATE = "AssociatePrincipalWithPortfolio"


def unknown_to_service_catalog(world, times):
    fault(
        world,
        service="servicecatalog",
        operation=ASSOCIATE,
        kind="error",
        code="InvalidParametersException",
        status=400,
        message="profile does not exist",
        times=times,
    )


def asked_aws(world, operation):
    calls = world.fake.get("/_fake/calls")["calls"]
    return sum(one["operation"] == operation for one in calls)


def destroyed(world, slug):
    """What the grant is about is deleted in AWS, as its owners may do any day."""
    if slug == "kubernetes":
        world.client("eks").delete_cluster(name="main")
        return
    removed_by_hand(world)
    if slug == "jobs":
        world.client("iam").delete_role(RoleName="ana")
        return
    catalog = world.client("servicecatalog")
    for arn in world.principals():
        catalog.disassociate_principal_from_portfolio(
            PortfolioId=PORTFOLIO, PrincipalARN=arn, PrincipalType="IAM"
        )
    catalog.delete_portfolio(Id=PORTFOLIO)


def test_a_role_too_new_for_service_catalog_is_tried_again_by_itself(world, peopled):
    grant = granted(world, peopled, "templates")
    unknown_to_service_catalog(world, times=3)
    world.settle()
    grant.refresh_from_db()
    assert (grant.seen_at is not None, Target.objects.get().refused) == (True, {})
    assert asked_aws(world, ASSOCIATE) == 5  # bob's by hand, three refused, one taken


def test_what_is_still_unknown_after_a_minute_waits_for_a_person(world, peopled):
    granted(world, peopled, "templates")
    unknown_to_service_catalog(world, times=None)
    world.settle(seconds=40)
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.STUCK, "missing")
    assert target.next_look_at is None
    assert "profile does not exist" in target.outcome_text
    assert 3 <= asked_aws(world, ASSOCIATE) - 1 <= 12
    assert not Key.objects.exists()


def test_a_key_waits_in_words_and_with_a_next_time_while_it_is_young(world, peopled):
    granted(world, peopled, "templates")
    unknown_to_service_catalog(world, times=None)
    seen = set()
    for _ in range(400):
        world.settle_once()
        target = Target.objects.get()
        assert target.phase != Phase.STUCK or target.next_look_at is None
        seen.add((target.phase, target.next_look_at is not None, target.outcome))
        if target.next_look_at is None:
            break
    assert (Phase.WAITING, True, "missing") in seen


def test_one_new_role_keeps_nobody_else_waiting(world, peopled):
    grant = granted(world, peopled, "templates")
    unknown_to_service_catalog(world, times=1)
    other = Delivery.objects.create(
        grant=Grant.objects.get(), target=Target.objects.get(), part={"arn": BEN, "type": "IAM"}
    )
    world.settle_once()
    assert world.principals() & {ANA, BEN} == {BEN}
    world.settle()
    grant.refresh_from_db()
    other.refresh_from_db()
    assert (grant.seen_at is not None, other.state) == (True, Delivery.State.SEEN)


@pytest.mark.parametrize("slug", ["jobs", "templates", "kubernetes"])
def test_access_to_what_was_deleted_is_seen_gone_and_by_two_looks(world, peopled, slug):
    grant = granted(world, peopled, slug)
    world.settle()
    Key.objects.update(window_until=f.now())
    destroyed(world, slug)
    end(grant, peopled)
    world.settle_once()
    grant.refresh_from_db()
    assert grant.released_at is None
    world.settle()
    grant.refresh_from_db()
    assert (grant.released_at is not None, Target.objects.get().phase) == (True, Phase.SETTLED)
    assert Delivery.objects.get().release == Delivery.Release.GONE


@pytest.mark.parametrize("slug", ["jobs", "templates", "kubernetes"])
def test_access_to_what_does_not_exist_is_not_given_and_says_so(world, peopled, slug):
    grant = granted(world, peopled, slug)
    destroyed(world, slug)
    world.settle(seconds=40)
    target = Target.objects.get()
    assert (target.phase, target.outcome, target.next_look_at) == (Phase.STUCK, "missing", None)
    grant.refresh_from_db()
    assert (grant.seen_at, Key.objects.exists()) == (None, False)
    assert not Plan.objects.exclude(outcome=Plan.Outcome.REFUSED).exists()


@pytest.mark.parametrize("kind", ["deny", "throttle", "drop"])
def test_what_cannot_be_seen_is_not_gone(world, peopled, kind):
    grant = granted(world, peopled, "jobs")
    world.settle()
    end(grant, peopled)
    fault(world, service="iam", operation="GetRole", kind=kind, times=None)
    world.settle(seconds=4)
    grant.refresh_from_db()
    assert grant.released_at is None
    assert Target.objects.get().next_look_at is not None
    assert world.policies("ana") != {}


def test_a_worker_with_credentials_of_another_account_calls_nothing_gone(
    world, peopled, monkeypatch
):
    grant = granted(world, peopled, "jobs")
    world.settle()
    end(grant, peopled)
    for name, value in world.fake.credentials("444455556666").items():
        monkeypatch.setenv(name.upper(), value)
    clients.forget_sessions()
    world.settle(seconds=4)
    grant.refresh_from_db()
    target = Target.objects.get()
    assert (grant.released_at, target.outcome) == (None, "denied")
    assert {"444455556666", f.ACCOUNT} <= set(
        target.outcome_text.replace(",", " ").replace(":", " ").split()
    )


def test_a_cluster_that_the_catalogue_forgot_is_not_gone(world, peopled):
    granted(world, peopled, "kubernetes")
    place = places.place("cluster_auth_map", f.ACCOUNT, f.REGION, "unheard-of")
    with pytest.raises(Exception, match="catalogue"):
        reading.read(place)


def test_a_role_not_visible_everywhere_for_a_moment_gets_its_policy(world, peopled):
    grant = granted(world, peopled, "jobs")
    unknown = {"kind": "error", "code": "NoSuchEntity", "status": 404, "times": 1}
    fault(world, service="iam", operation="GetRole", **unknown)
    world.settle_once()
    assert Target.objects.get().outcome == "missing"
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None


def test_exists_already_is_no_success(world, peopled):
    """The first answer is lost and nothing was stored; what AWS says then proves nothing."""
    grant = granted(world, peopled, "jobs")
    fault(world, service="iam", operation="PutRolePolicy", kind="drop")
    world.settle_once()
    Key.objects.update(window_until=f.now())
    Target.objects.update(next_look_at=f.due())
    fault(
        world,
        service="iam",
        operation="PutRolePolicy",
        kind="error",
        code="EntityAlreadyExists",
        status=409,
        times=1,
    )
    world.settle_once()
    target = Target.objects.get()
    grant.refresh_from_db()
    assert (target.phase, target.outcome, grant.seen_at) == (Phase.WAITING, "conflict", None)
    world.settle()
    grant.refresh_from_db()
    assert (grant.seen_at is not None, world.policies("ana") != {}) == (True, True)


def test_the_account_of_a_role_is_the_one_that_was_assumed(world, peopled):
    world.role(world.client("iam"), "gatehouse-read", "/")
    AwsAccount.objects.update(read_role_arn=f"arn:aws:iam::{f.ACCOUNT}:role/gatehouse-read")
    clients.reading(f.ACCOUNT, "").vouch()
    assert asked_aws(world, "GetCallerIdentity") == 0


def test_what_others_put_where_ours_was_removed_by_hand_is_theirs(world, peopled):
    grant = granted(world, peopled, "templates")
    world.settle()
    Key.objects.update(window_until=f.now())
    removed_by_hand(world)
    end(grant, peopled)
    world.settle()
    associated_by_hand(world)
    Delivery.objects.create(
        grant=also(world, peopled, "templates"),
        target=Target.objects.get(),
        part={"arn": BEN, "type": "IAM"},
    )
    Delivery.objects.filter(state="due").exclude(part__arn=BEN).delete()
    world.settle()
    assert {ANA, BEN} <= world.principals()
