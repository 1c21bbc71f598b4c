"""Requests decided and grants ended in the admin, through the same verbs and rules as elsewhere."""

import pytest

from accounts.models import Event, Holder, Principal, Sharing
from policies.access import decisions, identities, requests
from policies.access.requests import Wish
from policies.models import Comment, Entitlement, Grant, Item, Request, Target
from tests import factories as f
from tests.portal.admin.doing import form_of, press, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_open(company) -> Request:
    return f.previewed(f.asked(company))


def test_an_administrator_approves_what_is_shown(company, bo, request_open):
    assert press(bo, form_of(request_open, "approve")).status_code == 302
    assert Grant.objects.get().item.request == request_open
    assert recorded("grant.made") == ["admin"]
    assert Event.objects.get(what="grant.made").actor_id == str(company.bo.pk)


def test_the_form_shows_sentence_difference_quota_risk_and_parts(bo, request_open):
    Item.objects.update(risks=["the manager is new"])
    text = bo.get(form_of(request_open, "approve")).content.decode()
    item = request_open.items.get()
    for shown in (
        item.sentence,
        "adds ana",
        "principals",
        "100",
        "the manager is new",
        item.effect,
    ):
        assert shown in text
    assert item.parts[0]["body"]["arn"] in text


def test_declining_needs_a_reason_and_says_so(bo, request_open):
    response = press(bo, form_of(request_open, "decline"), why="  ")
    assert response.status_code == 422
    assert "This field is required" in response.content.decode()
    assert Request.objects.get().is_open
    press(bo, form_of(request_open, "decline"), why="not this quarter")
    assert Request.objects.get().state == Request.State.DECLINED
    assert recorded("request.declined") == ["admin"]


def test_a_question_goes_back_to_who_asked(bo, request_open):
    press(bo, form_of(request_open, "ask-back"), why="for which report?")
    assert Request.objects.get().state == Request.State.ASKED_BACK
    assert Comment.objects.get().text == "for which report?"
    assert recorded("request.asked_back") == ["admin"]


def test_without_a_preview_approving_is_not_offered_and_refused(company, bo):
    asked = f.asked(company)
    page = form_of(asked, "approve")
    assert bo.get(page).status_code == 302
    row = bo.get(page, follow=True).content.decode()
    assert "Not known yet" in row
    assert page not in row
    response = bo.post(page, {f"effect_{asked.items.get().pk}": ""})
    assert response.status_code == 422
    assert "not known yet" in response.content.decode()
    assert not Grant.objects.exists()


def test_a_stale_page_is_refused_with_the_new_preview(bo, request_open):
    page, item = form_of(request_open, "approve"), request_open.items.get()
    response = bo.post(page, {f"effect_{item.pk}": "0" * 64, "why": "looks fine"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "has changed since you opened the page" in text
    assert f'value="{item.effect}"' in text
    assert "looks fine" in text
    assert not Grant.objects.exists()


def test_a_post_without_the_hidden_effect_approves_nothing(bo, request_open):
    assert bo.post(form_of(request_open, "approve"), {}).status_code == 422
    assert not Grant.objects.exists()


def test_what_does_not_fit_is_refused_with_the_figure(company, bo):
    request = f.previewed(f.asked(company), fits=False)
    response = press(bo, form_of(request, "approve"))
    assert response.status_code == 422
    assert "100 of 100 used" in response.content.decode()


def test_the_second_of_two_administrators_is_told(company, ada, bo, request_open):
    press(ada, form_of(request_open, "approve"))
    response = bo.post(form_of(request_open, "decline"), {"why": "too late"})
    assert response.status_code == 422
    assert "already been decided" in response.content.decode()


def test_administrators_cannot_approve_their_own_request(company, ada):
    role = identities.register(
        f"arn:aws:iam::{f.ACCOUNT}:role/people/ada",
        by=f.acting(company.bo),
        now=f.now(),
        person=company.ada,
    )
    Principal.objects.filter(pk=role.pk).update(confirmed_at=f.now())
    asked = requests.ask(
        [Wish(Entitlement.objects.get(slug="templates"), role)],
        by=f.acting(company.ada), person=company.ada, reason="mine", days=5, now=f.now(),
    )  # fmt: skip
    request = f.previewed(asked)
    assert press(ada, form_of(request, "approve")).status_code == 422
    assert not Grant.objects.exists()


def test_an_administrator_who_holds_the_shared_role_cannot_approve(company, ada, request_open):
    Principal.objects.filter(pk=company.ana_role.pk).update(sharing=Sharing.SHARED)
    Holder.objects.create(principal=company.ana_role, person=company.ada)
    response = press(ada, form_of(request_open, "approve"))
    assert response.status_code == 422
    assert "cannot decide" in response.content.decode()


def test_ending_a_grant_needs_a_reason_and_wakes_the_target(company, bo, request_open):
    decisions.approve(request_open, f.shown(request_open), by=f.acting(company.kim), now=f.now())
    grant = Grant.objects.get()
    assert press(bo, form_of(grant, "end"), why="").status_code == 422
    assert press(bo, form_of(grant, "end"), why="project is over").status_code == 302
    grant.refresh_from_db()
    assert grant.end_reason == "revoked"
    assert Target.objects.get().generation == 2
    assert recorded("grant.ended") == ["admin"]


def test_a_target_is_retried(company, bo, request_open):
    press(bo, form_of(request_open, "approve"))
    target = Target.objects.get()
    assert press(bo, form_of(target, "retry")).status_code == 302
    assert Target.objects.get().generation == 2
    assert recorded("target.retried") == ["admin"]
