"""What one person may not change alone by a file, although it is a fact and no rule."""

import pytest

from accounts.models import EksUser, Event, Principal
from policies import lifecycle
from policies.access import decisions, identities, rulebook, rules
from policies.access.catalogue import apply, document
from policies.access.catalogue.problems import BadCatalogue
from policies.models import Cluster, Portfolio
from tests import factories as f
from tests.policies import catalogue_run as run

pytestmark = pytest.mark.django_db

ACCOUNT = f"{{number: {f.ACCOUNT}, name: Analytics, region: {f.REGION}"


@pytest.fixture
def ada(company):
    return ("--as", company.ada.email, "--reason", "cluster for the new team")


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


def test_what_was_never_said_of_a_place_may_be_said_once(company, ada, tmp_path):
    entry = (
        f"{{slug: main, name: M, account: '{f.ACCOUNT}', region: {f.REGION}, cluster_name: main,"
        " issuer: %s}"
    )
    cluster = Cluster.objects.get(slug="main")
    before = cluster.issuer
    Cluster.objects.update(issuer="")
    for issuer, code in ((f.ISSUER, 0), (f.ISSUER[:-1] + "0", 1)):
        path = run.written(tmp_path, f"version: 1\nclusters:\n  - {entry % issuer}\n")
        ran = run.apply(path, *ada)
        assert ran.code == code, ran
    cluster.refresh_from_db()
    assert (before, cluster.issuer) == (f.ISSUER, f.ISSUER)
