"""Rules change by proposal and a second person; identities by a second person; none raw."""

import json
import re

import pytest

from accounts.models import Holder, PortalRole, Principal, Sharing
from policies.access import identities, rules
from policies.models import ApprovalPolicy, AwsAccount, Bundle, Entitlement, Proposal
from tests import factories as f
from tests.portal.admin.doing import form_of, list_form_of, press, recorded

pytestmark = pytest.mark.django_db

ROLES = {"roles": ["auditor"]}
ARN = f"arn:aws:iam::{f.ACCOUNT}:role/people/"


@pytest.fixture
def proposal(company) -> Proposal:
    made = rules.propose(
        "portal_role", company.olu.email, ROLES, by=f.acting(company.ada), reason="second"
    )
    assert made is not None
    return made


def test_a_proposal_changes_nothing_until_another_accepts(company, ada, bo):
    page = form_of(company.olu, "propose")
    assert press(ada, page, rule=json.dumps(ROLES), reason="second auditor").status_code == 302
    assert not company.olu.has_role("auditor")
    proposal = Proposal.objects.get(state="open")
    assert press(bo, form_of(proposal, "accept")).status_code == 302
    assert company.olu.has_role("auditor")
    assert recorded("proposal.made")[-1] == recorded("proposal.accepted")[-1] == "admin"


def test_nobody_accepts_their_own_proposal(company, ada, proposal):
    response = press(ada, form_of(proposal, "accept"))
    assert response.status_code == 422
    assert "second administrator" in response.content.decode()
    assert not company.olu.has_role("auditor")


def test_nobody_accepts_a_power_for_themselves(company, bo):
    proposal = rules.propose(
        "portal_role",
        company.bo.email,
        {"roles": ["administrator", "security"]},
        by=f.acting(company.ada),
        reason="more",
    )
    assert proposal is not None
    assert press(bo, form_of(proposal, "accept")).status_code == 422
    assert not company.bo.has_role("security")


def test_declining_a_proposal_needs_a_reason(company, bo, proposal):
    assert press(bo, form_of(proposal, "decline"), why="").status_code == 422
    assert press(bo, form_of(proposal, "decline"), why="one is enough").status_code == 302
    proposal.refresh_from_db()
    assert proposal.state == Proposal.State.DECLINED
    assert recorded("proposal.declined") == ["admin"]


def test_the_form_begins_with_the_rule_in_force(company, ada):
    policy = ApprovalPolicy.objects.get(slug="manager")
    text = ada.get(form_of(policy, "propose")).content.decode()
    assert "&quot;wait_hours&quot;: 48" in text
    response = press(
        ada,
        form_of(policy, "propose"),
        reason="faster",
        rule='{"name": "Manager", "steps": [{"who": "manager"}], "wait_hours": 8, "fallback": []}',
    )
    assert response.status_code == 302
    assert Proposal.objects.get(state="open").after["wait_hours"] == 8


def test_a_rule_that_already_is_so_proposes_nothing(company, ada):
    policy = ApprovalPolicy.objects.get(slug="manager")
    rule = '{"name":"Manager","steps":[{"who":"manager"}],"wait_hours":48,"fallback":[]}'
    press(ada, form_of(policy, "propose"), rule=rule, reason="same")
    assert not Proposal.objects.filter(state="open").exists()


def test_a_new_package_and_the_end_of_an_access_are_proposed(company, ada):
    page = list_form_of(Bundle, "propose")
    rule = json.dumps({"name": "Start", "entitlements": ["templates"]})
    assert press(ada, page, key="start", rule=rule, reason="joiners").status_code == 302
    jobs = company.entitlements["jobs"]
    assert press(ada, form_of(jobs, "propose-end"), reason="unused").status_code == 302
    waiting = Proposal.objects.filter(state="open").order_by("pk")
    assert [(one.subject_id, one.after is None) for one in waiting] == [
        ("start", False),
        ("jobs", True),
    ]
    assert Entitlement.objects.offered().filter(slug="jobs").exists()


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "nonsense",
        "[]",
        "[" * 20_000,
        '{"roles": NaN}',
        '{"roles": [["administrator"]]}',
        '{"roles": "administrator"}',
        '{"roles": ["king"]}',
        '{"roles": [], "more": 1}',
        '{"roles": ["\\u0000"]}',
    ],
    ids=lambda rule: rule[:30] or "empty",
)
def test_a_rule_that_is_no_rule_is_refused_in_words(company, ada, rule):
    response = press(ada, form_of(company.olu, "propose"), rule=rule, reason="because")
    assert response.status_code == 422
    assert re.search("errorlist|errornote", response.content.decode())
    assert not Proposal.objects.filter(state="open").exists()


