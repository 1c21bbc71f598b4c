"""Rules change with two people; alone only until a second administrator first exists."""

import pytest

from accounts import people
from accounts.actors import Channel, of_client, system
from accounts.models import Event, PortalRole, Version
from policies import lifecycle
from policies.access import rules
from policies.access.rulebook import SUBJECTS
from policies.models import ApprovalPolicy, Bundle, Entitlement, Installation, Proposal
from tests import factories as f
from tests.policies.refusing import refused

pytestmark = pytest.mark.django_db
POLICY = {"name": "M", "steps": [{"who": "manager"}], "wait_hours": 48, "fallback": []}


def current(company, subject="entitlement", key="templates", **changes):
    return {**(SUBJECTS[subject].current(key) or {}), **changes}


def proposed(company, subject="entitlement", key="templates", after=..., **changes) -> Proposal:
    rule = current(company, subject, key, **changes) if after is ... else after
    made = rules.propose(subject, key, rule, by=f.acting(company.ada), reason="tests")
    assert made is not None
    return made


def test_the_first_people_change_rules_alone_until_there_are_two_administrators():
    ada, bo, ana = f.person("Ada"), f.person("Bo"), f.person("Ana")
    first = rules.propose(
        "portal_role", ada.email, {"roles": ["administrator"]}, by=f.acting(ada), reason="first"
    )
    assert (first.state, first.bootstrap) == ("accepted", True)
    with refused("Ask one to propose it", "not_allowed"):
        rules.propose("approval_policy", "m", POLICY, by=f.acting(ana), reason="mine")
    assert rules.propose("approval_policy", "m", POLICY, by=f.acting(ada), reason="x").bootstrap
    rules.propose(
        "portal_role", bo.email, {"roles": ["administrator"]}, by=f.acting(ada), reason="second"
    )
    assert not rules.in_bootstrap()
    later = rules.propose(
        "approval_policy", "m", {**POLICY, "wait_hours": 1}, by=f.acting(ada), reason="x"
    )
    assert (later.state, later.bootstrap) == ("open", False)
    assert ApprovalPolicy.objects.get().wait_hours == 48


def test_nobody_proposes_by_a_token_even_while_the_installation_is_empty():
    with refused("administrators only", "not_allowed"):
        rules.propose("approval_policy", "m", POLICY, by=of_client(1), reason="x")
    rules.propose("approval_policy", "m", POLICY, by=system(), reason="x")
    suspended = f.person("Sue")
    people.suspend(suspended, by=system())
    suspended.refresh_from_db()
    with refused("administrators only", "not_allowed"):
        rules.propose(
            "approval_policy", "m", {**POLICY, "name": "N"}, by=f.acting(suspended), reason="x"
        )


def test_two_administrators_given_by_any_way_end_the_beginning():
    one, two = f.person("Ada"), f.person("Bo")
    for person in (one, two):
        people.give_role(person, "administrator", by=system())
    made = rules.propose("approval_policy", "m", POLICY, by=f.acting(one), reason="x")
    assert (made.state, Installation.objects.get().bootstrapped_at is None) == ("open", False)


def test_the_beginning_never_comes_back_even_when_administrators_leave(company):
    lifecycle.leave(company.bo, by=system(), now=f.now())
    assert not rules.in_bootstrap()
    proposal = proposed(company, max_days=7)
    with refused("A second administrator", "second_person"):
        rules.accept(proposal, by=f.acting(company.ada))
    for by in (system(), system(channel=Channel.COMMAND), of_client(1)):
        with refused("administrators only", "not_allowed"):
            rules.accept(proposal, by=by)
        with refused("administrators only", "not_allowed"):
            rules.propose("approval_policy", "new", POLICY, by=by, reason="x")


@pytest.mark.parametrize("who", ["ana", "kim", "olu", "ira", "director"])
def test_only_administrators_propose_accept_and_decline(company, who):
    proposal = proposed(company, max_days=7)
    by = f.acting(getattr(company, who), Channel.ADMIN)
    with refused("administrators only", "not_allowed"):
        rules.propose("bundle", "b", {"entitlements": ["jobs"]}, by=by, reason="x")
    with refused("administrators only", "not_allowed"):
        rules.accept(proposal, by=by)
    with refused("administrators only", "not_allowed"):
        rules.decline(proposal, by=by, reason="x")


