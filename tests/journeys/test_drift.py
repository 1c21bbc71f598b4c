"""What others do in AWS: told after two looks, put back as the target says, never silently."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from accounts import actors
from accounts.models import Event, Notice, Principal
from policies import answers, lifecycle
from policies.access import anew, decisions, operations, outside
from policies.access.errors import Refused
from policies.access.requests import Wish
from policies.models import (
    Delivery,
    Drift,
    EndReason,
    Foreign,
    Grant,
    Key,
    Phase,
    Plan,
    Repair,
    Request,
    Seen,
    Target,
)
from tests import factories as f
from tests.journeys.test_honesty import also, end, events
from tests.journeys.test_main_line import granted
from tests.world import NODE_ROW, PORTFOLIO

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"


def scan(world):
    """Every target is read again, as it is when it has rested for long."""
    Target.objects.update(next_look_at=Now())
    world.settle()


def take_out(world, arn=ANA):
    world.client("servicecatalog").disassociate_principal_from_portfolio(
        PortfolioId=PORTFOLIO, PrincipalARN=arn, PrincipalType="IAM"
    )


def put_in(world, arn):
    world.client("servicecatalog").associate_principal_with_portfolio(
        PortfolioId=PORTFOLIO, PrincipalARN=arn, PrincipalType="IAM"
    )


def after_the_window(target=None):
    Key.objects.update(window_until=Now() - timedelta(seconds=1))


@pytest.fixture
def settled(world, peopled):
    """Ana's access to the portfolio, confirmed, its window over."""
    grant = granted(world, peopled, "templates")
    world.settle()
    after_the_window()
    return grant


def test_a_scan_of_a_settled_target_is_one_look_and_changes_nothing(world, peopled, settled):
    before = Target.objects.get()
    scan(world)
    target = Target.objects.get()
    assert (target.phase, target.settled_generation) == (Phase.SETTLED, before.settled_generation)
    assert target.scanned_at > before.scanned_at
    assert Event.objects.filter(what="target.settled").count() == 1


def test_what_others_took_away_is_told_and_left_by_default(world, peopled, settled):
    take_out(world)
    scan(world)
    target, delivery, drift = Target.objects.get(), Delivery.objects.get(), Drift.objects.get()
    assert (target.phase, target.outcome) == (Phase.HELD, "drift")
    assert (delivery.state, drift.there, drift.over_at) == ("drifted", None, None)
    assert Seen.objects.get().until_at is not None
    assert ANA not in world.principals()
    assert events("target.drifted") == 1
    told = Notice.objects.filter(topic="changed_outside").values_list("person", flat=True)
    assert set(told) == {peopled.ada.pk, peopled.bo.pk}


def test_drift_is_never_concluded_from_one_look(world, peopled, settled):
    take_out(world)
    Target.objects.update(next_look_at=Now())
    world.settle_once()
    assert not Drift.objects.exists()
    put_in(world, ANA)
    world.settle()
    assert not Drift.objects.exists()
    assert Target.objects.get().phase == Phase.SETTLED


def test_put_back_at_once_where_the_target_says_so(world, peopled, settled):
    operations.set_repair(
        Target.objects.get(), Repair.AT_ONCE, 1, by=f.acting(peopled.ada), why="ours alone"
    )
    take_out(world)
    scan(world)
    assert ANA in world.principals()
    assert Drift.objects.get().over == Drift.Over.PUT_BACK
    assert Delivery.objects.get().state == Delivery.State.SEEN
    assert Seen.objects.filter(until_at__isnull=True).count() == 1
    assert events("grant.seen") == 1


def test_put_back_after_some_hours_and_not_before(world, peopled, settled):
    operations.set_repair(
        Target.objects.get(), Repair.LATER, 24, by=f.acting(peopled.ada), why="slowly"
    )
    take_out(world)
    scan(world)
    target = Target.objects.get()
    assert (target.phase, ANA in world.principals()) == (Phase.HELD, False)
    assert target.next_look_at > f.now()
    Drift.objects.update(first_seen_at=Now() - timedelta(days=2))
    scan(world)
    assert ANA in world.principals()


