"""Nobody decides for themselves: whoever gains or asked is refused, by every door and detour."""

import pytest

from accounts import people
from accounts.actors import Assurance, Channel, of_client, of_person, system
from accounts.models import Holder, Person, Service
from policies import lifecycle
from policies.access import decisions, rules
from policies.access.errors import Refused
from policies.models import Decision, Grant, Request
from tests import factories as f
from tests.policies.refusing import refused

pytestmark = pytest.mark.django_db
DOORS = [Channel.PAGE, Channel.ADMIN, Channel.COMMAND]


def refused_by_every_door(request: Request, person: Person) -> None:
    """Approving, declining and asking back are all refused, and nothing is saved."""
    shown = f.shown(request)
    for channel in DOORS:
        by = f.acting(person, channel)
        with refused("You cannot decide", "not_eligible"):
            decisions.approve(request, shown, by=by, now=f.now())
        with refused("You cannot decide", "not_eligible"):
            decisions.decline(request, by=by, now=f.now(), why="no")
        with refused("You cannot decide", "not_eligible"):
            decisions.ask_back(request, by=by, now=f.now(), question="why?")


def made_administrator(company, person: Person) -> None:
    f.ruled(company, "portal_role", person.email, roles=["administrator"])


def role_of(company, person: Person):
    return f.identity(company, f"people/{person.pk}", person)


# Each makes a request and says who must not decide it.


def holder(company):
    return f.asked(company), company.ana


def own_manager(company):
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=company.ana)
    company.ana.refresh_from_db()
    return f.asked(company), company.ana


def own_manager_who_is_administrator(company):
    made_administrator(company, company.ana)
    return own_manager(company)


def manager_who_asked_for_a_report(company):
    return f.asked_as(company, company.ana, company.ana_role, by=company.kim), company.kim


def report_of_a_manager_who_asked(company):
    return f.asked_as(company, company.ana, company.ana_role, by=company.kim), company.ana


def administrator_who_asked_for_a_report(company):
    made_administrator(company, company.kim)
    return manager_who_asked_for_a_report(company)


def administrator_who_holds(company):
    return f.asked_as(company, company.ada, role_of(company, company.ada)), company.ada


def manager_who_holds_the_shared_role(company):
    role = f.shared(company, company.ana, company.kim)
    return f.asked_as(company, company.ana, role), company.kim


def administrator_added_as_holder_after_asking(company):
    role = f.shared(company, company.ana)
    request = f.asked_as(company, company.ana, role)
    Holder.objects.create(principal=role, person=company.bo)
    return request, company.bo


def service_owner(company):
    service = Service.objects.create(
        name="nightly", purpose="jobs", first_owner=company.kim, second_owner=company.olu
    )
    role = f.shared(company, company.ana)
    role.service = service
    role.save()
    return f.asked_as(company, company.ana, role), company.kim


def owner_of_the_access_who_holds(company):
    f.ruled(company, "approval_policy", "manager", steps=[{"who": "owner"}])
    return f.asked_as(company, company.olu, role_of(company, company.olu)), company.olu


def fallback_who_holds(company):
    f.ruled(company, "approval_policy", "manager", fallback=[company.ana.email])
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=None)
    company.ana.refresh_from_db()
    return f.asked(company), company.ana


def security_who_holds(company):
    f.ruled(company, "portal_role", company.ana.email, roles=["security"])
    f.ruled(company, "approval_policy", "manager", steps=[{"who": "security"}])
    return f.asked(company), company.ana


def owner_of_the_identity_who_holds_it(company):
    role = f.shared(company, company.ana, company.kim, owner=company.kim)
    f.ruled(company, "approval_policy", "manager", steps=[{"who": "owner"}])
    request = f.previewed(f.asked_as(company, company.ana, role))
    f.approved(request, company.olu)
    return request, company.kim


def suspended_manager(company):
    request = f.asked(company)
    lifecycle.suspend(company.kim, by=system(), now=f.now())
    return request, company.kim


def manager_who_left(company):
    request = f.asked(company)
    lifecycle.leave(company.kim, by=system(), now=f.now())
    return request, company.kim


def administrator_demoted_between_page_and_click(company):
    request = f.asked(company)
    f.ruled(company, "portal_role", company.kim.email, roles=["administrator"])
    proposal = rules.propose(
        "portal_role", company.bo.email, None, by=f.acting(company.ada), reason="moved"
    )
    rules.accept(proposal, by=f.acting(company.kim))
    return request, company.bo


def former_manager(company):
    request = f.asked(company)
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=company.director)
    return request, company.kim


