"""The approver's page: consequences first, a yes only for what was shown."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.access import requests, rules
from policies.models import Candidate, Decision, Grant, Inquiry, Item, Request
from portal.views import previews
from tests import factories as f
from tests.portal import scenes

pytestmark = pytest.mark.django_db


def effects(request):
    return {f"effect-{pk}": effect for pk, effect in f.shown(request).items()}


def test_the_manager_approves_what_was_shown(company, as_):
    request = f.previewed(f.asked(company))
    client = as_(company.kim)
    page = client.get(f"/approvals/{request.ref}/").content.decode()
    assert "adds ana" in page
    assert "principals: 3 of 100" in page
    assert f.shown(request)[request.items.get().pk] in page
    answer = client.post(f"/approvals/{request.ref}/approve/", effects(request), follow=True)
    assert "AWS is changed next, and read back." in answer.content.decode()
    assert Grant.objects.get().person == company.ana


def test_a_place_of_others_is_told_before_the_yes(company, as_):
    request = f.previewed(f.asked(company))
    words = "after approval Gatehouse shows them the change and waits."
    assert words not in as_(company.kim).get(f"/approvals/{request.ref}/").content.decode()
    item = request.items.get()
    item.preview["lines"][0]["external"] = True
    item.save(update_fields=["preview"])
    for who, page in ((company.kim, "approvals"), (company.ana, "requests")):
        assert words in as_(who).get(f"/{page}/{request.ref}/").content.decode()


def test_while_aws_is_being_read_only_no_and_a_question_are_offered(company, as_):
    request = f.asked(company)
    page = as_(company.kim).get(f"/approvals/{request.ref}/").content.decode()
    assert "Checking AWS…" in page
    assert "You can decline or ask back now, not approve" in page
    assert "what Templates would change in AWS is not known yet" in page
    assert "Approve this" not in page
    assert 'hx-trigger="every 2s"' in page


def test_a_yes_without_preview_is_refused_by_the_verb_too(company, as_):
    request = f.asked(company)
    answer = as_(company.kim).post(f"/approvals/{request.ref}/approve/", effects(request))
    assert answer.status_code == 422
    assert "is not known yet" in answer.content.decode()
    assert not Grant.objects.exists()


@pytest.mark.parametrize("name", ["effect-" + "9" * 5000, "effect-1", "effect-x"])
def test_a_yes_to_things_not_on_the_page_is_a_stale_yes(company, as_, name):
    request = f.previewed(f.asked(company))
    data, kind = f"{name}=x", "application/x-www-form-urlencoded"
    where = f"/approvals/{request.ref}/approve/"
    answer = as_(company.kim).post(where, data, content_type=kind)
    assert answer.status_code == 422
    assert not Grant.objects.exists()


def test_a_stale_yes_is_refused_with_the_new_preview_asked_for(company, as_):
    request = f.previewed(f.asked(company))
    stale = dict.fromkeys(effects(request), "0" * 64)
    answer = as_(company.kim).post(f"/approvals/{request.ref}/approve/", stale)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "What this would do has changed since you opened the page." in page
    assert f.shown(request)[request.items.get().pk] in page
    assert Inquiry.objects.filter(state=Inquiry.State.OPEN).count() == 1
    assert not Grant.objects.exists()


def test_what_does_not_fit_is_said_with_its_figure_and_cannot_be_approved(company, as_):
    request = f.previewed(f.asked(company), fits=False)
    client = as_(company.kim)
    page = client.get(f"/approvals/{request.ref}/").content.decode()
    assert "principals: 100 of 100 used" in page
    assert "Approve this" not in page
    answer = client.post(f"/approvals/{request.ref}/approve/", effects(request))
    assert answer.status_code == 422
    assert not Grant.objects.exists()


def test_a_changed_catalogue_entry_has_to_be_asked_for_again(company, as_):
    request = f.previewed(f.asked(company))
    rule = {**rules.rulebook.SUBJECTS["entitlement"].current("templates"), "max_days": 10}
    proposal = rules.propose(
        "entitlement", "templates", rule, by=f.acting(company.ada), reason="shorter"
    )
    rules.accept(proposal, by=f.acting(company.bo))
    page = as_(company.kim).get(f"/approvals/{request.ref}/").content.decode()
    assert "has changed in the catalogue since it was asked for" in page
    assert "Approve this" not in page


def test_a_failed_look_at_aws_is_told_in_words_with_its_number(company, as_):
    request = f.asked(company)
    Inquiry.objects.update(outcome="denied", outcome_text="AccessDenied on iam:GetRole by X")
    for who, sees in ((company.kim, False), (company.ada, True)):
        page = as_(who).get(f"/approvals/{request.ref}/").content.decode()
        assert "AWS refused our own worker role." in page
        assert "Runbook GH-105" in page
        assert ("iam:GetRole" in page) is sees, "AWS’s own words are for administrators"


def test_declining_needs_a_reason_that_the_person_then_reads(company, as_):
    request = f.asked(company)
    client = as_(company.kim)
    answer = client.post(f"/approvals/{request.ref}/decline/", {"decline-why": " "})
    assert answer.status_code == 422
    assert 'href="#id_decline-why"' in answer.content.decode()
    assert Request.objects.get().state == Request.State.OPEN
    client.post(f"/approvals/{request.ref}/decline/", {"decline-why": "ask for less"})
    page = as_(company.ana).get(f"/requests/{request.ref}/").content.decode()
    assert "declined" in page
    assert "ask for less" in page


def test_a_question_comes_back_is_answered_and_the_request_goes_on(company, as_):
    request = f.previewed(f.asked(company))
    kim, ana = as_(company.kim), as_(company.ana)
    kim.post(f"/approvals/{request.ref}/ask_back/", {"ask_back-why": "Which report?"})
    page = ana.get(f"/requests/{request.ref}/").content.decode()
    assert "Which report?" in page
    assert "Waiting for an answer from Ana Engineer." in page
    assert ana.post(f"/requests/{request.ref}/answer/", {"text": " "}).status_code == 422
    ana.post(f"/requests/{request.ref}/answer/", {"text": "The quarterly one."})
    page = kim.get(f"/approvals/{request.ref}/").content.decode()
    assert "The quarterly one." in page
    assert "Approve this" in page


def test_the_second_of_two_who_decide_is_told_and_changes_nothing(company, as_):
    request = f.previewed(f.asked(company))
    as_(company.kim).post(f"/approvals/{request.ref}/approve/", effects(request))
    answer = as_(company.ada).post(
        f"/approvals/{request.ref}/decline/", {"decline-why": "no"}, follow=True
    )
    assert "has already been decided or closed" in answer.content.decode()
    assert Decision.objects.count() == 1


def test_administrators_find_what_they_stand_by_for_on_the_second_tab(company, as_):
    request = f.asked(company)
    client = as_(company.ada)
    assert request.ref not in client.get("/approvals/").content.decode()
    assert request.ref in client.get("/approvals/?all=1").content.decode()
    assert request.ref in as_(company.kim).get("/approvals/").content.decode()
    assert Candidate.objects.filter(person=company.ada, why=Candidate.STAND_BY).exists()


def test_taking_a_request_back_asks_first_and_happens_once(company, as_):
    request = f.asked(company)
    client = as_(company.ana)
    assert client.get(f"/requests/{request.ref}/withdraw/").status_code == 200
    assert Request.objects.get().state == Request.State.OPEN
    client.post(f"/requests/{request.ref}/withdraw/")
    assert Request.objects.get().state == Request.State.WITHDRAWN
    again = client.post(f"/requests/{request.ref}/withdraw/")
    assert again.status_code == 422


def test_words_of_people_never_become_markup(company, as_):
    evil = "<script>alert(1)</script>"
    request = f.asked(company)
    Request.objects.filter(pk=request.pk).update(reason=evil)
    Item.objects.update(sentence=evil, risks=[evil])
    requests.withdraw(f.asked(company, "jobs", roles=["sales"]), by=f.acting(company.ana))
    page = as_(company.kim).get(f"/approvals/{request.ref}/").content.decode()
    assert evil not in page
    assert "&lt;script&gt;alert(1)" in page


def test_lists_ask_the_database_the_same_number_of_questions_however_long(company, as_):
    def queries(person, path):
        client = as_(person)
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            client.get(path)
        return len(seen)

    scenes.granted(company)
    f.asked(company, "jobs", roles=["sales"])
    pages = [
        (company.ana, "/"),
        (company.ana, "/requests/"),
        (company.kim, "/approvals/"),
        (company.kim, "/team/"),
        (company.ana, "/catalogue/"),
    ]
    few = [queries(*page) for page in pages]
    scenes.granted(company, "kubernetes", groups=["viewers"])
    f.asked(company, "jobs", roles=["ops"])
    f.asked(company, "kubernetes", groups=["emr-users"])
    assert [queries(*page) for page in pages] == few


def test_what_says_the_same_of_the_same_place_is_one_line_and_its_parts_stay():
    line = {"target": "lake", "say": "opened", "there": False, "before": None, "after": "a"}
    lines = [line, {**line, "after": "b"}, {**line, "there": True}, {**line, "target": "other"}]
    one = previews.Preview(Item(preview={"lines": lines}), False, None, "", False)
    assert len(one.changes) == 3
    assert one.lines == lines