def test_an_administrator_puts_it_back_and_others_cannot(world, peopled, settled):
    take_out(world)
    scan(world)
    drift = Drift.objects.get()
    for stranger in (peopled.ana, peopled.kim, peopled.ira):
        with pytest.raises(Refused):
            outside.put_back(drift, None, by=f.acting(stranger), why="mine")
    with pytest.raises(Refused, match="not what it was"):
        outside.put_back(drift, "associated", by=f.acting(peopled.ada), why="an old page")
    outside.put_back(drift, None, by=f.acting(peopled.ada), why="not agreed with us")
    world.settle()
    assert ANA in world.principals()
    assert Target.objects.get().phase == Phase.SETTLED


def test_a_war_of_repairs_stops_after_three_in_a_day(world, peopled, settled):
    operations.set_repair(
        Target.objects.get(), Repair.AT_ONCE, 1, by=f.acting(peopled.ada), why="ours alone"
    )
    for _round in range(3):
        take_out(world)
        scan(world)
        assert ANA in world.principals()
        after_the_window()
    take_out(world)
    scan(world)
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.HELD, "drift")
    assert "GH-204" in target.outcome_text
    assert ANA not in world.principals()
    Drift.objects.filter(over="put_back").update(over_at=Now() - timedelta(days=2))
    scan(world)
    assert ANA in world.principals()


def test_what_others_undo_themselves_is_over_without_a_write(world, peopled, settled):
    take_out(world)
    scan(world)
    put_in(world, ANA)
    scan(world)
    assert Drift.objects.get().over == Drift.Over.REVERTED
    assert (Target.objects.get().phase, Delivery.objects.get().state) == ("settled", "seen")
    assert Plan.objects.count() == 1


def test_a_policy_that_others_widened_is_told_with_both_texts(world, peopled):
    granted(world, peopled, "jobs")
    world.settle()
    after_the_window()
    [name] = world.policies("ana")
    world.client("iam").put_role_policy(
        RoleName="ana",
        PolicyName=name,
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*",'
        '"Resource":"*"}]}',
    )
    scan(world)
    drift = Drift.objects.get()
    assert '"*"' in drift.there
    assert "StartJobRun" in drift.wanted
    outside.put_back(drift, drift.there, by=f.acting(peopled.ada), why="much too wide")
    world.settle()
    assert '"Action": ["*"]' not in str(world.policies("ana"))
    assert Target.objects.get().phase == Phase.SETTLED


def test_a_new_wish_over_a_change_by_others_is_written_and_reported(world, peopled):
    granted(world, peopled, "jobs")
    world.settle()
    after_the_window()
    [name] = world.policies("ana")
    world.client("iam").put_role_policy(
        RoleName="ana",
        PolicyName=name,
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*",'
        '"Resource":"*"}]}',
    )
    also(world, peopled, "jobs", roles=["ops"])
    world.settle()
    drift = Drift.objects.get()
    assert (drift.over, drift.plan.target) == (Drift.Over.OVERWRITTEN, Target.objects.get())
    assert "emr-exec-ops" in str(world.policies("ana"))


def test_foreign_entries_are_known_with_their_first_day(world, peopled, settled):
    bob = f"arn:aws:iam::{f.ACCOUNT}:role/bob"
    first = Foreign.objects.get(key=f"IAM:{bob}")
    assert (first.gone_at, first.marked) == (None, False)
    take_out(world, bob)
    scan(world)
    first.refresh_from_db()
    assert first.gone_at is not None
    put_in(world, bob)
    scan(world)
    assert Foreign.objects.filter(key=f"IAM:{bob}").count() == 2


def test_an_ignored_entry_is_known_until_it_changes(world, peopled):
    granted(world, peopled, "kubernetes")
    world.settle()
    row = Foreign.objects.get()
    outside.ignore(row, row.text, by=f.acting(peopled.ada), why="the nodes")
    world.set_auth_map({"mapRoles": world.auth_map()["mapRoles"].replace("nodes", "others")})
    scan(world)
    assert not Foreign.objects.standing().filter(ignored_at__isnull=False).exists()


