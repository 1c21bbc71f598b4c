"""Services, API clients, tokens and sign-in links: what an administrator adds alone."""

import pytest
from django.test import Client

from accounts import tokens
from accounts.models import ApiToken, Event, Notice, Person, Service, ServiceClient
from policies.access import directory
from policies.access.errors import Refused
from portal.signin import one_use_link
from tests import factories as f
from tests.portal.admin.doing import form_of, list_form_of, press, recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def hr(company) -> ServiceClient:
    return directory.add_client("hr", "joiners", by=f.acting(company.ada))


def made(ada, hr) -> str:
    """The token a page showed."""
    response = press(ada, form_of(hr, "token"), scopes=["receipts:read"], days=30)
    text = response.content.decode()
    return text.partition("<pre>")[2].partition("</pre>")[0]


def test_a_client_is_added_and_its_token_shown_once(company, ada):
    page = list_form_of(ServiceClient, "add")
    assert press(ada, page, name="hr-system", purpose="joiners").status_code == 302
    client = ServiceClient.objects.get(name="hr-system")
    response = press(ada, form_of(client, "token"), scopes=["receipts:read"], days=30)
    token = response.content.decode().partition("<pre>")[2].partition("</pre>")[0]
    row = ApiToken.objects.get()
    assert row.scopes == ["receipts:read"]
    assert "no-store" in response["Cache-Control"]
    assert token not in ada.get(form_of(row, "end")).content.decode()
    assert recorded("api_client.added") == recorded("api_token.created") == ["admin"]


def test_a_token_and_its_digest_are_in_no_event(company, ada, hr):
    token = made(ada, hr)
    kept = "".join(str(one) for one in Event.objects.values())
    assert token not in kept
    assert tokens.digest(token) not in kept


@pytest.mark.parametrize(
    "change", [{"scopes": []}, {"scopes": ["everything"]}, {"days": 0}, {"days": 99_999}]
)
def test_a_token_without_known_scopes_or_a_near_end_is_refused(company, ada, hr, change):
    sent = {"scopes": ["receipts:read"], "days": 30, **change}
    assert press(ada, form_of(hr, "token"), **sent).status_code == 422
    assert not ApiToken.objects.exists()


def test_a_token_works_only_once_a_second_administrator_confirmed_it(company, ada, hr):
    token = made(ada, hr)
    row = ApiToken.objects.get()
    assert tokens.living(token, now=f.now()) is None
    assert press(ada, form_of(row, "confirm")).status_code == 422
    assert tokens.living(token, now=f.now()) is None
    bo = Client()
    bo.force_login(company.bo)
    assert press(bo, form_of(row, "confirm")).status_code == 302
    assert tokens.living(token, now=f.now()) == row
    assert recorded("api_token.confirmed") == ["admin"]


def test_an_ended_token_is_refused_from_then_on(company, ada, hr):
    token = made(ada, hr)
    assert press(ada, form_of(ApiToken.objects.get(), "end")).status_code == 302
    assert tokens.living(token, now=f.now()) is None
    assert recorded("api_token.ended") == ["admin"]


def test_an_ended_client_gets_no_token(company, ada, hr):
    ServiceClient.objects.update(ended_at=f.now())
    assert ada.get(form_of(hr, "token")).status_code == 302
    response = ada.post(form_of(hr, "token"), {"scopes": ["receipts:read"], "days": 30})
    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_service_has_two_owners_who_work_here(company, ada):
    page = list_form_of(Service, "add")
    sent = {"name": "nightly", "purpose": "loads", "first_owner": company.olu.email}
    response = press(ada, page, **sent, second_owner=company.olu.email)
    assert response.status_code == 422
    assert "two people" in response.content.decode()
    assert press(ada, page, **sent, second_owner="who@example.com").status_code == 422
    assert press(ada, page, **sent, second_owner=company.kim.email).status_code == 302
    assert Service.objects.get().second_owner == company.kim
    assert recorded("service.added") == ["admin"]
    response = press(ada, page, **sent, second_owner=company.kim.email)
    assert response.status_code == 422
    assert "of this name" in response.content.decode()


def test_a_sign_in_link_goes_by_mail_and_nobody_sees_it(company, ada):
    page = form_of(company.ana, "link")
    response = ada.post(page, follow=True)
    notice = Notice.objects.get(person=company.ana)
    assert (notice.topic, notice.facts) == ("sign_in_link", {})
    link = one_use_link(Person.objects.get(pk=company.ana.pk))
    assert link.rpartition("/key/")[2] not in response.content.decode()
    assert recorded("person.sign_in_link_sent") == ["admin"]


def test_who_left_gets_no_link(company, ada):
    Person.objects.filter(pk=company.ana.pk).update(state="left")
    response = ada.post(form_of(company.ana, "link"))
    assert response.status_code == 422
    assert "does not work here" in response.content.decode()
    assert not Notice.objects.filter(topic="sign_in_link").exists()


@pytest.mark.parametrize("who", ["kim", "ira"])
def test_the_verbs_themselves_refuse_who_is_no_administrator(company, hr, who):
    by = f.acting(getattr(company, who))
    for verb in (
        lambda: directory.add_service("a", "b", company.olu, company.kim, by=by),
        lambda: directory.add_client("a", "b", by=by),
        lambda: directory.create_token(hr, scopes=[], expires_at=f.later(1), by=by),
        lambda: directory.end_token(ApiToken(), by=by),
        lambda: directory.send_sign_in_link(company.ana, by=by),
    ):
        with pytest.raises(Refused, match="Only administrators"):
            verb()
