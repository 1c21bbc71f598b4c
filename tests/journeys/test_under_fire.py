"""What `make chaos` has found, each as the smallest story that shows it."""

from policies.models import Phase, Target
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
