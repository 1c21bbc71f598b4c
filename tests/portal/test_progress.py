"""What pages say about AWS: never given and never gone before it was seen."""

from datetime import timedelta

import pytest

from accounts import actors
from policies.access import grants
from policies.models import Delivery, EndReason, Grant, Phase
from tests import factories as f
from tests.portal import scenes

pytestmark = pytest.mark.django_db


def shows(as_, person, grant) -> dict[str, str]:
    """The three pages that tell about a grant."""
    client = as_(person)
    paths = ["/", f"/access/{grant.ref}/", f"/requests/{grant.item.request.ref}/"]
    return {path: client.get(path).content.decode() for path in paths}


def end(grant, person):
    grants.end(grant, by=f.acting(person), reason=EndReason.GIVEN_BACK)
    grant.refresh_from_db()


def test_an_approved_access_is_being_applied_until_it_was_seen(company, as_):
    grant = scenes.granted(company)
    for path, page in shows(as_, company.ana, grant).items():
        assert "being applied" in page, path
        assert "confirmed in AWS" not in page, path
        assert "How to use it" not in page, path


def test_written_is_not_yet_confirmed(company, as_):
    grant = scenes.granted(company)
    scenes.target_is(grant, Phase.VERIFYING)
    page = as_(company.ana).get(f"/access/{grant.ref}/").content.decode()
    assert "written, not confirmed yet" in page
    assert "confirmed in AWS" not in page


def test_a_seen_access_is_confirmed_with_its_time_and_how_to_use_it(company, as_):
    grant = scenes.worker_saw(scenes.granted(company))
    for path, page in shows(as_, company.ana, grant).items():
        assert "confirmed in AWS <time" in page, path
    page = as_(company.ana).get(f"/access/{grant.ref}/").content.decode()
    assert "How to use it" in page
    assert "choose a cluster template" in page


def test_one_unseen_part_is_enough_to_be_unconfirmed(company, as_):
    grant = scenes.granted(company, "jobs", roles=["sales", "ops"])
    scenes.worker_saw(grant)
    Delivery.objects.filter(pk=grant.deliveries.last().pk).update(state=Delivery.State.DUE)
    page = as_(company.ana).get("/").content.decode()
    assert "confirmed in AWS" not in page


def test_an_ended_access_is_ending_until_it_was_seen_gone(company, as_):
    grant = scenes.worker_saw(scenes.granted(company))
    end(grant, company.ana)
    for path, page in shows(as_, company.ana, grant).items():
        assert "ending" in page, path
        assert "gone from AWS" not in page, path
    scenes.worker_released(grant, Delivery.Release.GONE)
    for path, page in shows(as_, company.ana, grant).items():
        assert "gone from AWS <time" in page, path


def test_an_access_past_its_last_moment_is_ending_even_before_the_sweep(company, as_):
    grant = scenes.worker_saw(scenes.granted(company))
    past = f.now() - timedelta(minutes=1)
    Grant.objects.update(starts_at=past - timedelta(days=1), ends_at=past)
    page = as_(company.ana).get("/").content.decode()
    assert "ending" in page
    assert "confirmed in AWS" not in page
    assert grant.ref in page


@pytest.mark.parametrize("release", [Delivery.Release.NEEDED, Delivery.Release.FOUND])
def test_what_is_still_there_is_never_called_gone(company, as_, release):
    other = scenes.worker_saw(scenes.granted(company, "kubernetes", groups=["viewers"]))
    grant = scenes.worker_saw(scenes.granted(company))
    end(grant, company.ana)
    scenes.worker_released(grant, release, other)
    for path, page in shows(as_, company.ana, grant).items():
        assert "ended, but still in AWS" in page, path
        assert "gone from AWS" not in page, path
    page = as_(company.ana).get(f"/access/{grant.ref}/").content.decode()
    reason = other.ref if release == Delivery.Release.NEEDED else "was there before Gatehouse"
    assert reason in page


@pytest.mark.parametrize(
    ("phase", "outcome", "number"),
    [
        (Phase.WAITING, "throttled", "GH-102"),
        (Phase.HELD, "conflict", "GH-103"),
        (Phase.STUCK, "quota", "GH-104"),
        (Phase.STUCK, "", "GH-108"),
    ],
)
def test_trouble_is_told_in_plain_words_with_the_runbook_number(
    company, as_, phase, outcome, number
):
    grant = scenes.granted(company)
    scenes.target_is(grant, phase, outcome, "arn:aws:iam::111122223333:role/people/kim says no")
    for path, page in shows(as_, company.ana, grant).items():
        assert f"Runbook {number}" in page, path
        assert "says no" not in page, "AWS’s own words may name other people"
    page = as_(company.ada).get(f"/access/{grant.ref}/").content.decode()
    assert "says no" in page


