"""Asking badly: answered at once with what is wrong and what to do, and nothing half saved."""

from datetime import date, timedelta

import pytest

from accounts.actors import of_client, system
from accounts.models import EksUser, StudioUser
from policies import lifecycle
from policies.access import decisions, effects, grants, requests, rules
from policies.access.requests import Wish
from policies.models import EndReason, Grant, Request
from tests import factories as f
from tests.policies.refusing import refused

pytestmark = pytest.mark.django_db

FAR = timedelta(days=367)


def today() -> date:
    return effects.day_of(f.now())


def ask(company, slug="templates", *, terms=None, principal="ana", **more) -> Request:
    """Ana asks by herself for 30 days with a good reason, but for what the row changes."""
    given = {"by": f.acting(company.ana), "person": company.ana, "reason": "a report", **more}
    if not {"days", "ends_on"} & set(given):
        given["days"] = 30
    chosen = company.ana_role if principal == "ana" else principal
    wish = Wish(company.entitlements[slug], chosen, terms or {})
    return requests.ask([wish], now=f.now(), **given)


DATES = [
    ({"days": 0}, "1 to 90 days at a time; you asked for 0"),
    ({"days": -1}, "1 to 90 days"),
    ({"days": 91}, "you asked for 91"),
    ({"days": 10**9}, "1 to 90 days"),
    ({"days": None}, "either a number of days or a last day"),
    ({"days": 5, "ends_on": 5}, "either a number of days or a last day"),
    ({"ends_on": -1}, "Choose a later last day"),
    ({"ends_on": 90}, "you asked for 91"),
    ({"ends_on": 5, "starts_on": 6}, "Choose a later last day"),
    ({"ends_on": date.max}, "1 to 90 days"),
    ({"days": 5, "starts_on": -1}, "Choose today or a later day"),
    ({"days": 5, "starts_on": date.min}, "Choose today or a later day"),
    ({"days": 5, "starts_on": 367}, "Ask when it is nearer"),
    ({"days": 5, "starts_on": date.max}, "Ask when it is nearer"),
    ({"starts_on": 10, "ends_on": 100}, "you asked for 91"),
]


def test_dates_that_cannot_be_are_refused(company):
    for row, words in DATES:
        dates = {
            name: today() + timedelta(days=value)
            if name != "days" and isinstance(value, int)
            else value
            for name, value in row.items()
        }
        with refused(words):
            ask(company, **dates)


def test_dates_to_the_very_edge_are_taken(company):
    for dates in (
        {"days": 1},
        {"days": 90},
        {"ends_on": today()},
        {"ends_on": today() + timedelta(days=89)},
        {"starts_on": today(), "ends_on": today()},
        {"starts_on": today() + timedelta(days=366), "days": 90},
    ):
        requests.withdraw(ask(company, **dates), by=f.acting(company.ana))


def test_access_never_outlasts_the_contract(company):
    last = today() + timedelta(days=9)
    lifecycle.move(company.ana, by=system(), now=f.now(), contract_ends_on=last)
    company.ana.refresh_from_db()
    for dates in (
        {"days": 11},
        {"ends_on": last + timedelta(days=1)},
        {"starts_on": last + timedelta(days=1), "days": 1},
        {"starts_on": last, "days": 2},
    ):
        with refused("Ask for less time", "after_contract"):
            ask(company, **dates)
    for dates in ({"days": 10}, {"ends_on": last}, {"starts_on": last, "days": 1}):
        requests.withdraw(ask(company, **dates), by=f.acting(company.ana))


def test_texts_and_askers_that_cannot_be_are_refused(company):
    rows = [
        ({"reason": ""}, "Write a sentence"),
        ({"reason": " \n\t "}, "Write a sentence"),
        ({"reason": "x" * 2001}, "has 2001. Shorten it"),
        ({"reason": "a\x00b"}, "Type it anew"),
        ({"by": f.acting(company.olu)}, "Only the person or their manager"),
        ({"by": f.acting(company.ada)}, "Only the person or their manager"),
        ({"by": f.acting(company.director)}, "Only the person or their manager"),
        ({"by": system()}, "Only people who work here"),
        ({"by": of_client(1)}, "Only people who work here"),
    ]
    for change, words in rows:
        with refused(words):
            ask(company, **change)
    ask(company, reason=" " + "x" * 2000 + " ")


def test_terms_outside_the_offer_are_refused(company):
    rows = [
        ("templates", {"groups": ["viewers"]}, "nothing to choose"),
        ("jobs", {}, "Choose at least one"),
        ("jobs", {"roles": []}, "Choose at least one"),
        ("jobs", {"roles": ["sales", "root"]}, "Not offered here: root"),
        ("jobs", {"roles": "sales"}, "Write a list"),
        ("jobs", {"roles": [["sales"]]}, "Write a list"),
        ("jobs", {"roles": {"sales": 1}}, "Write a list"),
        ("jobs", {"roles": ["*"]}, "Not offered here: *"),
        ("jobs", {"roles": ["sales"], "more": 1}, "Choose only “roles”"),
        ("kubernetes", {"groups": ["system:masters"]}, "Not offered here: system:masters"),
        ("kubernetes", {"groups": ["Viewers"]}, "Not offered here: Viewers"),
        ("kubernetes", {"groups": ["{{SessionName}}"]}, "Not offered here"),
    ]
    for slug, terms, words in rows:
        with refused(words, "bad_terms"):
            ask(company, slug, terms=terms)


