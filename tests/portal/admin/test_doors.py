"""Who may enter the admin, page by page; and that no page edits anything raw."""

import re

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, Event, Person, Principal
from portal.admin import site

pytestmark = pytest.mark.django_db

MODELS = sorted(site._registry, key=lambda model: model._meta.label)
STRANGERS = ("kim", "ana", "ira")


def address(model, page, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def row(model):
    found = model.objects.order_by("pk").first()
    assert found is not None, f"the company has no {model._meta.label}"
    return found


def pages(model) -> list[str]:
    """Every address of one model: list, row, and the form of every verb."""
    one, shown = row(model).pk, site._registry[model]
    return [
        address(model, "changelist"),
        address(model, "change", one),
        *(address(model, "row_do", one, verb.name) for verb in shown.verbs),
        *(address(model, "do", verb.name) for verb in shown.list_verbs),
    ]


def all_pages() -> list[str]:
    common = ["/admin/", "/admin/accounts/", "/admin/policies/"]
    return common + [page for model in MODELS for page in pages(model)]


def test_an_administrator_sees_every_list_row_and_form(full, ada):
    codes = {page: ada.get(page).status_code for page in all_pages()}
    assert {page: code for page, code in codes.items() if code not in {200, 302}} == {}
    assert [page for page, code in codes.items() if code == 302 and "/do/" not in page] == []


@pytest.mark.parametrize("who", STRANGERS)
def test_who_is_no_administrator_finds_nothing_and_sends_nothing(full, signed_in, who):
    before, client = Event.objects.count(), signed_in(getattr(full, who))
    for page in [*all_pages(), "/admin/login/", "/admin/nothing/here/"]:
        assert client.get(page).status_code == 404, page
        assert client.post(page, {"why": "because"}).status_code == 404, page
    assert Event.objects.count() == before


def test_the_anonymous_are_asked_to_sign_in_and_come_back(full):
    sign_in = (reverse("account_login"), reverse("admin:login"))
    for page in all_pages():
        response = Client().get(page)
        assert response.url in {f"{where}?next={page}" for where in sign_in}
        assert Client().post(page).status_code == 302
    where, _status = Client().get("/admin/", follow=True).redirect_chain[-1]
    assert where == f"{sign_in[0]}?next=/admin/"


def test_an_administrator_who_left_is_signed_in_no_more(company, ada):
    Person.objects.filter(pk=company.ada.pk).update(state="left")
    where, _status = ada.get("/admin/", follow=True).redirect_chain[-1]
    assert where.startswith(reverse("account_login"))


def test_there_is_no_page_to_add_delete_or_look_up_by_hand(full, ada):
    """Django would offer these; here they do not exist."""
    for model in MODELS:
        one = row(model).pk
        for page in ("add/", f"{one}/delete/", f"{one}/history/", f"{one}/password/"):
            where = address(model, "changelist") + page
            assert ada.get(where, follow=True).status_code == 404, where
    for page in ("logout/", "password_change/", "autocomplete/", "r/1/1/"):
        assert ada.get(f"/admin/{page}").status_code == 404, page


def test_no_row_is_edited_and_no_list_acts(full, ada):
    for model in MODELS:
        before = list(model.objects.order_by("pk").values())
        typed = {"name": "changed", "state": "left", "_save": "1"}
        response = ada.post(address(model, "change", row(model).pk), typed)
        assert response.status_code == 403, model
        response = ada.post(address(model, "changelist"), {"action": "delete_selected"})
        assert b'name="action"' not in response.content, model
        assert list(model.objects.order_by("pk").values()) == before, model


def test_a_row_that_is_not_there_is_404(company, ada):
    for model in MODELS:
        assert ada.get(address(model, "change", 987654321)).status_code == 404, model


def test_no_form_goes_without_its_csrf_token(full):
    client = Client(enforce_csrf_checks=True)
    client.force_login(full.ada)
    before = Event.objects.count()
    for page in all_pages():
        assert client.post(page, {"why": "because"}).status_code == 403, page
    assert Event.objects.count() == before


def test_signing_in_tables_are_not_here():
    shown = {model._meta.app_label for model in MODELS}
    assert shown == {"accounts", "policies"}
    assert Session not in site._registry
    assert Group not in site._registry


@pytest.mark.parametrize(
    ("model", "query"),
    [
        (Person, "password__startswith=m"),
        (Person, "email__startswith=a"),
        (ApiToken, "digest__startswith=0"),
        (ApiToken, "client__tokens__digest__startswith=0"),
        (Principal, "person__password__startswith=m"),
    ],
)
def test_nothing_is_guessed_letter_by_letter_through_a_list(full, ada, model, query):
    assert ada.get(address(model, "changelist") + "?" + query).status_code == 400


def test_every_filter_offered_works(full, ada):
    for model in MODELS:
        page = address(model, "changelist")
        text = ada.get(page).content.decode()
        links = re.findall(r'href="(\?([a-z_]+)[^"]*)"', text)
        for query in {name: query for query, name in links}.values():
            response = ada.get(page + query.replace("&amp;", "&"))
            assert response.status_code == 200, page + query


def test_no_page_shows_a_secret_or_its_digest(full, ada):
    hidden = [full.ada.password, ApiToken.objects.get().digest]
    for page in all_pages():
        text = ada.get(page).content.decode()
        assert not [one for one in hidden if one in text], page


def test_every_page_keeps_the_content_security_policy(full, ada):
    """No inline script, style or handler: the policy would block it."""
    inline = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", re.I)
    for page in all_pages():
        response = ada.get(page)
        assert "script-src 'self'" in response["Content-Security-Policy"]
        assert not inline.search(response.content.decode()), page
