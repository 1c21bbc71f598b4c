"""What an end cuts, on pages: shown and confirmed before, what remains and until when after."""

from datetime import timedelta

import pytest

from policies.access import grants, remaining
from policies.models import Delivery, EndReason, Grant, Request
from tests import factories as f
from tests.portal import scenes

pytestmark = pytest.mark.django_db
CUT = {"scope": "sessions", "seconds": 7200, "sessions": {}}
TICK = {"approve-collateral": "on"}


def asked(company, role="sales") -> Request:
    """A previewed request for jobs whose end cuts all sessions."""
    if company.entitlements["jobs"].cut == "none":
        f.ruled(company, "entitlement", "jobs", cut="sessions")
    request = f.previewed(f.asked(company, "jobs", roles=[role]))
    for item in request.items.all():
        item.preview["cut"] = CUT
        item.save()
    return request


def granted(company) -> Grant:
    request = asked(company)
    f.approved(request, company.kim)
    return Grant.objects.get(item__request=request)


def carried(request: Request) -> dict[str, str]:
    return {f"effect-{item.pk}": item.effect for item in request.items.all()}


def test_the_page_says_what_the_end_cuts_and_asks_nothing_more_where_nobody_is_hit(company, as_):
    request = asked(company)
    page = as_(company.kim).get(f"/approvals/{request.ref}/").content.decode()
    assert "What its end cuts" in page
    assert "all live sessions of the AWS identity" in page
    assert "approve-collateral" not in page


def test_others_that_are_hit_are_named_and_have_to_be_accepted(company, as_):
    first = granted(company)
    request = asked(company, "ops")
    client = as_(company.kim)
    page = client.get(f"/approvals/{request.ref}/").content.decode()
    assert f"({first.ref}) would be interrupted" in page
    assert 'name="approve-collateral"' in page
    answer = client.post(f"/approvals/{request.ref}/approve/", carried(request))
    assert answer.status_code == 422
    assert "Confirm that separately" in answer.content.decode()
    assert Grant.objects.count() == 1
    answer = client.post(f"/approvals/{request.ref}/approve/", carried(request) | TICK)
    assert answer.status_code == 302
    assert Grant.objects.count() == 2


def test_the_admin_asks_for_the_same_confirmation(company, client):
    granted(company)
    request = asked(company, "ops")
    client.force_login(company.ada)
    path = f"/admin/policies/request/{request.pk}/do/approve/"
    assert 'name="collateral"' in client.get(path).content.decode()
    carried = {f"effect_{item.pk}": item.effect for item in request.items.all()}
    assert client.post(path, carried).status_code == 422
    assert client.post(path, carried | {"collateral": "on"}).status_code == 302
    assert Grant.objects.count() == 2


def test_after_an_end_the_page_says_what_is_cut_and_what_remains(company, as_):
    grant = granted(company)
    Grant.objects.update(starts_at=f.now() - timedelta(hours=1))
    grants.end(grant, by=f.acting(company.ana), reason=EndReason.GIVEN_BACK)
    client, paths = (
        as_(company.ana),
        [f"/access/{grant.ref}/", f"/requests/{grant.item.request.ref}/"],
    )
    for path in paths:
        page = client.get(path).content.decode()
        assert "Cut off by the end" in page, path
        assert "Jobs that were started before the end" in page, path
        assert "At most until <time" in page, path
    Delivery.objects.cuts().update(state=Delivery.State.SEEN)
    for path in paths:
        page = client.get(path).content.decode()
        assert "in force until" in page, path
        assert "Jobs that were started before the end" not in page, path
        assert "taken on from this AWS identity" in page, path


def test_a_grant_is_gone_although_its_cut_goes_on(company, as_):
    grant = granted(company)
    Grant.objects.update(starts_at=f.now() - timedelta(hours=1))
    grants.end(grant, by=f.acting(company.ana), reason=EndReason.GIVEN_BACK)
    grant.deliveries.gives().update(state=Delivery.State.RELEASED, release="gone")
    Grant.objects.update(released_at=f.now())
    page = as_(company.ana).get(f"/access/{grant.ref}/").content.decode()
    assert "gone from AWS" in page
    assert "ended, but still in AWS" not in page


def test_a_living_access_has_nothing_that_remains(company, as_):
    grant = scenes.worker_saw(granted(company))
    page = as_(company.ana).get(f"/access/{grant.ref}/").content.decode()
    assert "What may go on after the end" not in page
    assert remaining.of(grant, now=f.now()) == []
