"""Who is asked, who is asked next, and that a request never waits for nobody."""

from datetime import timedelta

import pytest

from accounts import people
from accounts.actors import system
from accounts.models import Event, Holder, Notice, Person
from policies import lifecycle, routing
from policies.access import decisions, requests
from policies.models import Candidate, Entitlement, Grant, Request, Step
from portal.views import routes
from tests import factories as f
from tests.policies.refusing import refused

pytestmark = pytest.mark.django_db
ADMINISTRATORS = {"Ada Admin": "administrator", "Bo Admin": "administrator"}
ASKED_ADMINISTRATORS = {"Ada Admin": "fallback", "Bo Admin": "fallback"}


def now_asked(request: Request) -> dict[str, str]:
    step = Step.objects.get(request=request, state=Step.State.OPEN)
    current = step.candidates.filter(until_at__isnull=True).select_related("person")
    return {str(one.person): one.why for one in current}


def told(topic: str = "decision_needed") -> list[str]:
    rows = Notice.objects.filter(topic=topic).select_related("person").order_by("pk")
    return [str(one.person) for one in rows]


def after(hours: int):
    return f.now() + timedelta(hours=hours)


def test_the_manager_is_asked_and_administrators_stand_by(company):
    request = f.asked(company)
    assert now_asked(request) == {"Kim Manager": "manager", **ADMINISTRATORS}
    assert told() == ["Kim Manager"]


def test_silence_asks_one_manager_more_per_period_then_the_fallback(company):
    f.ruled(company, "approval_policy", "manager", fallback=[company.olu.email])
    request = f.asked(company)
    expected = {"Kim Manager": "manager", **ADMINISTRATORS}
    for hours, more in (
        (47, {}),
        (49, {"Dora Director": "manager_above"}),
        (97, {"Olu Owner": "fallback"}),
        (500, {}),
    ):
        lifecycle.reroute_silent(now=after(hours))
        expected |= more
        assert now_asked(request) == expected, hours
    assert told() == ["Kim Manager", "Dora Director", "Olu Owner"], "each is told once"


def test_a_silent_owner_is_joined_by_the_fallback(company):
    f.ruled(
        company,
        "approval_policy",
        "manager",
        steps=[{"who": "owner"}],
        fallback=[company.director.email],
    )
    request = f.asked(company)
    assert now_asked(request) == {"Olu Owner": "owner", **ADMINISTRATORS}
    lifecycle.reroute_silent(now=after(49))
    assert now_asked(request)["Dora Director"] == "fallback"
    assert told() == ["Olu Owner", "Dora Director"]


@pytest.mark.parametrize("gone", [lifecycle.leave, lifecycle.suspend])
def test_who_cannot_decide_any_more_is_replaced_at_once_by_who_is_above(company, gone):
    request = f.asked(company)
    gone(company.kim, by=system(), now=f.now())
    assert now_asked(request) == {"Dora Director": "manager_above", **ADMINISTRATORS}
    past = Candidate.objects.filter(step__request=request, until_at__isnull=False)
    assert [(one.person, one.why) for one in past] == [(company.kim, "manager")], "history stays"
    assert told() == ["Kim Manager", "Dora Director"]
    routed = Event.objects.filter(what="request.routed", object_id=request.ref)
    assert [company.director.pk, "manager_above"] in routed.last().after["candidates"]


def test_a_new_manager_is_asked_and_the_former_one_is_not(company):
    request = f.asked(company)
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=company.olu)
    assert now_asked(request) == {"Olu Owner": "manager", **ADMINISTRATORS}


def test_a_manager_who_comes_back_is_asked_again(company):
    request = f.asked(company)
    lifecycle.suspend(company.kim, by=system(), now=f.now())
    people.resume(company.kim, by=system())
    lifecycle.reroute_silent(now=f.now())
    assert now_asked(request) == {"Kim Manager": "manager", **ADMINISTRATORS}


def test_who_is_their_own_manager_is_decided_by_the_fallback(company):
    f.ruled(company, "approval_policy", "manager", fallback=[company.olu.email])
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=company.ana)
    company.ana.refresh_from_db()
    assert now_asked(f.asked(company)) == {"Olu Owner": "fallback", **ADMINISTRATORS}


def test_where_nobody_else_is_left_administrators_are_asked_and_told(company):
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=None)
    company.ana.refresh_from_db()
    request = f.asked(company)
    assert now_asked(request) == ASKED_ADMINISTRATORS
    assert sorted(told()) == ["Ada Admin", "Bo Admin"]
    assert request in Request.objects.awaiting(company.ada)


def test_asking_is_refused_where_nobody_at_all_could_decide(company):
    role = f.shared(company, company.ana, company.kim, company.director)
    for one in (company.ada, company.bo):
        Holder.objects.create(principal=role, person=one)
    with refused("Ask an administrator to name more deciders", "nobody_decides"):
        f.asked_as(company, company.ana, role)


def test_asking_is_refused_where_fewer_could_decide_than_must(company):
    f.ruled(company, "approval_policy", "manager", steps=[{"who": "manager", "quorum": 4}])
    with refused("Ask an administrator to name more deciders", "nobody_decides"):
        f.asked(company)