def test_a_removal_in_trouble_says_since_when_it_should_be_gone(company, as_):
    grant = scenes.worker_saw(scenes.granted(company))
    end(grant, company.ana)
    scenes.target_is(grant, Phase.STUCK, "denied")
    assert "should be gone since <time" in as_(company.ana).get("/").content.decode()


def test_an_access_that_begins_later_says_when(company, as_):
    grant = scenes.granted(company)
    Grant.objects.update(starts_at=f.later(3))
    page = as_(company.ana).get(f"/access/{grant.ref}/").content.decode()
    assert "approved, starts <time" in page
    assert "being applied" not in page


def test_the_page_says_when_no_worker_is_heard_of(company, as_):
    grant = scenes.granted(company)
    scenes.worker_heard_of(f.now())
    assert "when our worker returns" not in shows(as_, company.ana, grant)["/"]
    scenes.worker_heard_of(f.now() - timedelta(minutes=5))
    for path, page in shows(as_, company.ana, grant).items():
        assert "AWS will be changed when our worker returns" in page, path


def test_a_living_part_that_did_not_change_is_answered_with_nothing(company, as_):
    grant = scenes.granted(company)
    client, path = as_(company.ana), f"/requests/{grant.item.request.ref}/"
    page = client.get(path)
    version = page.context["part_version"]
    part = {"headers": {"HX-Request": "true"}}
    assert client.get(f"{path}?was={version}", **part).status_code == 204
    scenes.target_is(grant, Phase.VERIFYING)
    changed = client.get(f"{path}?was={version}", **part)
    assert changed.status_code == 200
    assert "written, not confirmed yet" in changed.content.decode()
    assert "<!doctype" not in changed.content.decode()
    assert "HX-Request" in changed.headers["Vary"]


def test_following_stops_by_itself_once_all_is_settled(company, as_):
    grant = scenes.granted(company)
    client, path = as_(company.ana), f"/requests/{grant.item.request.ref}/"
    assert 'hx-trigger="every 2s"' in client.get(path).content.decode()
    scenes.worker_saw(grant)
    last = client.get(f"{path}?was=x", headers={"HX-Request": "true"})
    assert last.status_code == 286
    assert "hx-trigger" not in last.content.decode()
    assert "hx-trigger" not in client.get(path).content.decode()


def test_giving_back_asks_first_and_ends_once(company, as_):
    grant = scenes.worker_saw(scenes.granted(company))
    client = as_(company.ana)
    assert client.get(f"/access/{grant.ref}/end/").status_code == 200
    assert Grant.objects.get().ended_at is None
    page = client.post(f"/access/{grant.ref}/end/", {"why": "done"}, follow=True)
    assert "It shows as gone once it was seen gone from AWS." in page.content.decode()
    assert Grant.objects.get().end_reason == EndReason.GIVEN_BACK
    again = client.post(f"/access/{grant.ref}/end/", {}, follow=True)
    assert "had already been ended" in again.content.decode()


def test_who_ends_it_for_somebody_else_revokes(company, as_):
    grant = scenes.granted(company)
    as_(company.kim).post(f"/access/{grant.ref}/end/", {"why": "moved on"})
    assert Grant.objects.get().end_reason == EndReason.REVOKED


def test_a_first_day_is_a_checklist_not_an_empty_page(company, as_):
    new = f.person("Nia New", company.kim)
    page = as_(new).get("/").content.decode()
    assert "Three steps to your first access" in page
    assert "Ada Admin or Bo Admin adds it. You can ask for access before that." in page
    assert as_(company.ana).get("/").content.decode().count("done</span>") == 2
    scenes.granted(company)
    assert "Three steps" not in as_(company.ana).get("/").content.decode()


def test_a_manager_sees_what_the_team_holds(company, as_):
    grant = scenes.worker_saw(scenes.granted(company))
    page = as_(company.kim).get("/team/").content.decode()
    assert "Ana Engineer" in page
    assert grant.ref in page
    grants.end(grant, by=actors.system(), reason=EndReason.EXPIRED)
    scenes.worker_released(grant, Delivery.Release.GONE)
    assert grant.ref not in as_(company.kim).get("/team/").content.decode()
