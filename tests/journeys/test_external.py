"""A place that others write (Terraform): the change is shown and watched for, never made."""

import pytest

from accounts.models import Event
from policies import answers
from policies.access import operations, outside
from policies.access.errors import Refused
from policies.models import Delivery, Key, Phase, Plan, Target, TargetKind
from policies.reconcile import holds
from portal.views import progress
from tests import factories as f
from tests.journeys.test_drift import ANA, after_the_window, put_in, scan, take_out
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted


def theirs(company, target):
    operations.set_manager(target, "external", by=f.acting(company.ada), why="Terraform owns it")


def given(world, company, slug="templates"):
    """Approved, and left to others before any worker came by."""
    grant = granted(world, company, slug)
    theirs(company, grant.deliveries.get().target)
    return grant


def looked(world):
    """Two looks and the pass that takes them down."""
    Target.objects.update(next_look_at=f.due())
    world.settle(seconds=2.0)
    return Target.objects.get()


def test_the_change_is_shown_and_never_made_by_us(world, peopled):
    grant = given(world, peopled)
    target = looked(world)
    assert (target.phase, target.outcome) == (Phase.HELD, "external")
    assert [(one["key"], one["before"]) for one in target.pending] == [(f"IAM:{ANA}", None)]
    assert "GH-205" in target.outcome_text
    assert target.next_look_at is not None  # it is looked for again without anybody's doing
    assert (Plan.objects.count(), ANA in world.principals()) == (0, False)
    grant.refresh_from_db()
    assert grant.seen_at is None


def test_what_its_owner_makes_is_seen_and_what_is_to_go_is_waited_for(world, peopled):
    grant = given(world, peopled)
    looked(world)
    put_in(world, ANA)
    target = looked(world)
    grant.refresh_from_db()
    assert (target.phase, target.pending, target.is_settled) == (Phase.SETTLED, [], True)
    assert grant.seen_at is not None
    assert Key.objects.get().origin == Key.Origin.FOUND
    end(grant, peopled)
    target = looked(world)
    grant.refresh_from_db()
    assert (target.phase, target.outcome) == (Phase.HELD, "external")
    assert [(one["key"], one["after"]) for one in target.pending] == [(f"IAM:{ANA}", None)]
    assert (grant.released_at, ANA in world.principals()) == (None, True)
    take_out(world)
    target = looked(world)
    grant.refresh_from_db()
    assert (target.phase, grant.deliveries.get().release) == (Phase.SETTLED, "gone")
    assert grant.released_at is not None
    assert Plan.objects.count() == 0


def test_the_page_says_whose_turn_it_is(world, peopled):
    grant = given(world, peopled)
    target = looked(world)
    shown = progress.access(grant, reader=peopled.ana, now=f.now())
    assert shown.mark.word == "waits for those who manage the place"
    assert shown.advice is not None
    assert shown.advice.runbook == "GH-205"
    line = answers.foresee(grant.item, answers.look_up(peopled.ana_role))["lines"][0]
    assert (line["target"], line["external"]) == (target.object, True)


def test_one_look_is_not_enough(world, peopled):
    grant = given(world, peopled)
    looked(world)
    put_in(world, ANA)
    Target.objects.update(next_look_at=f.due())
    world.settle_once()
    grant.refresh_from_db()
    assert grant.seen_at is None


def test_a_merged_policy_is_theirs_to_change_too(world, peopled):
    """Another text under a wanted name is no conflict here, but the change to be made."""
    grant = given(world, peopled, "jobs")
    looked(world)
    assert [name for name in world.policies("ana") if name.startswith("gatehouse")] == []
    assert Target.objects.get(kind=TargetKind.PRINCIPAL_POLICY).outcome == "external"
    assert Plan.objects.filter(target=grant.deliveries.get().target).count() == 0


