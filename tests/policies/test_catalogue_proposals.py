"""Once two administrators exist: rules wait for a second person, and some facts are guarded."""

import pytest
from django.core.management import call_command

from accounts.models import Person, Principal
from policies.access import identities, rules
from policies.models import ApprovalPolicy, AwsAccount, Bundle, Entitlement, Proposal
from tests import factories as f
from tests.policies import catalogue_run as run

pytestmark = pytest.mark.django_db

ACCOUNT = f"{{number: {f.ACCOUNT}, name: Analytics, region: {f.REGION}"


@pytest.fixture
def ada(company):
    return ("--as", company.ada.email, "--reason", "cluster for the new team")


def entitlement(slug: str = "templates", **changes: object) -> str:
    """A file with one entitlement as the company has it, changed."""
    values = {
        "slug": slug,
        "name": "Templates",
        "kind": "portfolio",
        "config": "{portfolio: spark}",
        "approval_policy": "manager",
        **changes,
    }
    body = ", ".join(f"{name}: {value}" for name, value in values.items())
    return f"version: 1\nentitlements:\n  - {{{body}}}\n"


def test_a_changed_rule_becomes_a_proposal_and_says_so(company, ada, tmp_path):
    ran = run.apply(run.written(tmp_path, entitlement(max_days=7)), *ada)
    assert ran.code == 0, ran.error
    assert "entitlement templates: waits for a second person" in ran.said
    proposal = Proposal.objects.get(state="open")
    assert proposal.proposed_by == company.ada
    assert proposal.reason == "cluster for the new team"
    assert Entitlement.objects.get(slug="templates").max_days == 90
    rules.accept(proposal, by=f.acting(company.bo))
    assert Entitlement.objects.get(slug="templates").max_days == 7


def test_a_proposal_that_waits_already_is_not_made_twice(company, ada, tmp_path):
    path = run.written(tmp_path, entitlement(max_days=7))
    run.apply(path, *ada)
    before = run.everything()
    ran = run.apply(path, *ada)
    assert ran.code == 0
    assert run.NOTHING in ran.said
    assert "already waits for a second person" in ran.said
    assert run.everything() == before


def test_a_proposal_against_another_open_one_is_refused_with_its_line(company, ada, tmp_path):
    run.apply(run.written(tmp_path, entitlement(max_days=7)), *ada)
    before = run.everything()
    ran = run.apply(run.written(tmp_path, entitlement(max_days=8)), *ada)
    assert ran.code == 1
    assert "catalogue.yaml:3:5: Another change of templates waits" in ran.error
    assert run.everything() == before


def test_ending_an_entitlement_is_a_proposal_and_names_only_the_slug(company, ada, tmp_path):
    text = "version: 1\nentitlements:\n  - {slug: templates, ended: true}\n"
    ran = run.apply(run.written(tmp_path, text), *ada)
    assert "- entitlement templates" in ran.said
    rules.accept(Proposal.objects.get(state="open"), by=f.acting(company.bo))
    assert not Entitlement.objects.offered().filter(slug="templates").exists()
    assert run.NOTHING in run.apply(run.written(tmp_path, text), *ada).said


def test_rules_that_rest_on_a_waiting_rule_come_later(company, ada, tmp_path):
    text = """
        version: 1
        approval_policies:
          - {slug: strict, name: Strict, steps: [{who: manager}, {who: security}]}
        entitlements:
          - slug: new
            name: New
            kind: portfolio
            config: {portfolio: spark}
            approval_policy: strict
        bundles:
          - {slug: pack, name: Pack, entitlements: [new, templates]}
    """
    path = run.written(tmp_path, text)
    said = run.apply(path, *ada).said
    assert "entitlement new: comes later: approval policy strict waits" in said
    for subject in ("approval_policy", "entitlement", "bundle"):
        rules.accept(Proposal.objects.get(state="open", subject=subject), by=f.acting(company.bo))
        said = run.apply(path, *ada).said
    assert run.NOTHING in said
    assert ApprovalPolicy.objects.filter(slug="strict").exists()
    assert Bundle.objects.get(slug="pack").entitlements.count() == 2


def test_portal_roles_and_account_roles_are_proposals(company, ada, tmp_path):
    text = f"""
        version: 1
        accounts:
          - {ACCOUNT}, write_role: "arn:aws:iam::{f.ACCOUNT}:role/w"}}
        people:
          - {{email: {company.kim.email}, name: Kim Manager, portal_roles: [administrator]}}
    """
    ran = run.apply(run.written(tmp_path, text), *ada)
    assert ran.code == 0, ran.error
    assert set(Proposal.objects.filter(state="open").values_list("subject", flat=True)) == {
        "account_roles",
        "portal_role",
    }
    assert AwsAccount.objects.get().write_role_arn == ""
    assert company.kim.is_administrator is False


