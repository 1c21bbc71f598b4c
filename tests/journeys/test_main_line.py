"""The main line: asked, approved, seen in AWS, ended, seen gone; foreign things untouched."""

import pytest

from accounts.models import Event
from policies.access import decisions, grants
from policies.models import Delivery, EndReason, Grant, Item, Target
from tests import factories as f

TERMS = {
    "templates": {},
    "jobs": {"roles": ["sales"]},
    "kubernetes": {"groups": ["emr-users"]},
    "onboarding": {"virtual_clusters": ["jobs"]},
}


def granted(world, company, slug) -> Grant:
    request = f.asked(company, slug, **TERMS[slug])
    world.answer()
    request.refresh_from_db()
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    return Grant.objects.get(item__request=request)


def held(world):
    return world.principals(), world.policies("ana"), world.auth_map(), world.trust("ana")


@pytest.mark.parametrize("slug", TERMS)
def test_asked_approved_seen_ended_seen_gone(world, peopled, slug):
    before = held(world)
    grant = granted(world, peopled, slug)
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None, Target.objects.values()
    assert held(world) != before
    grants.end(grant, by=f.acting(peopled.ana), reason=EndReason.GIVEN_BACK)
    world.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None, Target.objects.values()
    assert held(world) == before
    assert Delivery.objects.get().release == Delivery.Release.GONE


@pytest.mark.parametrize("slug", TERMS)
def test_what_aws_holds_is_what_was_shown(world, peopled, slug):
    grant = granted(world, peopled, slug)
    world.settle()
    line = Item.objects.get().preview["lines"][0]
    told = {"before": line["before"], "after": line["after"]}
    written = Event.objects.get(what="target.written").after["changes"][0]
    assert {"before": written["before"], "after": written["after"]} == told
    assert grant.sentence
