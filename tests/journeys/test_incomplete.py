"""Access of which a side stays missing: its owner is told once, and rolls it back by ending it."""

from datetime import timedelta

import pytest

from accounts.models import Notice
from policies import lifecycle
from policies.models import Delivery, Grant
from tests import factories as f
from tests.journeys.test_crossing import OWNER, lake_of_another
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted


def told():
    topic = "access_incomplete"
    return list(Notice.objects.filter(topic=topic).values_list("person__name", flat=True))


@pytest.fixture
def half(world, peopled):
    """The lake's side is given; Ana's own role lost its tag meanwhile, so her side cannot be."""
    lake_of_another(world)
    f.ruled(peopled, "entitlement", "lake", owner=peopled.olu.email)
    grant = granted(world, peopled, "lake")
    world.client("iam").untag_role(RoleName="ana", TagKeys=["gatehouse"])
    world.settle(seconds=20)
    grant.refresh_from_db()
    assert grant.seen_at is None
    return grant


def test_the_owner_is_told_once_and_only_when_it_is_late(half, world, peopled):
    now = f.now()
    assert lifecycle.tell_incomplete(now=now) == 0
    assert lifecycle.tell_incomplete(now=now + timedelta(hours=25)) == 1
    assert lifecycle.tell_incomplete(now=now + timedelta(hours=26)) == 0
    assert told() == [peopled.olu.name]


def test_ending_it_takes_back_what_is_there(half, world, peopled):
    iam = world.client("iam", OWNER)
    sides = set(half.deliveries.values_list("state", flat=True))
    assert sides == {Delivery.State.SEEN, Delivery.State.DUE}
    lifecycle.tell_incomplete(now=f.now() + timedelta(hours=25))
    end(half, peopled)
    world.settle(seconds=20)
    half.refresh_from_db()
    assert half.released_at is not None
    trust = iam.get_role(RoleName="lake-reader")["Role"]["AssumeRolePolicyDocument"]
    assert "people/ana" not in str(trust)
    assert lifecycle.tell_incomplete(now=f.now() + timedelta(hours=50)) == 0


def test_without_an_owner_the_administrators_are_told(half, world, peopled):
    f.ruled(peopled, "entitlement", "lake", owner=None)
    lifecycle.tell_incomplete(now=f.now() + timedelta(hours=25))
    assert sorted(told()) == sorted([peopled.ada.name, peopled.bo.name])


def test_what_was_seen_or_has_not_begun_is_nobodys_news(world, peopled):
    granted(world, peopled, "templates")
    world.settle()
    assert Grant.objects.get().seen_at is not None
    assert lifecycle.tell_incomplete(now=f.now() + timedelta(hours=25)) == 0
