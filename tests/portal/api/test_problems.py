"""Every error is a problem (RFC 9457): typed, in plain words, traceable, and never half a page."""

import logging
import uuid

import pytest
from django.test import Client

from accounts.models import Person
from tests.portal.api.conftest import Program

pytestmark = pytest.mark.django_db


def _raw(api, content, content_type="application/json", **headers):
    return Client().generic(
        "POST",
        "/api/v1/employees/",
        content,
        content_type=content_type,
        headers={"authorization": f"Bearer {api.token}", **headers},
    )


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"name": }',
        b"\xff\xfe",
        b'{"name": "\xff"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"[" * 100_000,
        b"9" * 5000,
        "{}".encode("utf-16"),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_not_json_is_a_400_problem(api, content):
    answer = _raw(api, content)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "parse_error"
    assert not Person.objects.exists()


@pytest.mark.parametrize("charset", ["utf-16", "zlib", "base64", "no-such"])
def test_a_claimed_charset_changes_nothing(api, charset):
    body = b'{"employee_number": "N1", "email": "n1@example.com", "name": "N\xc3\xa9o"}'
    answer = _raw(api, body, f"application/json; charset={charset}")
    assert answer.status_code == 201
    assert Person.objects.get().name == "Néo"


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", ""])
def test_another_media_type_is_a_415_problem(api, content_type):
    answer = _raw(api, b"name=x", content_type)
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


def test_a_huge_body_is_a_413_problem(api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = _raw(api, b'{"name": "' + b"x" * 200 + b'"}')
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


def test_an_answer_nobody_can_give_is_a_406_problem(api, company):
    answer = api("GET", f"v1/employees/{company.ana.employee_number}/", accept="text/html")
    assert answer.status_code == 406
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["", "v1/", "v1/employees", "v1/nothing/", "v2/employees/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_address_with_nothing_behind_it_is_a_404_problem(api, method, path):
    answer = api(method, path)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert Program()(method, path).status_code == 401


def test_a_problem_carries_the_correlation_id_of_its_answer(api):
    body = api("GET", "v1/nothing/", x_correlation_id="0" * 31 + "1").json()
    assert body["correlation"] == "0" * 31 + "1"
    assert body["instance"] == uuid.UUID(int=1).urn
    assert (body["type"], body["title"], body["status"]) == ("about:blank", "Not Found", 404)


@pytest.mark.urls("tests.portal.api.broken")
@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("unforeseen", 500, "internal_error"),
        ("locked", 503, "unavailable"),
        ("raced", 409, "conflict"),
        ("not_allowed", 403, "not_allowed"),
        ("already", 409, "already_decided"),
        ("refused", 422, "after_contract"),
        ("forbidden", 403, "permission_denied"),
        ("suspicious", 400, "bad_request"),
    ],
)
def test_each_failure_has_its_status_and_code(api, how, status, code):
    answer = api("GET", f"broken/{how}/")
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.urls("tests.portal.api.broken")
def test_what_nobody_foresaw_is_logged_and_not_told(api, caplog):
    with caplog.at_level(logging.ERROR, "portal.api.problems"):
        answer = api("GET", "broken/unforeseen/")
    assert "the secret words" not in answer.content.decode()
    [record] = [one for one in caplog.records if one.name == "portal.api.problems"]
    assert "the secret words" in str(record.exc_info)
    assert answer.json()["correlation"] == answer["X-Correlation-ID"]


@pytest.mark.urls("tests.portal.api.broken")
def test_who_should_come_back_is_told_when(api):
    assert api("GET", "broken/locked/")["Retry-After"] == "5"


@pytest.mark.urls("tests.portal.api.broken")
def test_a_refusal_points_at_the_field_it_names(api):
    [error] = api("GET", "broken/refused/").json()["errors"]
    assert error == {"pointer": "#/ends_on", "code": "after_contract", "detail": "Too late."}
