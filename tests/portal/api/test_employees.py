"""Joining, moving, suspending and resuming, with good facts and with every bad one."""

import pytest

from accounts.models import Event, Notice, Person, PersonState
from policies.access import decisions
from policies.models import Candidate, Grant
from tests import factories as f

pytestmark = pytest.mark.django_db

NEW = {"employee_number": "E-77.a_b", "email": "Neo@Example.com", "name": "Neo Joiner"}


def test_joining_saves_the_person_and_stages_one_sign_in_link(api, company, hr):
    facts = {
        **NEW,
        "manager": company.kim.employee_number,
        "department": "Data",
        "job": "Analyst",
        "contract_ends_on": "2031-02-28",
        "state": "joining",
    }
    answer = api("POST", "v1/employees/", facts)
    assert answer.status_code == 201
    assert answer["Location"] == "http://testserver/api/v1/employees/E-77.a_b/"
    assert answer.json() == {**facts, "email": "neo@example.com"}
    person = Person.objects.get(employee_number="E-77.a_b")
    assert person.manager == company.kim
    assert not person.has_usable_password()
    notice = Notice.objects.get(topic="sign_in_link")
    assert (notice.person, notice.facts) == (person, {})
    event = Event.objects.get(what="person.joined", person_id=str(person.pk))
    assert (event.actor_kind, event.actor_id, event.channel) == ("client", str(hr.pk), "api")
    assert event.correlation == answer["X-Correlation-ID"]


def test_what_was_saved_can_be_read_again(api, company):
    joined = api("POST", "v1/employees/", NEW)
    read = api("GET", joined["Location"].partition("/api/")[2])
    assert read.json() == joined.json()
    assert read.json()["state"] == "working"
    assert read.json()["manager"] is None


def test_moving_changes_what_is_named_and_nothing_else(api, company):
    number = company.ana.employee_number
    before = api("GET", f"v1/employees/{number}/").json()
    changes = {"department": "Finance", "manager": company.olu.employee_number}
    answer = api("PATCH", f"v1/employees/{number}/", changes)
    assert answer.status_code == 200
    assert answer.json() == {**before, **changes}
    assert Event.objects.get(what="person.moved").channel == "api"


def test_moving_routes_open_decisions_to_the_new_manager(api, company):
    request = f.asked(company)
    changes = {"manager": company.olu.employee_number}
    api("PATCH", f"v1/employees/{company.ana.employee_number}/", changes)
    asked = Candidate.objects.filter(step__request=request, why="manager", until_at__isnull=True)
    assert [one.person for one in asked] == [company.olu]


def test_facts_that_can_be_empty_can_be_emptied(api, company):
    changes = {"manager": None, "department": "", "job": "", "contract_ends_on": None}
    answer = api("PATCH", f"v1/employees/{company.ana.employee_number}/", changes)
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in changes} == changes


BAD = [
    ("employee_number", 7, "invalid"),
    ("employee_number", "", "blank"),
    ("employee_number", None, "null"),
    ("employee_number", "../admin", "invalid"),
    ("employee_number", "..", "invalid"),
    ("employee_number", "a/b", "invalid"),
    ("employee_number", "a\n", "invalid"),
    ("employee_number", "é1", "invalid"),
    ("employee_number", "E" * 41, "invalid"),
    ("email", "not an address", "invalid"),
    ("email", ["a@example.com"], "invalid"),
    ("email", f"{'a' * 250}@example.com", "max_length"),
    ("name", "", "blank"),
    ("name", "   ", "blank"),
    ("name", None, "null"),
    ("name", 12, "invalid"),
    ("name", True, "invalid"),
    ("name", {"first": "Neo"}, "invalid"),
    ("name", "N" * 201, "max_length"),
    ("name", "Neo\r\nBcc: x@example.com", "control_character"),
    ("name", "Neo\x00", "control_character"),
    ("department", None, "null"),
    ("department", "D" * 201, "max_length"),
    ("job", 1.5, "invalid"),
    ("job", "J" * 201, "max_length"),
    ("contract_ends_on", "2031-02-29", "invalid"),
    ("contract_ends_on", "20310228", "invalid"),
    ("contract_ends_on", "2031-2-8", "invalid"),
    ("contract_ends_on", "2031-W09-5", "invalid"),
    ("contract_ends_on", "2031-02-28T00:00:00Z", "invalid"),
    ("contract_ends_on", "", "invalid"),
    ("contract_ends_on", 20310228, "invalid"),
    ("manager", "NOBODY", "unknown_manager"),
    ("manager", "", "blank"),
    ("manager", 5, "invalid"),
    ("state", "left", "invalid_choice"),
    ("state", "suspended", "invalid_choice"),
    ("state", None, "null"),
    ("is_staff", True, "unknown_field"),
    ("password", "x", "unknown_field"),
    ("a/b~c d", 1, "unknown_field"),
]


