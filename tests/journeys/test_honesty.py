"""Given and gone only when seen: under lag, lost answers, refusals, shared keys, foreign edits."""

import pytest

from accounts import actors
from accounts.models import Event
from policies import clients, lifecycle, reconcile
from policies.access import decisions, grants
from policies.access.requests import Wish, ask
from policies.models import Delivery, EndReason, Grant, Key, Phase, Plan, Target
from tests import factories as f
from tests.journeys.test_main_line import granted
from tests.world import NODE_ROW, PORTFOLIO

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"


def fault(world, **order):
    world.fake.post("/_fake/faults", order)


def end(grant, company):
    grants.end(grant, by=f.acting(company.ana), reason=EndReason.GIVEN_BACK)


def also(world, company, slug, **terms):
    """A second grant of Ana's."""
    request = ask(
        [Wish(company.entitlements[slug], company.ana_role, terms)],
        by=f.acting(company.ana),
        person=company.ana,
        reason="more work",
        days=10,
        now=f.now(),
    )
    world.answer()
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    return Grant.objects.get(item__request=request)


def events(what):
    return Event.objects.filter(what=what).count()


def test_a_lost_answer_settles_by_reading_and_only_after_the_window(world, peopled):
    grant = granted(world, peopled, "templates")
    fault(
        world,
        service="servicecatalog",
        operation="AssociatePrincipalWithPortfolio",
        kind="lose",
        times=1,
    )
    world.settle_once()
    assert Plan.objects.get().outcome == Plan.Outcome.LOST
    assert ANA in world.principals()
    key = Key.objects.get(key=f"IAM:{ANA}")
    assert (key.doubt, key.origin) == (True, Key.Origin.MADE)
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at >= key.window_until
    assert events("grant.seen") == 1


def test_a_call_that_never_arrived_is_made_again_after_the_window(world, peopled):
    grant = granted(world, peopled, "templates")
    fault(
        world,
        service="servicecatalog",
        operation="AssociatePrincipalWithPortfolio",
        kind="drop",
        times=1,
    )
    world.settle_once()
    assert ANA not in world.principals()
    world.settle(seconds=30)
    grant.refresh_from_db()
    assert (grant.seen_at is not None, ANA in world.principals()) == (True, True)
    assert Plan.objects.filter(outcome="applied").count() == 1


def test_stale_reads_delay_seen_and_never_fake_it(world, peopled):
    fault(world, service="servicecatalog", kind="stale", seconds=8)
    grant = granted(world, peopled, "templates")
    world.settle_once()
    world.settle_once()
    grant.refresh_from_db()
    assert grant.seen_at is None
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None
    assert Plan.objects.count() == 1


def test_throttling_is_waited_out(world, peopled):
    grant = granted(world, peopled, "jobs")
    fault(world, service="iam", operation="PutRolePolicy", kind="throttle", times=3)
    world.settle_once()
    assert Target.objects.get().outcome == "throttled"
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None


def test_a_denied_write_is_stuck_with_advice_and_leaves_no_trace_of_ownership(world, peopled):
    granted(world, peopled, "jobs")
    fault(world, service="iam", operation="PutRolePolicy", kind="deny", times=1)
    world.settle()
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.STUCK, "denied")
    assert not Key.objects.exists()
    assert not Delivery.objects.filter(state=Delivery.State.SEEN).exists()


def test_a_denied_removal_is_tried_for_ever(world, peopled):
    grant = granted(world, peopled, "jobs")
    world.settle()
    end(grant, peopled)
    fault(world, service="iam", operation="DeleteRolePolicy", kind="deny", times=1)
    world.settle(seconds=8)
    target = Target.objects.get()
    assert target.phase == Phase.STUCK
    assert target.next_look_at is not None
    target.next_look_at = f.now()
    target.refused = {}
    target.save(update_fields=["next_look_at", "refused"])
    world.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None


def test_an_association_that_was_there_before_is_still_there_after(world, peopled):
    world.client("servicecatalog").associate_principal_with_portfolio(
        PortfolioId=PORTFOLIO, PrincipalARN=ANA, PrincipalType="IAM"
    )
    grant = granted(world, peopled, "templates")
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None
    end(grant, peopled)
    world.settle()
    assert ANA in world.principals()
    assert Delivery.objects.get().release == Delivery.Release.FOUND
    assert not Plan.objects.exists()


@pytest.mark.parametrize("first", [0, 1])
def test_two_execution_roles_in_one_statement_end_in_either_order(world, peopled, first):
    pair = [
        granted(world, peopled, "jobs"),
        also(world, peopled, "jobs", roles=["ops"]),
    ]
    world.settle()
    assert roles_of(world) == {"emr-exec-ops", "emr-exec-sales"}
    end(pair[first], peopled)
    world.settle()
    assert roles_of(world) == {("emr-exec-ops", "emr-exec-sales")[first]}
    pair[1 - first].refresh_from_db()
    assert pair[1 - first].ended_at is None
    end(pair[1 - first], peopled)
    world.settle()
    assert world.policies("ana") == {}


