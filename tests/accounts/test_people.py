"""Joining, moving, suspension and leaving as facts: who may sign in, who holds which power."""

from datetime import date

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import actors, people, tokens
from accounts.models import (
    ApiToken,
    Event,
    Holder,
    Person,
    PersonState,
    PortalRole,
    Principal,
    ServiceClient,
    Version,
)
from accounts.people import BadFact
from tests import factories as f

pytestmark = pytest.mark.django_db
BY = actors.of_client(1)


def joined(**facts) -> Person:
    given = {"email": "nia@example.com", "name": "Nia New", "employee_number": "N1", **facts}
    return people.join(by=BY, **given)


def counted() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (Person, Event, Version, PortalRole))


def test_whoever_joins_cannot_sign_in_before_choosing_a_password():
    one = joined(email="Nia@Example.COM")
    assert one.email == "nia@example.com"
    assert not one.has_usable_password()
    assert Event.objects.get(what="person.joined").actor_kind == "client"


@pytest.mark.parametrize(
    ("facts", "field", "words"),
    [
        ({"email": "nia"}, "email", "like name@example.com"),
        ({"email": "ANA@example.com"}, "email", "belongs to somebody else"),
        ({"employee_number": "A1"}, "employee_number", "already in use"),
        ({"name": ""}, "name", "blank"),
        ({"name": "n" * 201}, "name", "200"),
        ({"name": "N\x00"}, "name", "Type it anew"),
        ({"department": "d" * 201}, "department", "200"),
        ({"job": "\x00"}, "job", "Type it anew"),
        ({"employee_number": "1" * 41}, "employee_number", "40"),
        ({"state": "retired"}, "state", "not a valid choice"),
        ({"manager": "gone"}, "manager", "Name somebody who does"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_and_nothing_is_saved(facts, field, words):
    ana = joined(email="ana@example.com", employee_number="A1")
    if "manager" in facts:
        facts = {"manager": people.leave(ana, by=BY)}
    before = counted()
    with pytest.raises(BadFact, match=words) as refused:
        joined(**facts)
    assert (refused.value.field, counted()) == (field, before)


def test_nobody_becomes_the_manager_of_their_own_managers():
    top = joined()
    middle = joined(email="m@example.com", employee_number="M", manager=top)
    low = joined(email="l@example.com", employee_number="L", manager=middle)
    before = counted()
    with pytest.raises(BadFact, match="Name somebody who does not report to them"):
        people.move(top, by=BY, manager=low)
    assert counted() == before
    assert people.move(top, by=BY, manager=top).manager == top, "some HR systems say so"


def test_moving_tells_what_changed_and_when_the_manager_did():
    kim, ana = joined(), joined(email="a@example.com", employee_number="A")
    moved = people.move(
        ana, by=BY, manager=kim, department="Ops", contract_ends_on=date(2027, 1, 1)
    )
    event = Event.objects.get(what="person.moved")
    assert (event.before["manager"], event.after["manager"]) == (None, kim.pk)
    assert moved.manager_since is not None
    people.move(ana, by=BY, department="Ops", job="")
    assert Event.objects.filter(what="person.moved").count() == 1, "nothing changed, nothing told"
    with pytest.raises(TypeError, match="state"):
        people.move(ana, by=BY, state="left")


def signed_in(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize("verb", ["suspend", "leave"])
def test_who_leaves_or_is_suspended_is_signed_out_everywhere_at_once(verb):
    ana, bo = joined(), joined(email="b@example.com", employee_number="B")
    clients = [signed_in(ana), signed_in(ana), signed_in(bo)]
    getattr(people, verb)(ana, by=BY)
    assert Session.objects.count() == 1
    assert [client.get("/").status_code for client in clients] == [302, 302, 200]


def test_a_session_that_was_stolen_and_put_back_opens_nothing_for_a_leaver():
    ana = joined()
    thief = signed_in(ana)
    kept = Session.objects.get()
    people.leave(ana, by=BY)
    kept.save(force_insert=True)
    assert thief.get("/").status_code == 302


def test_suspension_takes_every_power_and_resuming_gives_it_back():
    ada = joined()
    people.give_role(ada, "administrator", by=BY)
    people.suspend(ada, by=BY)
    ada.refresh_from_db()
    assert (ada.is_administrator, ada.is_active) == (False, False)
    assert not Person.objects.holding_role("administrator").exists()
    people.resume(ada, by=BY)
    ada.refresh_from_db()
    assert (ada.is_administrator, ada.state) == (True, PersonState.WORKING)


def test_leaving_ends_roles_holdings_and_password_and_happens_once():
    ada = joined()
    ada.set_password("open sesame please")
    ada.save()
    people.give_role(ada, "administrator", by=BY)
    principal = Principal.objects.create(
        arn="arn:aws:iam::111122223333:role/team", type="iam_role", sharing="shared", account="1"
    )
    Holder.objects.create(principal=principal, person=ada)
    people.leave(ada, by=BY)
    people.leave(ada, by=BY)
    ada.refresh_from_db()
    assert not ada.has_usable_password()
    assert not PortalRole.objects.filter(until_at__isnull=True).exists()
    assert not Holder.objects.filter(until_at__isnull=True).exists()
    told = list(Event.objects.values_list("what", flat=True))
    assert (told.count("person.left"), told.count("portal_role.ended")) == (1, 1)


@pytest.mark.parametrize("verb", ["suspend", "resume"])
def test_who_has_left_never_comes_back_even_by_an_old_copy_of_the_row(verb):
    ana = joined()
    stale = Person.objects.get(pk=ana.pk)
    people.leave(ana, by=BY)
    before = counted()
    with pytest.raises(BadFact, match="joins anew"):
        getattr(people, verb)(stale, by=BY)
    assert (Person.objects.get().state, counted()) == (PersonState.LEFT, before)


def test_a_role_is_given_once_and_ended_once():
    ada = joined()
    first = people.give_role(ada, "auditor", by=BY)
    assert people.give_role(ada, "auditor", by=BY) == first
    people.end_role(first, by=BY)
    people.end_role(first, by=BY)
    told = list(Event.objects.values_list("what", flat=True))
    assert (told.count("portal_role.given"), told.count("portal_role.ended")) == (1, 1)


def test_a_token_is_nowhere_in_clear_and_dies_when_ended_expired_or_orphaned():
    client = ServiceClient.objects.create(name="hr", purpose="HR")
    row, token = tokens.create(
        client, scopes=["employees:read"], expires_at=f.later(1), by=actors.system()
    )
    stored = str(ApiToken.objects.values().get()) + str(list(Event.objects.values()))
    assert token not in stored
    assert token.removeprefix(tokens.PREFIX)[:-4] not in stored
    assert tokens.living(token, now=f.now()) == row
    assert tokens.living(token + "x", now=f.now()) is None
    assert tokens.living(token, now=f.later(1)) is None, "it ends on the dot"
    client.ended_at = f.now()
    client.save()
    assert tokens.living(token, now=f.now()) is None
    ServiceClient.objects.update(ended_at=None)
    tokens.end(row, by=actors.system())
    tokens.end(row, by=actors.system())
    assert tokens.living(token, now=f.now()) is None
    assert Event.objects.filter(what="api_token.ended").count() == 1
    with pytest.raises(ValueError, match="no such scopes"):
        tokens.create(client, scopes=["decide"], expires_at=f.later(1), by=actors.system())