def test_nobody_accepts_their_own_proposal_nor_a_power_for_themselves(company):
    own = proposed(company, max_days=7)
    role = proposed(
        company, "portal_role", company.bo.email, after={"roles": ["administrator", "security"]}
    )
    owner = proposed(company, key="jobs", owner=company.bo.email)
    fallback = proposed(company, "approval_policy", "manager", fallback=[company.bo.email])
    with refused("A second administrator", "second_person"):
        rules.accept(own, by=f.acting(company.ada))
    for proposal in (role, owner, fallback):
        with refused("somebody else accepts it", "second_person"):
            rules.accept(proposal, by=f.acting(company.bo))


def test_who_proposed_a_power_for_themselves_waits_for_another(company):
    role = {"roles": ["administrator", "security"]}
    proposal = proposed(company, "portal_role", company.ada.email.upper(), after=role)
    assert not company.ada.has_role("security")
    with refused("A second administrator"):
        rules.accept(proposal, by=f.acting(company.ada))
    rules.accept(proposal, by=f.acting(company.bo))
    assert company.ada.has_role("security")


def test_one_open_change_of_a_rule_at_a_time_whatever_the_letter_case(company):
    proposed(company, max_days=7)
    with refused("Decide that one first", "already_proposed"):
        proposed(company, max_days=8)
    proposed(company, "portal_role", company.kim.email, after={"roles": ["auditor"]})
    with refused("Decide that one first", "already_proposed"):
        proposed(company, "portal_role", company.kim.email.upper(), after={"roles": ["security"]})


def test_a_proposal_is_taken_back_by_who_made_it(company):
    proposal = proposed(company, max_days=7)
    rules.decline(proposal, by=f.acting(company.ada), reason="thought again")
    assert (proposal.state, proposal.decided_by) == ("declined", None)
    event = Event.objects.get(what="proposal.declined")
    assert event.actor_id == str(company.ada.pk)
    with refused("already been decided", "already_decided"):
        rules.decline(proposal, by=f.acting(company.bo), reason="no")
    with refused("already been decided", "already_decided"):
        rules.accept(proposal, by=f.acting(company.bo))


def test_a_stale_proposal_is_refused(company):
    proposal = proposed(company, max_days=7)
    Entitlement.objects.filter(slug="templates").update(max_days=30)
    with refused("Decline it and propose anew", "stale_proposal"):
        rules.accept(proposal, by=f.acting(company.bo))


def test_what_a_proposal_rests_on_is_looked_at_again_when_it_is_accepted(company):
    role = proposed(company, "portal_role", company.kim.email, after={"roles": ["administrator"]})
    owner = proposed(company, key="jobs", owner=company.kim.email)
    bundle = proposed(company, "bundle", "b", after={"entitlements": ["templates"]})
    lifecycle.leave(company.kim, by=system(), now=f.now())
    Entitlement.objects.filter(slug="templates").update(ended_at=f.now())
    for proposal, words in ((role, "nobody working here"), (owner, "nobody working here"),
                            (bundle, "no entitlement")):  # fmt: skip
        with refused(words):
            rules.accept(proposal, by=f.acting(company.bo))


BAD = [
    ("entitlement", "templates", {"kind": "shell"}, "the kind is one of"),
    ("entitlement", "templates", {"config": {}}, "exactly one key"),
    ("entitlement", "templates", {"config": {"portfolio": "none"}}, "no portfolio"),
    ("entitlement", "templates", {"config": {"portfolio": ["spark"]}}, "no portfolio"),
    ("entitlement", "templates", {"approval_policy": "none"}, "no approval policy"),
    ("entitlement", "templates", {"owner": "nobody@example.com"}, "nobody working here"),
    ("entitlement", "templates", {"max_days": 0}, "1 to 366"),
    ("entitlement", "templates", {"max_days": 367}, "form of this rule"),
    ("entitlement", "templates", {"max_days": True}, "form of this rule"),
    ("entitlement", "templates", {"name": "n" * 201}, "form of this rule"),
    ("entitlement", "templates", {"description": "d" * 2001}, "form of this rule"),
    ("entitlement", "templates", {"ended_at": None}, "not part of this rule"),
    ("entitlement", "a b", {}, "a short name"),
    ("approval_policy", "manager", {"steps": []}, "at least one step"),
    ("approval_policy", "manager", {"steps": [{"who": "nobody"}]}, "is one of manager"),
    ("approval_policy", "manager", {"steps": [{"who": "owner", "quorum": 0}]}, "1 to 9"),
    ("approval_policy", "manager", {"steps": [{"who": "owner", "quorum": True}]}, "1 to 9"),
    ("approval_policy", "manager", {"steps": [{"who": "owner", "skip": 1}]}, "form of this"),
    ("approval_policy", "manager", {"wait_hours": -1}, "form of this rule"),
    ("approval_policy", "manager", {"fallback": ["x@example.com"]}, "nobody working here"),
    ("bundle", "b", {"entitlements": []}, "at least one entitlement"),
    ("bundle", "b", {"entitlements": ["none"]}, "no entitlement"),
    ("portal_role", "kim.manager@example.com", {"roles": ["superuser"]}, "a portal role is"),
    ("portal_role", "kim", {"roles": ["auditor"]}, "an e-mail address"),
    ("portal_role", "x@example.com", {"roles": ["auditor"]}, "nobody working here"),
    ("account_roles", "111122223333", {"write_role": "arn:aws:iam::*:role/x"}, "looks like"),
    (
        "account_roles",
        "111122223333",
        {"read_role": "arn:aws:iam::444455556666:role/x"},
        "not an IAM role of account",
    ),
    ("account_roles", "999999999999", {"write_role": ""}, "no AWS account"),
    ("account_roles", "11112222333", {"write_role": ""}, "twelve digits"),
]