def test_identities_that_are_not_theirs_are_refused(company):
    waiting = f.identities.register(
        f"arn:aws:iam::{f.ACCOUNT}:role/ana-two",
        by=f.acting(company.ada),
        now=f.now(),
        person=company.ana,
    )
    theirs = f.identity(company, "kim", company.kim)
    held_once = f.shared(company, company.ana)
    held_once.holders.update(until_at=f.now())
    ended = f.identity(company, "old", company.ana)
    ended.ended_at = f.now()
    ended.save()
    for principal in (waiting, theirs, held_once, ended):
        with refused("Choose another, or ask an administrator", "principal_not_theirs"):
            ask(company, principal=principal)
    with refused("Choose one of them", "identity_needed"):
        ask(company, principal=None)
    with refused("Choose what to ask for", "nothing_asked"):
        requests.ask(
            [],
            by=f.acting(company.ana),
            person=company.ana,
            reason="x",
            days=1,
            now=f.now(),
        )


def test_the_same_thing_is_asked_for_once_at_a_time(company):
    ask(company, "jobs", terms={"roles": ["sales", "ops"]})
    with refused("take that request back", "already_asked"):
        ask(company, "jobs", terms={"roles": ["ops", "sales", "ops"]})
    with refused("take that request back", "already_asked"):
        ask(company, "jobs", terms={"roles": ["sales", "ops"]}, by=f.acting(company.kim))
    ask(company, "jobs", terms={"roles": ["sales"]})
    twice = [Wish(company.entitlements["templates"], company.ana_role)] * 2
    with refused("take that request back", "already_asked"):
        requests.ask(
            twice,
            by=f.acting(company.ana),
            person=company.ana,
            reason="x",
            days=1,
            now=f.now(),
        )


def test_a_closed_request_can_be_asked_again(company):
    first = f.previewed(ask(company))
    decisions.decline(first, by=f.acting(company.kim), now=f.now(), why="ask for less")
    second = f.previewed(ask(company, days=5))
    f.approved(second, company.kim)
    ask(company)


def test_departed_and_suspended_people_ask_nothing_and_get_nothing(company):
    lifecycle.suspend(company.ana, by=system(), now=f.now())
    company.ana.refresh_from_db()
    for by in (company.ana, company.kim):
        with refused("does not work here now", "holder_left"):
            ask(company, by=f.acting(by))
    nia = f.person("Nia New", company.kim)
    lifecycle.suspend(company.kim, by=system(), now=f.now())
    company.kim.refresh_from_db()
    with refused("Only people who work here", "not_allowed"):
        f.asked_as(company, nia, None, by=company.kim)


def test_ended_access_is_not_asked_for(company):
    proposal = rules.propose(
        "entitlement", "templates", None, by=f.acting(company.ada), reason="over"
    )
    rules.accept(proposal, by=f.acting(company.bo))
    company.entitlements["templates"].refresh_from_db()
    with refused("Choose something else from the catalogue", "entitlement_ended"):
        ask(company)


def test_a_later_wish_that_is_refused_takes_the_earlier_ones_and_profiles_along(company):
    kubernetes = Wish(company.entitlements["kubernetes"], company.ana_role, {"groups": ["no"]})
    with refused("Not offered here"):
        requests.ask(
            [Wish(company.entitlements["templates"], company.ana_role), kubernetes],
            by=f.acting(company.ana),
            person=company.ana,
            reason="both",
            days=5,
            now=f.now(),
        )
    assert not StudioUser.objects.exists()
    assert not EksUser.objects.exists()


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\x00b"])
def test_the_words_of_a_decision_are_checked_like_any_others(company, text):
    request = f.previewed(f.asked(company))
    by = f.acting(company.kim)
    with refused(""):
        decisions.decline(request, by=by, now=f.now(), why=text)
    with refused(""):
        decisions.ask_back(request, by=by, now=f.now(), question=text)
    if text.strip():
        with refused(""):
            decisions.approve(request, f.shown(request), by=by, now=f.now(), why=text)
        f.approved(request, company.kim)
        grant = Grant.objects.get()
        with refused(""):
            grants.end(grant, by=f.acting(company.ana), reason=EndReason.GIVEN_BACK, why=text)


def test_only_who_asked_or_holds_answers_and_takes_back_while_working_here(company):
    request = f.asked_as(company, company.ana, company.ana_role, by=company.kim)
    decisions.ask_back(request, by=f.acting(company.director), now=f.now(), question="why?")
    for other in (company.olu, company.ada, company.director):
        with refused("Only who asked"):
            requests.withdraw(request, by=f.acting(other))
        with refused("Only who asked"):
            requests.answer(request, by=f.acting(other), text="so", now=f.now())
    lifecycle.suspend(company.kim, by=system(), now=f.now())
    company.kim.refresh_from_db()
    with refused("Only who asked"):
        requests.withdraw(request, by=f.acting(company.kim))
    requests.answer(request, by=f.acting(company.ana), text="so", now=f.now())
    with refused("not waiting for an answer"):
        requests.answer(request, by=f.acting(company.ana), text="so", now=f.now())
    requests.withdraw(request, by=f.acting(company.ana))
    with refused("already been decided or closed"):
        requests.withdraw(request, by=f.acting(company.ana))


def test_only_those_concerned_end_access(company):
    request = f.previewed(f.asked(company))
    f.approved(request, company.kim)
    grant = Grant.objects.get()
    for other in (company.director, company.ira):
        with refused("Its holder, their manager", "not_allowed"):
            grants.end(grant, by=f.acting(other), reason=EndReason.REVOKED)
    company.ana.state = "suspended"
    with refused("Its holder, their manager", "not_allowed"):
        grants.end(grant, by=f.acting(company.ana), reason=EndReason.GIVEN_BACK)
    assert grants.end(grant, by=f.acting(company.olu), reason=EndReason.REVOKED)