def test_a_new_identity_waits_for_confirmation_by_somebody_else(company, ada, tmp_path):
    arn = f"arn:aws:iam::{f.ACCOUNT}:role/people/kim"
    text = f"""
        version: 1
        principals:
          - {{arn: "{arn}", person: {company.kim.email}, eks_user: {{username: kim}}}}
    """
    path = run.written(tmp_path, text)
    ran = run.apply(path, *ada)
    assert "waits for confirmation by a second person" in ran.said
    principal = Principal.objects.get(arn=arn)
    assert (principal.confirmed_at, principal.registered_by) == (None, company.ada)
    identities.confirm(principal, by=f.acting(company.bo), now=f.now())
    assert run.NOTHING in run.apply(path, *ada).said


def test_an_identity_that_was_rejected_does_not_come_back(company, ada, tmp_path):
    arn = f"arn:aws:iam::{f.ACCOUNT}:role/people/kim"
    text = f'version: 1\nprincipals:\n  - {{arn: "{arn}", person: {company.kim.email}}}\n'
    path = run.written(tmp_path, text)
    run.apply(path, *ada)
    principal = Principal.objects.get(arn=arn)
    identities.reject(principal, by=f.acting(company.bo), reason="not hers")
    ran = run.apply(path, *ada)
    assert ran.code == 1
    assert "catalogue.yaml:3:11: This AWS identity was rejected" in ran.error


def test_the_third_administrator_of_a_first_file_waits_for_a_named_proposer(db, tmp_path):
    people = "\n".join(
        f"  - {{email: {name}@example.com, name: {name}, employee_number: {name},"
        " portal_roles: [administrator]}"
        for name in ("ada", "bo", "cy")
    )
    path = run.written(tmp_path, f"version: 1\npeople:\n{people}\n")
    ran = run.apply(path)
    assert ran.code == 0, ran.error
    assert "person cy@example.com: comes later: Two administrators exist now" in ran.said
    assert "waits for a second person" in run.apply(path, *run.ADA).said
    assert Person.objects.holding_role("administrator").count() == 2


def test_a_single_administrator_still_changes_rules_at_once(db, tmp_path):
    text = """
        version: 1
        people:
          - email: ada@example.com
            name: Ada
            employee_number: "1"
            portal_roles: [administrator]
    """
    run.apply(run.written(tmp_path, text))
    text = "version: 1\napproval_policies:\n  - {slug: m, name: M, steps: [{who: manager}]}\n"
    path = run.written(tmp_path, text)
    assert run.apply(path).code == 2
    assert run.apply(path, *run.ADA).code == 0
    assert Proposal.objects.get(subject="approval_policy").bootstrap is True


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ((), 2, "say who changes it"),
        (("--as", "ada.admin@example.com"), 2, "Say why"),
        (("--as", "ada.admin@example.com", "--reason", " "), 2, "Say why"),
        (("--as", "kim.manager@example.com", "--reason", "x"), 1, "not an administrator"),
        (("--as", "nobody@example.com", "--reason", "x"), 1, "not an administrator"),
    ],
)
def test_only_a_named_administrator_with_a_reason_may_apply(
    company, tmp_path, options, code, message
):
    before = run.everything()
    ran = run.apply(run.written(tmp_path, entitlement(max_days=7)), *options)
    assert (ran.code, message in ran.error) == (code, True)
    assert run.everything() == before


def test_an_administrator_who_left_may_not_apply(company, ada, tmp_path):
    Person.objects.get_queryset().filter(pk=company.ada.pk).update(state="left")
    assert run.apply(run.written(tmp_path, entitlement(max_days=7)), *ada).code == 1


@pytest.mark.parametrize("command", ["apply_catalogue", "export_catalogue"])
def test_help_explains_the_command_line_by_line(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        call_command(command, "--help")
    said = capsys.readouterr().out
    assert stopped.value.code == 0
    assert f"\n  manage.py {command}" in said
    assert "Exit codes: 0" in said


def test_a_file_that_is_not_there_is_wrong_usage(db, tmp_path):
    ran = run.apply(tmp_path / "nothing.yaml")
    assert (ran.code, "No such file" in ran.error) == (2, True)
