"""What `make chaos` has found, each as the smallest story that shows it."""

from policies.models import Phase, Target
from tests.journeys.test_honesty import also
from tests.journeys.test_main_line import granted


def test_tries_that_never_reached_the_cluster_are_no_rounds(world, peopled):
    """A lost answer, then three conflicts in a row: nobody has to press anything."""
    grant = granted(world, peopled, "kubernetes")
    world.fake.kube("POST", "/_fake/faults", {"kind": "drop", "on": "write"})
    world.settle_once()
    world.fake.kube("POST", "/_fake/faults", {"kind": "conflict", "times": 3})
    world.settle(seconds=30)
    grant.refresh_from_db()
    target = Target.objects.get()
    assert (target.phase, target.outcome_text) == (Phase.SETTLED, "")
    assert grant.seen_at is not None


def test_an_update_that_never_arrived_leaves_our_own_row_and_no_conflict(world, peopled):
    """The row still says what we wrote before: that is nobody else's edit."""
    granted(world, peopled, "kubernetes")
    world.settle()
    second = also(world, peopled, "kubernetes", groups=["viewers"])
    world.fake.kube("POST", "/_fake/faults", {"kind": "drop", "on": "write"})
    world.settle(seconds=30)
    second.refresh_from_db()
    assert (Target.objects.get().phase, second.seen_at is not None) == (Phase.SETTLED, True)
    assert "viewers" in world.auth_map()["mapRoles"]


def test_an_edit_by_others_stays_a_conflict_when_our_own_answer_was_lost(world, peopled):
    """Neither what we wrote nor what stood there before: somebody else's, and left alone."""
    granted(world, peopled, "kubernetes")
    world.settle()
    also(world, peopled, "kubernetes", groups=["viewers"])
    world.fake.kube("POST", "/_fake/faults", {"kind": "drop", "on": "write"})
    world.settle_once()
    edited = world.auth_map()["mapRoles"].replace("aws-user:ana", "ana-by-hand")
    world.set_auth_map({"mapRoles": edited})
    world.settle(seconds=20)
    assert Target.objects.get().phase == Phase.HELD
    assert world.auth_map()["mapRoles"] == edited
