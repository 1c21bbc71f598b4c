"""Signing in: by password, by one-use link, by one click in the demo; never by sign-up."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from accounts import actors, people
from accounts.models import Event, Person
from portal.signin import one_use_link
from tests import factories as f
from tests.portal import scenes

pytestmark = pytest.mark.django_db
PASSWORD = "open sesame please"


def sign_in(client, person, password=PASSWORD, **more):
    return client.post("/account/login/", {"login": person.email, "password": password, **more})


def test_the_right_password_leads_to_where_one_was_going(company, as_):
    answer = sign_in(as_(None), company.ana, next="/requests/")
    assert answer.headers["Location"] == "/requests/"


def test_signing_in_never_leads_to_another_site(company, as_):
    answer = sign_in(as_(None), company.ana, next="https://evil.example/")
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_is_explained_and_tells_nothing_about_who_exists(company, as_):
    wrong = sign_in(as_(None), company.ana, "not this one").content.decode()
    unknown = as_(None).post("/account/login/", {"login": "no@example.com", "password": "x"})
    assert "There is a problem" in wrong
    said = "The email address and/or password you specified are not correct."
    assert said in wrong
    assert said in unknown.content.decode()


def test_who_left_cannot_sign_in(company, as_):
    people.leave(company.olu, by=actors.system())
    assert sign_in(as_(None), company.olu).status_code == 200


def test_a_one_use_link_signs_in_once(company, as_):
    new = f.person("Nia New", company.kim)
    path = one_use_link(new).removeprefix("http://127.0.0.1:8000")
    client = as_(None)
    form = client.get(path, follow=True)
    chosen = {"password1": "a long new password", "password2": "a long new password"}
    done = client.post(form.request["PATH_INFO"], chosen, follow=True)
    assert done.context["user"] == new
    again = as_(None).get(path, follow=True)
    assert "This link does not work any more" in again.content.decode()


def test_a_link_is_asked_for_by_mail_and_names_our_own_address(company, as_, settings):
    settings.ALLOWED_HOSTS = ["other.example"]
    as_(None).post(
        "/account/password/reset/", {"email": company.ana.email}, headers={"host": "other.example"}
    )
    assert f"{settings.BASE_URL}/account/password/reset/key/" in mail.outbox[0].body
    assert mail.outbox[0].to == [company.ana.email]


def test_nobody_is_reached_through_an_address_that_is_not_theirs_any_more(company, as_):
    one_use_link(company.ana)
    sign_in(as_(None), company.ana)
    old = company.ana.email
    people.move(company.ana, by=actors.system(), email="ana.married@example.com")
    as_(None).post("/account/password/reset/", {"email": old})
    assert mail.outbox == []
    assert not EmailAddress.objects.exists(), "addresses come from HR, in one place"


def test_strangers_get_no_mail(company, as_):
    answer = as_(None).post("/account/password/reset/", {"email": "no@example.com"}, follow=True)
    assert "If somebody here has that address" in answer.content.decode()
    assert mail.outbox == []


def test_nobody_signs_up(company, as_):
    data = {"email": "new@example.com", "password1": "a long new password"}
    page = as_(None).post("/account/signup/", data).content.decode()
    assert "Nobody signs up here." in page
    assert not Person.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize("path", ["account/email/", "account/password/change/", "signup/"])
def test_addresses_cannot_be_changed_by_their_owners(company, as_, path):
    assert as_(company.ana).get(f"/{path}").status_code == 404


def test_the_demo_signs_in_with_one_click_and_says_so_in_the_record(company, as_, settings):
    settings.DEMO = True
    settings.DEMO_HOLDS_URL = "http://127.0.0.1:9999/holds"
    f.asked(company)
    client = as_(None)
    page = client.get("/account/login/").content.decode()
    assert "manager, 1 waits for a decision" in page
    assert 'href="http://127.0.0.1:9999/holds"' in page
    assert client.post(f"/demo/sign-in/{company.kim.pk}/").headers["Location"] == "/"
    assert "This is a demo" in client.get("/").content.decode()
    request = f.asked(company, "jobs", roles=["sales"])
    client.post(f"/approvals/{request.ref}/decline/", {"decline-why": "no"})
    assert Event.objects.get(what="request.declined").assurance == "none"


def test_without_the_demo_there_is_no_such_door(company, as_):
    client = as_(None)
    assert client.post(f"/demo/sign-in/{company.kim.pk}/").status_code == 404
    assert "Or sign in as" not in client.get("/account/login/").content.decode()


def test_a_demo_card_tells_what_the_person_would_find(company, as_, settings):
    settings.DEMO = True
    company.ana.job = "engineer"
    company.ana.save()
    page = as_(None).get("/account/login/").content.decode()
    assert "new engineer, nothing confirmed yet" in page
    scenes.worker_saw(scenes.granted(company))
    page = as_(None).get("/account/login/").content.decode()
    assert "engineer, 1 access confirmed in AWS" in page
    assert "new engineer" not in page
