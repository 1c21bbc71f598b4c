"""The leaver: everything ends in the call, and the receipt says no more than was seen."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import Event, Person
from policies.access import decisions
from policies.models import Delivery, Grant, Receipt, Request, Target
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaving(api, company):
    """Ana holds one access, waits for another, and is signed in; then HR says that she left."""
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    f.asked(company, "kubernetes", groups=["viewers"])
    browser = Client()
    browser.force_login(company.ana)
    answer = api("POST", f"v1/employees/{company.ana.employee_number}/offboard/")
    return answer, browser


def _receipt(api, answer):
    return api("GET", answer.json()["receipt_url"].partition("/api/")[2]).json()


def _seen(**facts):
    """What a worker writes after looking at AWS."""
    Delivery.objects.update(state="released", released_at=f.now(), **facts)


def test_the_call_itself_ends_everything_here(leaving, company):
    answer, _browser = leaving
    assert answer.status_code == 202
    assert Person.objects.get(pk=company.ana.pk).state == "left"
    assert Grant.objects.get().end_reason == "left"
    assert set(Request.objects.values_list("state", flat=True)) == {"approved", "closed"}
    assert not Session.objects.exists()
    assert Target.objects.get().generation == 2


def test_whoever_left_is_signed_out(leaving):
    _answer, browser = leaving
    assert browser.get("/api/docs/").status_code == 302


def test_the_answer_says_where_the_receipt_is(leaving):
    answer, _browser = leaving
    ref = Receipt.objects.get().ref
    where = f"http://testserver/api/v1/receipts/{ref}/"
    assert answer.json() == {"receipt": ref, "receipt_url": where}
    assert answer["Location"] == where


def test_leaving_twice_is_one_leaving(api, leaving, company):
    answer, _browser = leaving
    again = api("POST", f"v1/employees/{company.ana.employee_number}/offboard/")
    assert (again.status_code, again.json()) == (202, answer.json())
    assert Receipt.objects.count() == 1
    assert Event.objects.filter(what="person.left").count() == 1


def test_until_it_is_seen_gone_the_receipt_says_ending(api, leaving, company):
    receipt = _receipt(api, leaving[0])
    grant = Grant.objects.get()
    assert receipt["employee_number"] == company.ana.employee_number
    assert receipt["complete"] is False
    closed = Request.objects.get(state="closed")
    assert receipt["closed_requests"] == [closed.ref]
    [line] = receipt["deliveries"]
    assert line["grant"] == grant.ref
    assert line["entitlement"] == "Templates"
    assert line["state"] == "ending"
    assert line["released_at"] is None
    assert line["should_be_gone_since"] == grant.ended_at.isoformat().replace("+00:00", "Z")
    assert line["target"]["says"] == (
        f"portfolio access: {Target.objects.get().object} in account {f.ACCOUNT}, {f.REGION}"
    )
    assert line["target"]["outcome"] is None


def test_a_failing_removal_says_why_and_what_to_do(api, leaving):
    Target.objects.update(
        phase="stuck", outcome="denied", outcome_text="AccessDenied: no", next_look_at=f.later(1)
    )
    [line] = _receipt(api, leaving[0])["deliveries"]
    assert line["state"] == "ending"
    outcome = line["target"]["outcome"]
    assert (outcome["kind"], outcome["runbook"]) == ("denied", "GH-105")
    assert outcome["means"] == "AWS refused our own worker role."
    assert outcome["aws_said"] == "AccessDenied: no"
    assert "retry" in outcome["remedy"]
    assert outcome["next_try_at"] is not None


def test_an_outcome_of_yesterday_is_not_told_while_nothing_is_in_the_way(api, leaving):
    Target.objects.update(phase="verifying", outcome="transient", outcome_text="once")
    [line] = _receipt(api, leaving[0])["deliveries"]
    assert line["target"]["outcome"] is None


def test_seen_gone_completes_the_receipt(api, leaving):
    _seen(release="gone")
    receipt = _receipt(api, leaving[0])
    assert receipt["complete"] is True
    [line] = receipt["deliveries"]
    assert (line["state"], line["says"]) == ("seen_gone", "seen gone")
    assert line["released_at"] is not None


def test_what_another_access_needs_names_it(api, leaving, company):
    other = Grant.objects.get()
    Grant.objects.filter(pk=other.pk).update(person=company.kim)
    _seen(release="needed", needed_by=other)
    [line] = _receipt(api, leaving[0])["deliveries"]
    assert line["state"] == "still_needed"
    assert line["says"] == f"still there because grant {other.ref} of Kim Manager needs it"
    assert line["needed_by"] == {
        "grant": other.ref,
        "employee_number": company.kim.employee_number,
        "name": "Kim Manager",
    }


def test_what_was_there_before_is_told_as_not_ours(api, leaving):
    _seen(release="found")
    [line] = _receipt(api, leaving[0])["deliveries"]
    assert line["state"] == "not_ours"
    assert "was there before" in line["says"]


def test_a_release_that_says_nothing_seen_counts_for_nothing(api, leaving):
    _seen(release="")
    receipt = _receipt(api, leaving[0])
    assert receipt["complete"] is False
    assert receipt["deliveries"][0]["state"] == "ending"


@pytest.mark.parametrize("state", ["due", "seen"])
def test_an_earlier_release_says_nothing_of_what_is_there_again(api, leaving, state):
    _seen(release="gone")
    Delivery.objects.update(state=state)
    receipt = _receipt(api, leaving[0])
    assert receipt["complete"] is False
    [line] = receipt["deliveries"]
    assert (line["state"], line["released_at"]) == ("ending", None)


def test_somebody_who_had_nothing_gets_a_complete_receipt(api, company):
    answer = api("POST", f"v1/employees/{company.ana.employee_number}/offboard/")
    receipt = _receipt(api, answer)
    assert (receipt["complete"], receipt["deliveries"]) == (True, [])


def test_a_receipt_read_aloud_in_small_letters_is_found(api, leaving):
    ref = Receipt.objects.get().ref
    assert api("GET", f"v1/receipts/{ref.lower()}/").json()["receipt"] == ref


@pytest.mark.parametrize("ref", ["L-0000000", "L-", "G-1/2", "L-%00", "..", "L-0000000000000"])
def test_an_unknown_receipt_is_a_404_problem(api, ref):
    answer = api("GET", f"v1/receipts/{ref}/")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_receipt_of_many_lines_costs_no_more_questions(
    api, leaving, company, django_assert_max_num_queries
):
    one = Delivery.objects.get()
    for _more in range(20):
        Delivery.objects.create(
            grant=one.grant, target=one.target, part=one.part, needed_by=one.grant
        )
    _seen(release="needed")
    with django_assert_max_num_queries(6):
        assert len(_receipt(api, leaving[0])["deliveries"]) == 21


def test_the_receipt_says_what_may_go_on_and_until_when(api, leaving):
    [line] = _receipt(api, leaving[0])["deliveries"]
    says = [one["says"] for one in line["remains"]]
    assert any("Clusters that were started" in one for one in says)
    assert [one["until"] is None for one in line["remains"]] == [False, False, True]
