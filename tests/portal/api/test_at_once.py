"""Two calls at the same moment have one effect, and both callers learn of it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from accounts.models import Event, Person
from policies.models import Receipt

pytestmark = pytest.mark.django_db(transaction=True)

NEW = {"employee_number": "N1", "email": "n1@example.com", "name": "New One"}
CALLERS = 4


def _together(call: Callable[[], Any]) -> list[Any]:
    ready = Barrier(CALLERS)

    def one() -> Any:
        try:
            ready.wait(timeout=20)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(CALLERS) as pool:
        return [done.result() for done in [pool.submit(one) for _ in range(CALLERS)]]


def test_one_key_sent_at_once_joins_one_person(api):
    answers = _together(lambda: api("POST", "v1/employees/", NEW, idempotency_key="k-1"))
    assert [one.status_code for one in answers] == [201] * CALLERS
    assert all(one.json() == answers[0].json() for one in answers)
    assert sum("Idempotency-Replayed" in one for one in answers) == CALLERS - 1
    assert Person.objects.count() == 1


def test_the_same_person_joining_at_once_without_a_key_joins_once(api):
    answers = _together(lambda: api("POST", "v1/employees/", NEW))
    codes = sorted(one.status_code for one in answers)
    assert codes[0] == 201
    assert set(codes[1:]) <= {409, 422}
    assert Person.objects.count() == 1


def test_leaving_at_once_is_one_receipt(api):
    api("POST", "v1/employees/", NEW)
    answers = _together(lambda: api("POST", "v1/employees/N1/offboard/"))
    assert [one.status_code for one in answers] == [202] * CALLERS
    assert {one.json()["receipt"] for one in answers} == {Receipt.objects.get().ref}
    assert Event.objects.filter(what="person.left").count() == 1
