"""Once two administrators exist: rules wait for a second person, and some facts are guarded."""

import pytest
from django.core.management import call_command

from accounts.models import EksUser, Event, Person, Principal
from policies import lifecycle
from policies.access import decisions, identities, rulebook, rules
from policies.access.catalogue import apply, document
from policies.access.catalogue.problems import BadCatalogue
from policies.models import ApprovalPolicy, AwsAccount, Bundle, Entitlement, Portfolio, Proposal
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


GUARDED = [
    ("people", "email: ada.admin@example.com, name: Ada, manager: kim.manager@example.com", 1),
    ("people", "email: ana.new@example.com, name: Ana Engineer, employee_number: {ana}", 2),
    ("people", "email: kim.manager@example.com, name: Kim Manager, state: joining", 3),
    (
        "portfolios",
        "slug: spark, name: Spark, account: 111122223333, portfolio_id: port-other",
        4,
    ),
    (
        "roles",
        "slug: sales, name: S, account: 111122223333, arn: 'arn:aws:iam::111122223333:role/Admin'",
        4,
    ),
    (
        "clusters",
        "slug: main, name: M, account: 111122223333, cluster_name: main,"
        " access: kubeconfig, kubeconfig: other, context: other",
        4,
    ),
    ("accounts", "number: 111122223333, name: A, region: us-east-1, partition: aws-cn", 5),
    (
        "services",
        "name: nightly, purpose: P, owners: [a.b@example.com, kim.manager@example.com]",
        6,
    ),
    (
        "principals",
        "arn: 'arn:aws:iam::111122223333:role/team', holders: [ada.admin@example.com]",
        7,
    ),
    ("principals", "arn: 'arn:aws:iam::111122223333:role/team', owner: ada.admin@example.com", 6),
    (
        "principals",
        "arn: 'arn:aws:iam::111122223333:role/people/ana', person: kim.manager@example.com",
        8,
    ),
]
REASONS = {
    1: "Nobody changes facts about themselves",
    2: "it is how they sign in",
    3: "has joined already",
    4: "An entitlement points at the",
    5: "partition of an account never changes",
    6: "nobody changes them alone",
    7: "Nobody makes themselves a holder",
    8: "Whose an AWS identity is never changes",
}


@pytest.mark.parametrize(("section", "entry", "reason"), GUARDED)
def test_what_access_rests_on_is_not_changed_by_one_person(
    company, ada, tmp_path, section, entry, reason
):
    f.person("A B", company.director)
    first = f"""
        version: 1
        services:
          - {{name: nightly, purpose: P, owners: [a.b@example.com, {company.olu.email}]}}
        principals:
          - arn: arn:aws:iam::{f.ACCOUNT}:role/team
            sharing: shared
            owner: {company.kim.email}
            holders: [{company.kim.email}]
    """
    assert run.apply(run.written(tmp_path, first), *ada).code == 0
    before = run.everything()
    entry = entry.replace("{ana}", str(company.ana.employee_number))
    text = f"version: 1\n{section}:\n  - {{{entry}}}\n"
    ran = run.apply(run.written(tmp_path, text), *ada)
    assert ran.code == 1, ran.said
    assert "catalogue.yaml:3:" in ran.error
    assert REASONS[reason] in ran.error
    assert run.everything() == before


@pytest.mark.parametrize("decides", ["director", "kim"])
@pytest.mark.parametrize("fact", ["state: suspended", "manager: sock@example.com"])
def test_nobody_puts_somebody_of_their_own_where_their_requests_are_decided(
    company, ada, tmp_path, decides, fact
):
    """Ada's own way to the top, and that of Kim, with whom she shares an AWS identity."""
    f.shared(company, company.ada, company.kim, company.olu, owner=company.olu)
    f.person("Sock")
    person = getattr(company, decides)
    before = run.everything()
    entry = f"{{email: {person.email}, name: {person.name}, {fact}}}"
    text = f"version: 1\npeople:\n  - {entry}\n"
    ran = run.apply(run.written(tmp_path, text), *ada)
    assert (ran.code, "decides for you" in ran.error) == (1, True), ran
    assert run.everything() == before


def test_what_a_waiting_proposal_points_at_stays_what_the_second_person_sees(
    company, ada, tmp_path
):
    role = (
        f"{{slug: new, name: N, account: '{f.ACCOUNT}', arn: 'arn:aws:iam::{f.ACCOUNT}:role/%s'}}"
    )
    path = run.written(tmp_path, f"version: 1\nroles:\n  - {role % 'harmless'}\n")
    assert run.apply(path, *ada).code == 0
    rule = rulebook.SUBJECTS["entitlement"].current("jobs")
    rule["config"] = {"virtual_cluster": "jobs", "roles": ["new"]}
    rules.propose("entitlement", "nightly", rule, by=f.acting(company.ada), reason="new jobs")
    path = run.written(tmp_path, f"version: 1\nroles:\n  - {role % 'Admin'}\n")
    ran = run.apply(path, *ada)
    assert (ran.code, "An entitlement points at the role new" in ran.error) == (1, True), ran