WAYS = [
    holder,
    own_manager,
    own_manager_who_is_administrator,
    manager_who_asked_for_a_report,
    report_of_a_manager_who_asked,
    administrator_who_asked_for_a_report,
    administrator_who_holds,
    manager_who_holds_the_shared_role,
    administrator_added_as_holder_after_asking,
    service_owner,
    owner_of_the_access_who_holds,
    fallback_who_holds,
    security_who_holds,
    owner_of_the_identity_who_holds_it,
    suspended_manager,
    manager_who_left,
    administrator_demoted_between_page_and_click,
    former_manager,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_whoever_gains_asked_or_lost_the_power_decides_by_no_door(company, way):
    request, person = way(company)
    f.previewed(request)
    refused_by_every_door(request, person)
    assert not Grant.objects.exists()
    lifecycle.reroute_silent(now=f.now())  # the minute's task
    current = request.steps.get(state="open").candidates.filter(until_at=None)
    assert person.pk not in current.values_list("person_id", flat=True)


def test_an_old_copy_of_the_approver_does_not_help(company):
    request = f.previewed(f.asked(company))
    stale = Person.objects.get(pk=company.kim.pk)
    lifecycle.leave(company.kim, by=system(), now=f.now())
    by = of_person(stale, Channel.PAGE)
    with refused("You cannot decide"):
        decisions.approve(request, f.shown(request), by=by, now=f.now())


@pytest.mark.parametrize(
    "by",
    [
        lambda company: of_client(1),
        lambda company: system(),
        lambda company: system(channel=Channel.COMMAND),
        lambda company: f.acting(company.kim, Channel.API),
        lambda company: f.acting(company.kim, Channel.SYSTEM),
        lambda company: of_person(company.kim, Channel.API, assurance=Assurance.TOKEN),
    ],
)
def test_no_token_and_no_program_decides(company, by):
    request = f.previewed(f.asked(company))
    shown, actor = f.shown(request), by(company)
    with refused("Sign in to decide", "not_allowed"):
        decisions.approve(request, shown, by=actor, now=f.now())
    with refused("Sign in to decide", "not_allowed"):
        decisions.decline(request, by=actor, now=f.now(), why="no")
    with refused("Sign in to decide", "not_allowed"):
        decisions.ask_back(request, by=actor, now=f.now(), question="?")


def test_of_two_needed_yeses_one_person_gives_one(company):
    f.ruled(company, "approval_policy", "manager", steps=[{"who": "manager", "quorum": 2}])
    request = f.previewed(f.asked(company))
    f.approved(request, company.kim)
    with refused("You have already decided this step", "already_decided"):
        decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    assert not Grant.objects.exists()
    f.approved(request, company.bo)
    assert Grant.objects.count() == 1


def test_a_yes_of_somebody_who_came_to_hold_the_role_since_does_not_count(company):
    role = f.shared(company, company.ana, owner=company.olu)
    f.ruled(company, "approval_policy", "manager", steps=[{"who": "manager", "quorum": 2}])
    request = f.previewed(f.asked_as(company, company.ana, role))
    f.approved(request, company.kim)
    Holder.objects.create(principal=role, person=company.kim)
    f.approved(request, company.bo)
    assert request.steps.get(position=1).state == "open"
    f.approved(request, company.ada)
    assert request.steps.get(position=1).state == "approved"
    f.approved(request, company.olu)
    assert Grant.objects.count() == 1


def test_a_request_is_not_finished_on_the_yes_of_somebody_who_gains_by_it_now(company):
    role = f.shared(company, company.ana, owner=company.olu)
    request = f.previewed(f.asked_as(company, company.ana, role))
    f.approved(request, company.kim)
    Holder.objects.create(principal=role, person=company.kim)
    with refused("Decline it; it has to be asked for again", "decider_gains"):
        decisions.approve(request, f.shown(request), by=f.acting(company.olu), now=f.now())
    decisions.decline(request, by=f.acting(company.olu), now=f.now(), why="ask again")


def test_the_decision_keeps_who_could_have_decided_and_why(company):
    request = f.previewed(f.asked(company))
    f.approved(request, company.kim)
    wanted = {(company.kim.pk, "manager")}
    wanted |= {(one.pk, "administrator") for one in (company.ada, company.bo)}
    assert {(person, why) for person, why in Decision.objects.get().eligible} == wanted


def test_a_manager_changed_by_hr_a_moment_ago_is_shown_as_a_risk(company):
    lifecycle.move(company.ana, by=system(), now=f.now(), manager=company.director)
    company.ana.refresh_from_db()
    assert "less than 7 days ago" in str(f.asked(company).items.get().risks)


def test_every_holder_of_a_shared_role_is_named_in_what_is_decided(company):
    role = f.shared(company, company.ana, company.olu)
    risks = str(f.asked_as(company, company.ana, role).items.get().risks)
    assert "Ana Engineer, Olu Owner" in risks or "Olu Owner, Ana Engineer" in risks


def test_a_moved_facts_verb_takes_no_power(company):
    """Facts come from HR; none of them is a portal role or a decision."""
    with pytest.raises(TypeError):
        people.move(company.ana, by=system(), portal_roles=["administrator"])


@pytest.mark.parametrize(
    "steps",
    [[{"who": "manager"}, {"who": "security"}], [{"who": "manager", "quorum": 2}]],
    ids=["another step", "another yes"],
)
def test_having_asked_before_a_policy_became_stricter_gets_nobody_around_it(company, steps):
    request = f.previewed(f.asked(company))
    f.ruled(company, "approval_policy", "manager", steps=steps)
    with refused("More people have to agree", "catalogue_changed"):
        decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    decisions.decline(request, by=f.acting(company.kim), now=f.now(), why="ask again")


def test_whoever_lost_the_identity_since_asking_gets_nothing(company):
    role = f.shared(company, company.ana, owner=company.olu)
    request = f.previewed(f.asked_as(company, company.ana, role))
    Holder.objects.filter(person=company.ana).update(until_at=f.now())
    with refused("Decline it", "principal_not_theirs"):
        decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())


def test_refusals_are_refusals_and_not_crashes_for_a_suspended_holder(company):
    request = f.previewed(f.asked(company))
    lifecycle.suspend(company.ana, by=system(), now=f.now())
    with pytest.raises(Refused, match="Decline it"):
        decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    assert not Decision.objects.exists()
