"""Ended, and given again before AWS shows the end: what reads show then is older than our write."""

import time

import pytest

from policies.models import Delivery
from tests import factories as f
from tests.conftest import PACE
from tests.journeys.test_honesty import also, end, fault
from tests.journeys.test_main_line import granted
from tests.journeys.test_spill import filled

LAG = 1.5  # seconds


def rows(world):
    return "role/ana" in world.auth_map()["mapRoles"]


def documents(world):
    """What IAM really holds, whatever its reads show."""
    accounts = world.fake.get("/_fake/holds?format=json")["accounts"]
    roles = next(one["roles"] for one in accounts if one["id"] == f.ACCOUNT)
    ana = next(one for one in roles if one["arn"].endswith("/people/ana"))
    return any("gatehouse" in arn for arn in ana["attached_policies"])


def lagging(world):
    for service in ("iam", "servicecatalog", "eks"):
        fault(world, service=service, kind="stale", seconds=LAG / PACE, times=None)
    world._kube("POST", "/_fake/faults", {"kind": "stale", "seconds": LAG / PACE})
    time.sleep(LAG)  # until what was written before shows


@pytest.mark.parametrize(
    ("slug", "terms", "stands"),
    [("kubernetes", {"groups": ["emr-users"]}, rows), ("jobs", {"roles": ["sales"]}, documents)],
    ids=["aws-auth", "managed policy"],
)
def test_what_is_called_seen_stands_there(world, peopled, settings, slug, terms, stands):
    settings.PACE = 0.5  # windows longer than the lag
    filled(world, 10_235)
    first = granted(world, peopled, slug)
    world.settle()
    first.refresh_from_db()
    assert first.seen_at is not None
    assert stands(world)
    lagging(world)
    end(first, peopled)
    world.settle_once()  # the removal is written, and reads do not show it yet
    assert not stands(world)
    second = also(world, peopled, slug, **terms)
    until = time.monotonic() + 40
    while time.monotonic() < until:
        world.settle(seconds=0.01)
        states = set(second.deliveries.values_list("state", flat=True))
        if states == {Delivery.State.SEEN}:
            break
    assert stands(world), "called seen, and AWS does not hold it"
    second.refresh_from_db()
    assert second.seen_at is not None
