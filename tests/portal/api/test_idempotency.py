"""A write sent twice under one key happens once and answers the same."""

import pytest
from django.db import models
from django.db.models.functions import Now

from accounts.models import Event, IdempotencyKey, Notice, Person, ServiceClient
from portal.api import idempotency

pytestmark = pytest.mark.django_db

NEW = {"employee_number": "N1", "email": "n1@example.com", "name": "New One"}


def test_joining_twice_under_one_key_is_joining_once(api):
    first = api("POST", "v1/employees/", NEW, idempotency_key="k-1")
    again = api("POST", "v1/employees/", dict(reversed(NEW.items())), idempotency_key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again["Location"] == first["Location"]
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Person.objects.count() == Notice.objects.count() == 1
    assert Event.objects.filter(what="person.joined").count() == 1


def test_without_a_key_the_second_call_is_a_second_call(api):
    api("POST", "v1/employees/", NEW)
    assert api("POST", "v1/employees/", NEW).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "v1/employees/", {**NEW, "name": "Other"}),
        ("POST", "v1/employees/N1/suspend/", NEW),
        ("PATCH", "v1/employees/N1/", NEW),
    ],
)
def test_the_same_key_on_another_request_is_refused(api, method, path, body):
    api("POST", "v1/employees/", NEW, idempotency_key="k-1")
    answer = api(method, path, body, idempotency_key="k-1")
    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert Person.objects.get().name == "New One"


def test_every_write_keeps_its_answer(api):
    api("POST", "v1/employees/", NEW)
    for number, (method, path, body) in enumerate(
        [
            ("PATCH", "v1/employees/N1/", {"job": "x"}),
            ("POST", "v1/employees/N1/suspend/", None),
            ("POST", "v1/employees/N1/resume/", None),
            ("POST", "v1/employees/N1/offboard/", None),
        ]
    ):
        first = api(method, path, body, idempotency_key=f"k-{number}")
        again = api(method, path, body, idempotency_key=f"k-{number}")
        assert again["Idempotency-Replayed"] == "true"
        assert (again.status_code, again.json()) == (first.status_code, first.json())


def test_a_key_belongs_to_one_client(api, with_token):
    other = with_token(client=ServiceClient.objects.create(name="other", purpose="x"))
    api("POST", "v1/employees/", NEW, idempotency_key="k-1")
    second = {**NEW, "employee_number": "N2", "email": "n2@example.com"}
    assert other("POST", "v1/employees/", second, idempotency_key="k-1").status_code == 201


def test_a_refused_write_keeps_no_key(api):
    bad = {**NEW, "manager": "NOBODY"}
    assert api("POST", "v1/employees/", bad, idempotency_key="k-1").status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert api("POST", "v1/employees/", NEW, idempotency_key="k-1").status_code == 201


@pytest.mark.parametrize("key", ["", " ", "two words", "x" * 201, "é"])
def test_a_key_that_is_no_key_is_refused(api, key):
    answer = api("POST", "v1/employees/", NEW, idempotency_key=key)
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_idempotency_key"
    assert not Person.objects.exists()


def test_a_replay_still_needs_the_scope(api, with_token):
    api("POST", "v1/employees/", NEW, idempotency_key="k-1")
    reader = with_token(["employees:read"])
    assert reader("POST", "v1/employees/", NEW, idempotency_key="k-1").status_code == 403


def test_old_keys_are_forgotten(api):
    api("POST", "v1/employees/", NEW, idempotency_key="k-1")
    old = models.ExpressionWrapper(
        Now() - idempotency.KEPT * 2, output_field=models.DateTimeField()
    )
    IdempotencyKey.objects.update(created_at=old)
    api("PATCH", "v1/employees/N1/", {"job": "x"}, idempotency_key="k-2")
    assert [one.key for one in IdempotencyKey.objects.all()] == ["k-2"]
