"""Who may call what: every endpoint by every sort of token."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern
from django.utils import timezone
from rest_framework.views import APIView

from accounts import actors, tokens
from accounts.models import ApiToken
from policies import lifecycle
from policies.access import decisions
from policies.access.errors import Refused
from policies.models import Request
from portal.api import urls
from tests import factories as f
from tests.portal.api.conftest import ALL, Program

pytestmark = pytest.mark.django_db

NEW = {"employee_number": "N1", "email": "n1@example.com", "name": "New One"}
# route name, method, address, body, scope, status with the right scope
ENDPOINTS = [
    ("employees", "POST", "v1/employees/", NEW, "employees:write", 201),
    ("employee", "GET", "v1/employees/{ana}/", None, "employees:read", 200),
    ("employee", "PATCH", "v1/employees/{ana}/", {"job": "x"}, "employees:write", 200),
    ("suspend", "POST", "v1/employees/{ana}/suspend/", None, "employees:write", 200),
    ("resume", "POST", "v1/employees/{ana}/resume/", None, "employees:write", 200),
    ("offboard", "POST", "v1/employees/{ana}/offboard/", None, "employees:write", 202),
    ("receipt", "GET", "v1/receipts/{receipt}/", None, "receipts:read", 200),
]
every_endpoint = pytest.mark.parametrize(
    ("method", "path", "body", "scope", "status"),
    [one[1:] for one in ENDPOINTS],
    ids=[f"{one[1]} {one[2]}" for one in ENDPOINTS],
)


@pytest.fixture
def address(company):
    receipt = lifecycle.leave(company.olu, by=actors.system(), now=f.now())
    names = {"ana": company.ana.employee_number, "receipt": receipt.ref}
    return lambda path: path.format(**names)


def test_the_table_names_every_method_of_every_route():
    offered = {
        (route.name, method)
        for route in urls.urlpatterns
        if isinstance(route, URLPattern) and issubclass(_view(route), APIView)
        for method in _view(route)().allowed_methods
        if route.name not in {"docs", "nothing"} and method != "HEAD"
    }
    assert offered == {one[:2] for one in ENDPOINTS}


def _view(route: URLPattern) -> type:
    return getattr(route.callback, "cls", object)


@every_endpoint
def test_the_right_scope_alone_suffices(with_token, address, method, path, body, scope, status):
    answer = with_token([scope])(method, address(path), body)
    assert answer.status_code == status, answer.content


@every_endpoint
def test_all_other_scopes_together_do_not_suffice(
    with_token, address, method, path, body, scope, status
):
    answer = with_token([one for one in ALL if one != scope])(method, address(path), body)
    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    assert scope in answer.json()["detail"]
    challenge = answer["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{scope}"' in challenge


@every_endpoint
def test_without_a_token_there_is_a_challenge(db, address, method, path, body, scope, status):
    answer = Program()(method, address(path), body)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Gatehouse"'
    assert answer["Content-Type"] == "application/problem+json"


def _expired(with_token):
    return with_token(days=-0.001)


def _ended(with_token):
    program = with_token()
    tokens.end(ApiToken.objects.get(), by=actors.system())
    return program


def _ended_client(with_token):
    program = with_token()
    row = ApiToken.objects.get()
    row.client.ended_at = timezone.now()
    row.client.save()
    return program


def _unknown(with_token):
    return Program("gh_" + "x" * 43)


def _empty(with_token):
    return Program(" ")


def _in_two_words(with_token):
    return Program(with_token().token + " more")


def _not_ascii(with_token):
    return Program("gh_\xe9")


@pytest.mark.parametrize(
    "sort", [_expired, _ended, _ended_client, _unknown, _empty, _in_two_words, _not_ascii]
)
@every_endpoint
def test_no_other_token_is_let_in(with_token, address, sort, method, path, body, scope, status):
    answer = sort(with_token)(method, address(path), body)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Bearerx"])
def test_a_token_under_another_scheme_is_no_token(with_token, address, scheme):
    program = with_token()
    program.scheme = scheme
    assert program("GET", address("v1/employees/{ana}/")).status_code == 401


def test_the_scheme_may_be_written_in_any_case(with_token, address):
    program = with_token()
    program.scheme = "bEARER"
    assert program("GET", address("v1/employees/{ana}/")).status_code == 200


@every_endpoint
def test_a_session_never_opens_the_api(company, address, method, path, body, scope, status):
    browser = Client()
    browser.force_login(company.ada)
    sent = {} if body is None else {"data": body, "content_type": "application/json"}
    answer = getattr(browser, method.lower())(f"/api/{address(path)}", **sent)
    assert answer.status_code == 401


def test_a_token_never_signs_anybody_in(api, address):
    answer = api("GET", address("v1/employees/{ana}/"))
    assert "sessionid" not in answer.cookies
    assert answer.wsgi_request.user is None


def test_a_token_never_decides_a_request(company, hr):
    request = f.previewed(f.asked(company))
    with pytest.raises(Refused, match="by people"):
        by = actors.of_client(hr.pk)
        decisions.approve(request, f.shown(request), by=by, now=f.now())
    assert Request.objects.get().state == Request.State.OPEN


@pytest.mark.parametrize("method", ["DELETE", "PUT", "OPTIONS", "TRACE"])
def test_a_method_nobody_offers_is_405_and_says_what_is(api, address, method):
    answer = api(method, address("v1/employees/{ana}/"))
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "PATCH"}


def test_head_needs_what_get_needs(with_token, address):
    where = address("v1/employees/{ana}/")
    assert with_token(["employees:read"])("HEAD", where).status_code == 200
    assert with_token(["employees:write"])("HEAD", where).status_code == 403


def test_use_is_stamped_at_most_once_a_minute(api, address):
    where = address("v1/employees/{ana}/")
    api("GET", where)
    first = ApiToken.objects.get().used_at
    api("GET", where)
    assert ApiToken.objects.get().used_at == first
    earlier = first - timedelta(minutes=2)
    ApiToken.objects.update(used_at=earlier)
    api("GET", where)
    assert ApiToken.objects.get().used_at > earlier


def test_no_answer_may_be_kept_by_a_cache(api, address):
    assert api("GET", address("v1/employees/{ana}/"))["Cache-Control"] == "no-store"