def test_an_administrator_removes_a_foreign_entry_and_can_put_it_back(world, peopled, settled):
    bob = f"arn:aws:iam::{f.ACCOUNT}:role/bob"
    row = Foreign.objects.get(key=f"IAM:{bob}")
    with pytest.raises(Refused):
        outside.remove(row, row.text, by=f.acting(peopled.kim), why="not mine")
    outside.remove(row, row.text, by=f.acting(peopled.ada), why="nobody knows why")
    world.settle()
    assert world.principals() == {ANA}
    after_the_window()
    scan(world)
    plan = Plan.objects.order_by("-pk")[0]
    outside.restore(plan, f"IAM:{bob}", by=f.acting(peopled.ada), why="they did know")
    world.settle()
    assert world.principals() == {ANA, bob}
    assert not Key.objects.filter(key=f"IAM:{bob}").exists()
    scan(world)
    assert world.principals() == {ANA, bob}


def test_node_rows_are_nobodys_to_remove(world, peopled):
    granted(world, peopled, "kubernetes")
    world.settle()
    row = Foreign.objects.get()
    with pytest.raises(Refused):
        outside.remove(row, row.text, by=f.acting(peopled.ada), why="tidy up")
    assert world.auth_map()["mapRoles"].startswith(NODE_ROW)


def test_an_entry_is_adopted_into_an_access_with_an_owner_and_an_end(world, peopled):
    put_in(world, ANA)
    other = also_known(world, peopled)
    row = Foreign.objects.get(key=f"IAM:{ANA}")
    wish = Wish(peopled.entitlements["templates"], peopled.ana_role)
    with pytest.raises(Refused):
        anew.ask_to_adopt(
            row,
            wish,
            by=f.acting(peopled.kim),
            person=peopled.ana,
            days=5,
            reason="it is used",
            now=f.now(),
        )
    request = anew.ask_to_adopt(
        row,
        wish,
        by=f.acting(peopled.ada),
        person=peopled.ana,
        days=5,
        reason="it is used",
        now=f.now(),
    )
    world.answer()
    with pytest.raises(Refused):
        decisions.approve(request, f.shown(request), by=f.acting(peopled.ada), now=f.now())
    decisions.approve(request, f.shown(request), by=f.acting(peopled.kim), now=f.now())
    world.settle()
    assert Key.objects.get(key=f"IAM:{ANA}").origin == Key.Origin.ADOPTED
    grant = Grant.objects.get(item__request=request)
    end(grant, peopled)
    world.settle()
    assert ANA not in world.principals()
    assert other.pk


def also_known(world, peopled):
    """The portfolio is known because Kim's other role got access to it."""
    world.role(world.client("iam"), "kim", "/people/")
    role = f.identity(peopled, f"arn:aws:iam::{f.ACCOUNT}:role/people/kim", peopled.kim)
    request = f.asked_as(peopled, peopled.kim, role)
    world.answer()
    f.approved(request, peopled.director)
    world.settle()
    return Grant.objects.get(item__request=request)


def replace_role(world, name, path):
    iam = world.client("iam")
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    world.role(iam, name, path)


@pytest.mark.parametrize("kind", ["jobs", "templates"])
def test_an_identity_replaced_under_the_same_name_inherits_nothing(world, peopled, kind):
    grant = granted(world, peopled, kind)
    world.settle()
    after_the_window()
    replace_role(world, "ana", "/people/")
    answers.identify_again(Principal.objects.get(person=peopled.ana).pk)
    scan(world)
    lifecycle.end_replaced(now=f.now())
    world.settle()
    grant.refresh_from_db()
    assert grant.end_reason == EndReason.REPLACED
    assert world.policies("ana") == {}
    assert ANA not in world.principals()
    again = Request.objects.get(state=Request.State.OPEN)
    assert (again.person, again.items.get().entitlement) == (peopled.ana, grant.entitlement)
    told = Notice.objects.filter(topic="identity_replaced").values_list("person", flat=True)
    assert set(told) == {peopled.ana.pk, peopled.olu.pk}


def test_the_pass_itself_meets_a_replaced_identity_and_puts_nothing_back(world, peopled):
    granted(world, peopled, "jobs")
    world.settle()
    after_the_window()
    operations.set_repair(
        Target.objects.get(), Repair.AT_ONCE, 1, by=f.acting(peopled.ada), why="ours alone"
    )
    replace_role(world, "ana", "/people/")
    Target.objects.update(next_look_at=Now())
    for _look in range(3):
        world.settle_once()
    assert world.policies("ana") == {}
    world.settle()
    assert Grant.objects.get().end_reason == EndReason.REPLACED
    assert world.policies("ana") == {}


def test_the_system_is_no_administrator():
    with pytest.raises(Refused):
        operations.administrator(actors.system())