def test_a_place_no_entitlement_points_at_may_be_corrected(company, ada, tmp_path):
    entry = "{slug: other, name: O, account: 111122223333, portfolio_id: port-%s}"
    for name in ("one", "two"):
        path = run.written(tmp_path, f"version: 1\nportfolios:\n  - {entry % name}\n")
        assert run.apply(path, *ada).code == 0
    assert Portfolio.objects.get(slug="other").portfolio_id == "port-two"


def test_a_user_name_stays_while_kubernetes_access_stands_under_it(company, ada, tmp_path):
    request = f.previewed(f.asked(company, "kubernetes", groups=["viewers"]))
    for who in (company.kim, company.olu):
        request.refresh_from_db()
        if request.state == "open":
            decisions.approve(request, f.shown(request), by=f.acting(who), now=f.now())
    EksUser.objects.update_or_create(principal=company.ana_role, defaults={"username": "old"})
    text = f"""
        version: 1
        principals:
          - arn: {company.ana_role.arn}
            eks_user:
              username: new
    """
    ran = run.apply(run.written(tmp_path, text), *ada)
    assert ran.code == 1
    assert "catalogue.yaml:6:17: Kubernetes access stands under the user name “old”." in ran.error


def test_a_user_name_may_change_while_nothing_stands_under_it(company, ada, tmp_path):
    arn = company.ana_role.arn
    for name in ("old", "new"):
        text = f"version: 1\nprincipals:\n  - {{arn: '{arn}', eks_user: {{username: {name}}}}}\n"
        assert run.apply(run.written(tmp_path, text), *ada).code == 0
    assert EksUser.objects.get(principal=company.ana_role).username == "new"


def test_nobody_changes_what_their_own_identity_is_on_the_platform(company, ada, tmp_path):
    arn = f"arn:aws:iam::{f.ACCOUNT}:role/people/ada"
    identities.register(arn, by=f.acting(company.bo), now=f.now(), person=company.ada)
    text = f"version: 1\nprincipals:\n  - {{arn: '{arn}', studio_user: {{level: advanced}}}}\n"
    path, before = run.written(tmp_path, text), run.everything()
    ran = run.apply(path, *ada)
    assert (ran.code, "This AWS identity is your own" in ran.error) == (1, True)
    assert run.everything() == before
    assert run.apply(path, "--as", company.bo.email, "--reason", "level").code == 0


def test_holders_of_a_shared_identity_follow_the_file_and_are_recorded_by_id(
    company, ada, tmp_path
):
    arn = f"arn:aws:iam::{f.ACCOUNT}:role/team"
    for one in (company.kim, company.ana):
        text = f"""
            version: 1
            principals:
              - {{arn: "{arn}", sharing: shared, holders: [{one.email}]}}
        """
        assert run.apply(run.written(tmp_path, text), *ada).code == 0
    held = Principal.objects.get(arn=arn).holders
    assert [one.person for one in held.filter(until_at__isnull=True)] == [company.ana]
    assert held.get(person=company.kim).until_at is not None
    event = Event.objects.get(what="estate.changed", object_kind="principal")
    assert event.before == {"holders": [company.kim.pk]}
    assert event.after == {"holders": [company.ana.pk]}


@pytest.mark.parametrize("state", ["working", "suspended"])
def test_whoever_left_does_not_come_back_by_a_file(company, ada, tmp_path, state):
    lifecycle.leave(company.ana, by=f.acting(company.ada), now=f.now())
    text = f"""
        version: 1
        people:
          - email: {company.ana.email}
            name: Ana Engineer
            state: {state}
    """
    ran = run.apply(run.written(tmp_path, text), *ada)
    assert (ran.code, "catalogue.yaml:6:12: This person has left" in ran.error) == (1, True)


def test_a_refused_file_takes_its_changes_back_for_any_caller(company):
    text = f"""
version: 1
portfolios:
  - {{slug: new, name: N, account: {f.ACCOUNT}, portfolio_id: port-n}}
people:
  - {{email: z@example.com, name: Z, employee_number: z, state: left, portal_roles: [auditor]}}
"""
    before, by = run.everything(), f.acting(company.ada)
    plan = apply.plan(document.read(text.encode()), by=by)
    with pytest.raises(BadCatalogue, match="nobody working here"):
        apply.carry_out(plan, by=by, now=f.now(), reason="r", digest="d", lives=lifecycle)
    assert run.everything() == before


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
