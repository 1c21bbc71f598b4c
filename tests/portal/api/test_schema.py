"""The API's description is valid, says what is true, and is shown to who may see it."""

import io
import re

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from portal.api.fields import EMPLOYEE_NUMBER
from tests.portal.api.conftest import Program
from tests.portal.api.test_access import ENDPOINTS

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def described():
    out = io.StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=out)
    return yaml.safe_load(out.getvalue())


def _operation(described, method, path):
    path = path.replace("{ana}", "{employee_number}").replace("{receipt}", "{ref}")
    return described["paths"][f"/api/{path}"][method.lower()]


def test_it_is_openapi_3_1_and_names_exactly_our_endpoints(described):
    assert described["openapi"].startswith("3.1")
    operations = [
        one for path in described["paths"].values() for one in path if one != "parameters"
    ]
    assert len(operations) == len(ENDPOINTS)


@pytest.mark.parametrize(
    ("method", "path", "scope", "status"),
    [(one[1], one[2], one[4], one[5]) for one in ENDPOINTS],
)
def test_every_operation_names_its_scope_success_and_problems(
    described, method, path, scope, status
):
    operation = _operation(described, method, path)
    assert operation["security"] == [{"bearerToken": [scope]}]
    assert str(status) in operation["responses"]
    for problem in ("401", "403", "500"):
        assert list(operation["responses"][problem]["content"]) == ["application/problem+json"]
    names = [one["name"] for one in operation.get("parameters", [])]
    assert ("Idempotency-Key" in names) == (method != "GET")


def test_bodies_that_refuse_unknown_names_say_so(described):
    shapes = described["components"]["schemas"]
    assert shapes["Join"]["additionalProperties"] is False
    assert shapes["PatchedMove"]["additionalProperties"] is False
    assert set(shapes["Join"]["required"]) == {"employee_number", "email", "name"}
    assert re.fullmatch(shapes["Join"]["properties"]["employee_number"]["pattern"], "E-1")
    assert EMPLOYEE_NUMBER in shapes["Join"]["properties"]["manager"]["pattern"]


@pytest.mark.parametrize("page", ["schema/", "docs/", "docs/?script"])
def test_the_anonymous_are_sent_to_sign_in(page):
    answer = Client().get(f"/api/{page}")
    assert answer.status_code == 302
    assert "/account/login/" in answer["Location"]


def test_people_see_the_description_and_its_page(company):
    browser = Client()
    browser.force_login(company.ana)
    assert b"openapi: 3.1" in browser.get("/api/schema/").content
    page = browser.get("/api/docs/").content.decode()
    assert 'lang="en"' in page
    script = re.search(r'<script src="(/api/docs/[^"]+)"', page)
    assert script is not None
    told = browser.get(script[1])
    assert told["Content-Type"] == "application/javascript"
    assert "/api/schema/" in told.content.decode()


def test_the_page_needs_nothing_that_our_content_policy_forbids(company):
    browser = Client()
    browser.force_login(company.ana)
    answer = browser.get("/api/docs/")
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    page = answer.content.decode()
    assert "<style" not in page
    assert not re.search(r"\s(style|on\w+)=", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) == 5
    assert all(one.startswith("/") and not one.startswith("//") for one in addresses)


def test_a_program_with_any_token_reads_the_description_but_not_the_page(with_token):
    program = with_token([])
    assert b"openapi: 3.1" in program("GET", "schema/").content
    assert program("GET", "docs/").status_code == 302


def test_a_dead_token_reads_nothing_even_beside_a_session(company):
    browser = Client()
    browser.force_login(company.ana)
    answer = browser.get("/api/schema/", headers={"authorization": "Bearer gh_dead"})
    assert answer.status_code == 401
    assert Program("gh_dead")("GET", "schema/").status_code == 401