def test_a_rule_that_may_not_come_into_force_is_not_even_proposed(company):
    for subject, key, changes, words in BAD:
        rule = current(company, subject, key, **changes)
        with refused(words):
            rules.propose(subject, key, rule, by=f.acting(company.ada), reason="x")
    with refused("cannot be ended, only changed", "in_use"):
        rules.propose("approval_policy", "manager", None, by=f.acting(company.ada), reason="x")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001, "a\x00"])
def test_a_proposal_and_its_no_need_a_reason_of_sane_length(company, reason):
    proposal = proposed(company, max_days=7)
    with refused(""):
        rules.propose("bundle", "b", {"entitlements": ["jobs"]}, by=f.acting(company.ada),
                      reason=reason)  # fmt: skip
    with refused(""):
        rules.decline(proposal, by=f.acting(company.bo), reason=reason)


def test_an_ended_access_and_an_ended_package_leave_the_catalogue_and_may_come_back(company):
    f.ruled(company, "bundle", "b", name="B", description="", entitlements=["jobs"])
    for subject, key in (("entitlement", "templates"), ("bundle", "b")):
        before = current(company, subject, key)
        rules.accept(proposed(company, subject, key, after=None), by=f.acting(company.bo))
        assert SUBJECTS[subject].current(key) is None
        facts = Version.objects.get(subject=subject, subject_id=key, until_at=None).facts
        assert facts == {"ended": True}
        rules.accept(proposed(company, subject, key, after=before), by=f.acting(company.bo))
        assert SUBJECTS[subject].current(key) == before
    assert Entitlement.objects.get(slug="templates").version == 2
    assert Bundle.objects.get().ended_at is None


def test_ending_every_role_of_somebody_is_a_proposal_too(company):
    proposal = proposed(company, "portal_role", company.ira.email, after=None)
    assert company.ira.is_auditor
    other = proposed(company, "portal_role", company.bo.email, after=None)
    with refused("somebody else accepts it"):
        rules.accept(other, by=f.acting(company.bo))
    rules.accept(proposal, by=f.acting(company.bo))
    assert not PortalRole.objects.filter(person=company.ira, until_at=None).exists()


def test_the_record_of_a_rule_names_people_by_id_only(company):
    rules.accept(
        proposed(company, key="jobs", owner=company.kim.email, description="Ask Kim Manager"),
        by=f.acting(company.bo),
    )
    rules.accept(
        proposed(company, "approval_policy", "manager", fallback=[company.olu.email]),
        by=f.acting(company.bo),
    )
    rules.accept(
        proposed(company, "portal_role", company.kim.email, after={"roles": ["auditor"]}),
        by=f.acting(company.bo),
    )
    kept = str(list(Event.objects.values())) + str(list(Version.objects.values()))
    assert "@" not in kept
    assert "Kim" not in kept
    made = Event.objects.filter(what="proposal.accepted")
    assert made.get(object_kind="portal_role", object_id=str(company.kim.pk)).after == {
        "roles": ["auditor"]
    }
    assert made.filter(object_id="jobs").last().after["owner"] == company.kim.pk
    policy = made.filter(object_kind="approval_policy").last()
    assert policy.after["fallback"] == [company.olu.pk]