def test_drift_there_is_told_and_never_put_back(world, peopled):
    grant = given(world, peopled)
    put_in(world, ANA)
    target = looked(world)
    operations.set_repair(target, "at_once", 1, by=f.acting(peopled.ada), why="as everywhere")
    take_out(world)
    scan(world)
    target = looked(world)
    assert (target.phase, target.outcome) == (Phase.HELD, "external")
    assert grant.deliveries.get().state == Delivery.State.DRIFTED
    drift = target.drifts.get()
    assert (drift.key, drift.there, drift.over_at) == (f"IAM:{ANA}", None, None)
    assert (ANA in world.principals(), Plan.objects.count()) == (False, 0)
    with pytest.raises(Refused):
        outside.put_back(drift, None, by=f.acting(peopled.ada), why="please")
    put_in(world, ANA)
    target = looked(world)
    assert (target.phase, target.drifts.get().over) == (Phase.SETTLED, "reverted")
    assert grant.deliveries.get().state == Delivery.State.SEEN


def test_ours_before_is_theirs_to_end_now(world, peopled):
    grant = granted(world, peopled, "templates")
    world.settle()
    theirs(peopled, Target.objects.get())
    looked(world)
    end(grant, peopled)
    target = looked(world)
    assert (target.outcome, ANA in world.principals()) == ("external", True)
    after_the_window()  # until then our own write counts, and not a reading that may be stale
    take_out(world)
    assert looked(world).phase == Phase.SETTLED
    grant.refresh_from_db()
    assert (grant.released_at is not None, Plan.objects.count()) == (True, 1)


def test_back_to_us_what_waited_is_written(world, peopled):
    given(world, peopled)
    target = looked(world)
    operations.set_manager(target, "portal", by=f.acting(peopled.bo), why="Terraform let it go")
    world.settle()
    assert ANA in world.principals()
    target.refresh_from_db()
    assert (target.phase, target.pending) == (Phase.SETTLED, [])


def test_what_they_made_stays_theirs_when_we_write_again(world, peopled):
    grant = given(world, peopled)
    put_in(world, ANA)
    target = looked(world)
    operations.set_manager(target, "portal", by=f.acting(peopled.bo), why="Terraform let it go")
    world.settle()
    end(grant, peopled)
    world.settle()
    assert (grant.deliveries.get().release, ANA in world.principals()) == ("found", True)


def test_only_administrators_choose_with_a_reason_and_on_record(world, peopled):
    granted(world, peopled, "templates")
    target = Target.objects.get()
    for who, why in ((peopled.kim, "mine"), (peopled.ira, "mine"), (peopled.ada, " ")):
        with pytest.raises(Refused):
            operations.set_manager(target, "external", by=f.acting(who), why=why)
    theirs(peopled, target)
    with pytest.raises(Refused):
        theirs(peopled, target)
    event = Event.objects.get(what="target.manager_set")
    assert event.after == {"managed_by": "external"}


def test_a_place_that_changes_hands_during_a_pass_is_not_written(world, peopled):
    """The pass has read its row before; what it asks before it writes is the database."""
    granted(world, peopled, "templates")
    stale = Target.objects.get()
    theirs(peopled, stale)
    assert stale.managed_by == "portal"
    hold = holds._external(stale)
    assert hold is not None
    assert hold.outcome == "external"


def test_others_access_there_is_seen_while_one_waits(world, peopled):
    """What stands as wanted is confirmed although another entry still waits for its owner."""
    first = given(world, peopled)
    put_in(world, ANA)
    looked(world)
    request = f.asked_as(
        peopled, peopled.olu, f.identity(peopled, "people/ben", peopled.olu), "templates"
    )
    world.answer()
    request.refresh_from_db()
    f.approved(request, peopled.director)
    target = looked(world)
    assert [one["key"] for one in target.pending] == [
        f"IAM:arn:aws:iam::{f.ACCOUNT}:role/people/ben"
    ]
    assert first.deliveries.get().state == Delivery.State.SEEN
    end(first, peopled)
    take_out(world)
    looked(world)
    first.refresh_from_db()
    assert first.released_at is not None