def test_a_request_whose_last_decider_left_is_found_by_the_next_one_who_can(company):
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=None)
    company.ana.refresh_from_db()
    request = f.asked(company)
    for one in (company.ada, company.bo):
        lifecycle.leave(one, by=system(), now=f.now())
    assert now_asked(request) == {}
    assert "Nobody can decide this now" in routes.waits_for(request, routes.steps(request))
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=company.kim)
    assert now_asked(request) == {"Kim Manager": "manager"}
    f.approved(f.previewed(request), company.kim)


def test_a_circle_of_managers_does_not_hang(company):
    Person.objects.filter(pk=company.director.pk).update(manager=company.kim)
    people_above = Person.objects.filter(pk__in=[company.kim.pk, company.director.pk])
    people_above.update(state="suspended")
    assert now_asked(f.asked(company)) == ASKED_ADMINISTRATORS


def test_steps_of_several_policies_are_each_asked_once_in_order(company):
    f.ruled(company, "approval_policy", "strict", name="Strict", steps=[
        {"who": "security"}, {"who": "manager", "quorum": 2}, {"who": "owner"},
    ])  # fmt: skip
    f.ruled(company, "entitlement", "jobs", approval_policy="strict")
    role = f.shared(company, company.ana, owner=company.director)
    wishes = [
        requests.Wish(company.entitlements["templates"], role),
        requests.Wish(Entitlement.objects.get(slug="jobs"), role, {"roles": ["sales"]}),
    ]
    request = requests.ask(
        wishes, by=f.acting(company.ana), person=company.ana, reason="both", days=5, now=f.now()
    )
    steps = request.steps.order_by("position").values_list("who", "quorum")
    assert list(steps) == [
        ("manager", 2), ("owner", 1), ("identity_owner", 1), ("security", 1),
    ]  # fmt: skip


def test_the_owner_of_one_thing_says_no_yes_for_what_another_owns(company):
    f.ruled(company, "approval_policy", "owned", name="Owned", steps=[{"who": "owner"}])
    f.ruled(company, "entitlement", "templates", approval_policy="owned", owner=company.kim.email)
    f.ruled(company, "entitlement", "jobs", approval_policy="owned")
    wishes = [
        requests.Wish(company.entitlements["templates"], company.ana_role),
        requests.Wish(company.entitlements["jobs"], company.ana_role, {"roles": ["sales"]}),
    ]
    request = requests.ask(
        wishes, by=f.acting(company.ana), person=company.ana, reason="both", days=5, now=f.now()
    )
    f.approved(f.previewed(request), company.kim)
    assert not Grant.objects.exists()
    f.approved(request, company.olu)
    assert Grant.objects.count() == 2


def test_an_owner_whom_no_policy_asks_is_not_asked(company):
    f.ruled(company, "approval_policy", "owned", name="Owned", steps=[{"who": "owner"}])
    f.ruled(company, "entitlement", "templates", owner=company.director.email)
    f.ruled(company, "entitlement", "jobs", approval_policy="owned")
    wishes = [
        requests.Wish(company.entitlements["templates"], company.ana_role),
        requests.Wish(company.entitlements["jobs"], company.ana_role, {"roles": ["sales"]}),
    ]
    request = requests.ask(
        wishes, by=f.acting(company.ana), person=company.ana, reason="both", days=5, now=f.now()
    )
    f.approved(f.previewed(request), company.kim)
    assert now_asked(request) == {"Olu Owner": "owner", **ADMINISTRATORS}


def test_the_next_step_opens_and_asks_its_own_people(company):
    steps = [{"who": "manager"}, {"who": "owner"}]
    f.ruled(company, "approval_policy", "manager", steps=steps)
    request = f.previewed(f.asked(company))
    f.approved(request, company.kim)
    assert now_asked(request) == {"Olu Owner": "owner", **ADMINISTRATORS}
    assert told() == ["Kim Manager", "Olu Owner"]
    assert told("request_decided") == []
    f.approved(request, company.olu)
    assert told("request_decided") == ["Ana Engineer"]


def test_a_question_stops_the_clock_and_the_answer_asks_who_may_decide_by_then(company):
    request = f.asked(company)
    decisions.ask_back(request, by=f.acting(company.kim), now=f.now(), question="Which report?")
    lifecycle.reroute_silent(now=after(1000))
    lifecycle.leave(company.kim, by=system(), now=f.now())
    requests.answer(request, by=f.acting(company.ana), text="The big one.", now=after(1000))
    assert now_asked(request) == {"Dora Director": "manager_above", **ADMINISTRATORS}
    assert told() == ["Kim Manager", "Dora Director"]
    assert told("asked_back") == ["Ana Engineer"]
    lifecycle.reroute_silent(now=after(1040))
    assert now_asked(request) == {"Dora Director": "manager_above", **ADMINISTRATORS}


def test_routing_again_without_a_change_writes_nothing(company):
    request = f.asked(company)
    before = (Event.objects.count(), Candidate.objects.count(), Notice.objects.count())
    assert lifecycle.reroute_silent(now=f.now()) == 0
    assert routing.reroute(request.steps.get(), now=f.now()) is False
    assert (Event.objects.count(), Candidate.objects.count(), Notice.objects.count()) == before


def test_everybody_concerned_is_told_of_the_end_once(company):
    request = f.previewed(f.asked_as(company, company.ana, company.ana_role, by=company.kim))
    assert told() == ["Dora Director"]
    f.approved(request, company.director)
    assert sorted(told("request_decided")) == ["Ana Engineer", "Kim Manager"]