@pytest.mark.parametrize("first", [0, 1])
def test_two_groups_of_one_row_end_in_either_order(world, peopled, first):
    pair = [
        granted(world, peopled, "kubernetes"),
        also(world, peopled, "kubernetes", groups=["viewers"]),
    ]
    world.settle()
    text = world.auth_map()["mapRoles"]
    assert "emr-users" in text
    assert "viewers" in text
    end(pair[first], peopled)
    world.settle()
    text = world.auth_map()["mapRoles"]
    assert (("emr-users", "viewers")[first] in text, ("viewers", "emr-users")[first] in text) == (
        False,
        True,
    )
    end(pair[1 - first], peopled)
    world.settle()
    assert world.auth_map() == {"mapRoles": NODE_ROW}


def test_two_grants_of_the_same_thing_end_one_by_one(world, peopled):
    pair = [granted(world, peopled, "templates"), also(world, peopled, "templates")]
    world.settle()
    end(pair[0], peopled)
    world.settle()
    delivery = Delivery.objects.get(grant=pair[0])
    assert (delivery.release, delivery.needed_by) == (Delivery.Release.NEEDED, pair[1])
    assert ANA in world.principals()


def test_a_row_that_somebody_else_wrote_is_a_conflict_for_a_person(world, peopled):
    theirs = NODE_ROW + '- rolearn: arn:aws:iam::111122223333:role/ana\n  username: "by-hand"\n'
    granted(world, peopled, "kubernetes")
    world.set_auth_map({"mapRoles": theirs})
    world.settle()
    assert Target.objects.get().phase == Phase.HELD
    assert world.auth_map() == {"mapRoles": theirs}


def test_a_map_that_does_not_parse_is_never_written(world, peopled):
    granted(world, peopled, "kubernetes")
    world.set_auth_map({"mapRoles": "- rolearn: {{broken\n\t- x"})
    world.settle()
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.STUCK, "malformed")
    assert world.auth_map() == {"mapRoles": "- rolearn: {{broken\n\t- x"}


def test_a_concurrent_editor_of_the_map_loses_nothing(world, peopled, monkeypatch):
    """Between our read and our write, somebody else writes: we read and plan anew."""
    grant = granted(world, peopled, "kubernetes")
    other = NODE_ROW + "# a new colleague\n- rolearn: arn:aws:iam::111122223333:role/eve\n"
    original, calls = clients.writing, []

    def writing(*args, **kwargs):
        if not calls:
            calls.append(1)
            world.set_auth_map({"mapRoles": other})
        return original(*args, **kwargs)

    monkeypatch.setattr(clients, "writing", writing)
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None
    assert world.auth_map()["mapRoles"].startswith(other)


def test_expiry_is_an_end_like_any_other(world, peopled):
    grant = granted(world, peopled, "templates")
    world.settle()
    Grant.objects.update(ends_at=f.now())
    world.settle()
    grant.refresh_from_db()
    assert (grant.end_reason, grant.released_at is not None) == (EndReason.EXPIRED, True)
    assert ANA not in world.principals()


def test_a_leaver_loses_everything_of_ours_and_the_receipt_says_so(world, peopled):
    granted(world, peopled, "templates")
    also(world, peopled, "kubernetes", groups=["viewers"])
    world.settle()
    receipt = lifecycle.leave(peopled.ana, by=actors.system(), now=f.now())
    assert {line.state for line in lifecycle.receipt_lines(receipt)} == {"seen"}
    world.settle()
    assert {line.release for line in lifecycle.receipt_lines(receipt)} == {"gone"}
    assert (ANA in world.principals(), world.auth_map()) == (False, {"mapRoles": NODE_ROW})


def test_a_second_pass_over_a_leased_target_does_nothing(world, peopled):
    granted(world, peopled, "templates")
    from policies.reconcile import lease

    target = Target.objects.get()
    held = lease.acquire(target.pk)
    assert held is not None
    reconcile.converge(target.pk)
    assert not Plan.objects.exists()
    held.release()
    world.settle()
    assert Target.objects.get().is_settled


def roles_of(world) -> set[str]:
    found = set()
    for document in world.policies("ana").values():
        for statement in document["Statement"]:
            arns = statement.get("Condition", {}).get("ArnEquals", {})
            for arn in arns.get("emr-containers:ExecutionRoleArn", []):
                found.add(arn.rsplit("/", 1)[-1])
    return found