@pytest.mark.parametrize(("field", "value", "code"), BAD)
def test_a_bad_fact_is_named_and_nobody_joins(api, field, value, code):
    answer = api("POST", "v1/employees/", {**NEW, field: value})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    pointer = "#/" + field.replace("~", "~0").replace("/", "~1").replace(" ", "%20")
    errors = [(one["pointer"], one["code"]) for one in answer.json()["errors"]]
    assert errors == [(pointer, code)]
    assert not Person.objects.exists()
    assert not Notice.objects.exists()


@pytest.mark.parametrize(("field", "value", "code"), BAD)
def test_a_bad_fact_beside_a_good_one_changes_nothing(api, company, field, value, code):
    number = company.ana.employee_number
    answer = api("PATCH", f"v1/employees/{number}/", {"job": "Boss", field: value})
    assert answer.status_code == 422
    assert Person.objects.get(pk=company.ana.pk).job == ""


def test_what_is_missing_is_named_all_at_once(api):
    answer = api("POST", "v1/employees/", {})
    errors = {(one["pointer"], one["code"]) for one in answer.json()["errors"]}
    assert errors == {(f"#/{one}", "required") for one in ("employee_number", "email", "name")}


@pytest.mark.parametrize("body", [[], [NEW], "text", 7, None])
def test_a_body_that_is_no_object_is_refused(api, body):
    answer = api("POST", "v1/employees/", [body] if body is None else body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#"


def test_a_number_or_an_address_in_use_is_refused(api, company):
    for field, value in (
        ("employee_number", company.ana.employee_number),
        ("email", company.ana.email.upper()),
    ):
        answer = api("POST", "v1/employees/", {**NEW, field: value})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"#/{field}"
    assert not Notice.objects.exists()


def test_somebody_elses_address_cannot_be_taken_over(api, company):
    where = f"v1/employees/{company.ana.employee_number}/"
    answer = api("PATCH", where, {"email": company.kim.email})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/email"


def test_no_token_moves_the_address_by_which_a_portal_role_signs_in(api, company):
    for one in (company.ada, company.ira):
        where = f"v1/employees/{one.employee_number}/"
        answer = api("PATCH", where, {"email": "thief@example.net"})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#/email"
        assert api("PATCH", where, {"email": one.email.upper(), "job": "x"}).status_code == 200
    assert not Person.objects.filter(email="thief@example.net").exists()


def test_a_manager_who_left_is_refused(api, company):
    api("POST", f"v1/employees/{company.olu.employee_number}/offboard/")
    where = f"v1/employees/{company.ana.employee_number}/"
    answer = api("PATCH", where, {"job": "x", "manager": company.olu.employee_number})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/manager"
    assert Person.objects.get(pk=company.ana.pk).job == ""


def test_a_circle_of_managers_is_refused(api, company):
    where = f"v1/employees/{company.director.employee_number}/"
    answer = api("PATCH", where, {"manager": company.ana.employee_number})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/manager"


def test_the_employee_number_never_changes(api, company):
    where = f"v1/employees/{company.ana.employee_number}/"
    assert api("PATCH", where, {"employee_number": "X1"}).status_code == 422
    assert api("PATCH", where, {"state": "left"}).status_code == 422


@pytest.mark.parametrize("verb", ["", "suspend/", "resume/", "offboard/"])
@pytest.mark.parametrize("number", ["NOBODY", "..", "%2e%2e", "a%00b", "a%0a", "é", "x" * 41])
def test_an_unknown_number_is_a_404_problem(api, company, verb, number):
    answer = api("POST" if verb else "PATCH", f"v1/employees/{number}/{verb}", {})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_suspending_ends_access_and_sign_in_until_resumed(api, company):
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    where = f"v1/employees/{company.ana.employee_number}/"
    for _again in range(2):
        assert api("POST", f"{where}suspend/").json()["state"] == "suspended"
    assert Grant.objects.get().end_reason == "suspended"
    assert not Person.objects.get(pk=company.ana.pk).is_active
    assert api("POST", f"{where}resume/").json()["state"] == "working"
    assert Grant.objects.get().ended_at is not None


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_somebody_who_left_is_neither_suspended_nor_resumed(api, company, verb):
    where = f"v1/employees/{company.ana.employee_number}/"
    api("POST", f"{where}offboard/")
    answer = api("POST", f"{where}{verb}/")
    assert answer.status_code == 409
    assert "left" in answer.json()["detail"]
    assert Person.objects.get(pk=company.ana.pk).state == PersonState.LEFT


@pytest.mark.parametrize("verb", ["suspend", "resume", "offboard"])
def test_a_verb_takes_no_words(api, company, verb):
    where = f"v1/employees/{company.ana.employee_number}/{verb}/"
    answer = api("POST", where, {"from": "tomorrow"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/from"
    assert Person.objects.get(pk=company.ana.pk).state == PersonState.WORKING