@pytest.mark.parametrize(
    "arn",
    [
        "nonsense",
        "arn:aws:iam::999988887777:role/gatehouse-write",
        f"arn:aws:iam::{f.ACCOUNT}:user/somebody",
        f"arn:aws:iam::{f.ACCOUNT}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForEKS",
    ],
)
def test_a_worker_role_is_a_role_of_its_own_account(company, ada, arn):
    account = AwsAccount.objects.get(pk=f.ACCOUNT)
    rule = json.dumps({"write_role": arn, "read_role": ""})
    page = form_of(account, "propose")
    assert press(ada, page, rule=rule, reason="new worker").status_code == 422
    rule = json.dumps({"write_role": f"arn:aws:iam::{f.ACCOUNT}:role/gw", "read_role": ""})
    assert press(ada, page, rule=rule, reason="new worker").status_code == 302
    account.refresh_from_db()
    assert account.write_role_arn == ""


def test_an_identity_is_registered_by_one_and_confirmed_by_another(company, ada, bo):
    page = list_form_of(Principal, "register")
    sent = {"arn": ARN + "olu", "sharing": "personal", "person": "OLU.owner@example.com"}
    assert press(ada, page, **sent).status_code == 302
    principal = Principal.objects.get(person=company.olu)
    assert principal.confirmed_at is None
    response = press(ada, form_of(principal, "confirm"))
    assert response.status_code == 422
    assert "neither added" in response.content.decode()
    assert press(bo, form_of(principal, "confirm")).status_code == 302
    principal.refresh_from_db()
    assert principal.confirmed_by == company.bo
    assert recorded("principal.registered")[-1] == "admin"
    assert recorded("principal.confirmed")[-1] == "admin"


def test_a_shared_identity_keeps_its_holders_and_none_of_them_confirms_it(company, ada, bo):
    sent = {
        "arn": ARN + "team",
        "sharing": "shared",
        "owner": company.olu.email,
        "holders": f"{company.ana.email}\n{company.bo.email}, {company.ana.email}",
    }
    assert press(ada, list_form_of(Principal, "register"), **sent).status_code == 302
    principal = Principal.objects.get(sharing=Sharing.SHARED)
    held = Holder.objects.filter(principal=principal).values_list("person", flat=True)
    assert sorted(held) == sorted([company.ana.pk, company.bo.pk])
    assert press(bo, form_of(principal, "confirm")).status_code == 422


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"arn": "arn:aws:iam::1:role/x"}, "errorlist"),
        ({"arn": "arn:aws:iam::999988887777:role/x"}, "not in the catalogue"),
        ({"person": "nobody@example.com"}, "Nobody working here"),
        ({"person": ""}, "one person or one service"),
        ({"arn": ARN + "ana"}, "already registered"),
        ({"sharing": "free"}, "Select a valid choice"),
    ],
)
def test_a_bad_identity_is_refused_beside_the_field(company, ada, change, words):
    before = Principal.objects.count()
    sent = {"arn": ARN + "new", "sharing": "personal", "person": company.olu.email, **change}
    response = press(ada, list_form_of(Principal, "register"), **sent)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert Principal.objects.count() == before


def test_a_rejected_identity_can_never_be_used(company, bo):
    principal = identities.register(
        ARN + "kim", by=f.acting(company.ada), now=f.now(), person=company.kim
    )
    assert press(bo, form_of(principal, "reject"), why="not hers").status_code == 302
    assert press(bo, form_of(principal, "confirm")).status_code == 422
    assert not Principal.objects.usable().filter(pk=principal.pk).exists()
    assert recorded("principal.rejected") == ["admin"]


def test_portal_roles_are_proposed_by_address_too(company, ada):
    page = list_form_of(PortalRole, "propose")
    sent = {"key": company.olu.email, "rule": json.dumps(ROLES), "reason": "second"}
    assert press(ada, page, **sent).status_code == 302
    response = press(ada, page, **{**sent, "key": "no address"})
    assert response.status_code == 422
    assert "an e-mail address" in response.content.decode()
