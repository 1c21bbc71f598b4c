"""Asking and deciding, by every door and with every bad input."""

import pytest

from accounts.actors import Channel
from accounts.models import Event
from policies.access import decisions, grants
from policies.access.errors import AlreadyDecided, Refused, StaleEffect
from policies.models import EndReason, Grant, Request, Target
from tests import factories as f

pytestmark = pytest.mark.django_db


def test_the_managers_yes_makes_one_grant_and_wakes_one_target(company):
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    grant = Grant.objects.get()
    assert grant.parts == request.items.get().parts
    assert Target.objects.get().generation == 1
    assert Request.objects.get().state == Request.State.APPROVED


def test_without_a_preview_only_no_is_possible(company):
    request = f.asked(company)
    with pytest.raises(Refused, match="not known yet"):
        decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    decisions.decline(request, by=f.acting(company.kim), now=f.now(), why="not now")
    assert Request.objects.get().state == Request.State.DECLINED


def test_a_stale_effect_is_refused(company):
    request = f.previewed(f.asked(company))
    shown = dict.fromkeys(f.shown(request), "0" * 64)
    with pytest.raises(StaleEffect):
        decisions.approve(request, shown, by=f.acting(company.kim), now=f.now())
    assert not Grant.objects.exists()


def test_deciding_twice_is_refused(company):
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    with pytest.raises(AlreadyDecided):
        decisions.decline(request, by=f.acting(company.kim), now=f.now(), why="changed my mind")


@pytest.mark.parametrize("who", ["ana", "olu", "ira", "director"])
def test_people_who_are_not_asked_cannot_decide(company, who):
    request = f.previewed(f.asked(company))
    with pytest.raises(Refused, match="cannot decide"):
        person = getattr(company, who)
        decisions.approve(request, f.shown(request), by=f.acting(person), now=f.now())


def test_an_administrator_decides_in_the_admin_but_never_over_the_api(company):
    request = f.previewed(f.asked(company))
    with pytest.raises(Refused, match="on a page"):
        by = f.acting(company.bo, Channel.API)
        decisions.approve(request, f.shown(request), by=by, now=f.now())
    by = f.acting(company.bo, Channel.ADMIN)
    decisions.approve(request, f.shown(request), by=by, now=f.now())
    assert Event.objects.filter(what="grant.made", channel="admin").count() == 1


def test_ending_wakes_the_target_once(company):
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    grant = Grant.objects.get()
    by = f.acting(company.ana)
    assert grants.end(grant, by=by, reason=EndReason.GIVEN_BACK) is True
    assert grants.end(grant, by=by, reason=EndReason.GIVEN_BACK) is False
    assert Target.objects.get().generation == 2
