"""What can be asked for: which identity can hold it, its words, its parts, its configuration."""

import pytest

from accounts.actors import system
from accounts.arns import IDENTITY_CENTER, PrincipalType
from accounts.models import EksUser, Principal
from policies import lifecycle
from policies.access import decisions
from policies.access.effects import check_principal
from policies.access.errors import Refused
from policies.documents import names
from policies.kinds import KINDS, BadTerms
from policies.models import Entitlement, ManagedRole, TargetKind
from tests import factories as f
from tests.policies.refusing import refused

pytestmark = pytest.mark.django_db
IAM = f"arn:aws:iam::{f.ACCOUNT}:"
OTHER = "444455556666"
STORE = "arn:aws:identitystore:::"
UUID = "90670e0f-6f6c-4a2f-9a0b-0123456789ab"
TERMS = {
    "portfolio": {},
    "execution_roles": {"roles": ["sales"]},
    "aws_auth": {"groups": ["viewers"]},
    "job_role": {"virtual_clusters": ["jobs"]},
    "cross_account_s3": {},
    "snapshot_repository": {},
    "emr_studio": {},
    "eks_user": {},
    "template": {"folder": ["sales/"]},
}
SLUGS = {
    "portfolio": "templates",
    "execution_roles": "jobs",
    "aws_auth": "kubernetes",
    "job_role": "onboarding",
    "cross_account_s3": "lake",
    "snapshot_repository": "snapshots",
    "emr_studio": "notebooks",
    "eks_user": "cluster",
    "template": "folder",
}
ARNS = {
    PrincipalType.IAM_USER: f"{IAM}user/team/ana",
    PrincipalType.IAM_ROLE: f"{IAM}role/team/ana",
    PrincipalType.SSO_ROLE: f"{IAM}role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_D_0123",
    PrincipalType.SERVICE_LINKED_ROLE: f"{IAM}role/aws-service-role/emr.amazonaws.com/ServiceRole",
    PrincipalType.IDENTITY_USER: f"{STORE}user/{UUID}",
    PrincipalType.IDENTITY_GROUP: f"{STORE}group/{UUID}",
}
YES = (PrincipalType.IAM_USER, PrincipalType.IAM_ROLE)
HOLDS = {(kind, one): "" for kind in KINDS for one in YES} | {
    ("portfolio", PrincipalType.SSO_ROLE): "",
    ("aws_auth", PrincipalType.SSO_ROLE): "",
    ("execution_roles", PrincipalType.SSO_ROLE): "role of your own",
    ("job_role", PrincipalType.SSO_ROLE): "role of your own",
    ("snapshot_repository", PrincipalType.SSO_ROLE): "role of your own",
    ("cross_account_s3", PrincipalType.SSO_ROLE): "role of your own",
    ("emr_studio", PrincipalType.SSO_ROLE): "role of your own",
    ("eks_user", PrincipalType.SSO_ROLE): "",
    ("template", PrincipalType.SSO_ROLE): "role of your own",
    ("job_role", PrincipalType.IAM_USER): "with the role itself",
    ("job_role", PrincipalType.IDENTITY_USER): "with the role itself",
    ("job_role", PrincipalType.IDENTITY_GROUP): "with the role itself",
}
# Held in a Studio of Identity Center mode only; journeys/test_studio.py shows both.
BY_MODE = {"emr_studio": IDENTITY_CENTER}
REMEDY = {
    PrincipalType.SERVICE_LINKED_ROLE: "with your own role or user",
    PrincipalType.IDENTITY_USER: "with an IAM role or user",
    PrincipalType.IDENTITY_GROUP: "with an IAM role or user",
}


def principal_of(kind: PrincipalType, account: str = f.ACCOUNT) -> Principal:
    arn = ARNS[kind].replace(f.ACCOUNT, account)
    return Principal(arn=arn, type=kind, sharing="personal", account=account)


def test_every_type_of_identity_is_answered_by_every_kind_at_once(company):
    for name, kind in KINDS.items():
        assert set(kind.SUPPORT) == set(PrincipalType)
        entitlement = company.entitlements[SLUGS[name]]
        for one in set(PrincipalType) - BY_MODE.get(name, frozenset()):
            remedy = HOLDS.get((name, one), REMEDY.get(one))
            principal = principal_of(one)
            if remedy:
                with refused(remedy, "principal_unsupported"):
                    check_principal(entitlement, principal)
            else:
                check_principal(entitlement, principal)
                principal.person = company.ana
                principal.save()
                kind.parts(entitlement, principal, TERMS[name])
                principal.delete()


def test_rules_of_before_a_choice_was_there_mean_what_they_meant(company):
    for slug, name, key in (
        ("onboarding", "job_role", "by"),
        ("lake", "cross_account_s3", "group"),
    ):
        entitlement = company.entitlements[slug]
        before = KINDS[name].parts(entitlement, company.ana_role, TERMS[name])
        entitlement.config = {k: v for k, v in entitlement.config.items() if k != key}
        assert KINDS[name].parts(entitlement, company.ana_role, TERMS[name]) == before


def test_asking_with_an_identity_that_cannot_hold_it_saves_nothing(company):
    sso = f.identity(company, ARNS[PrincipalType.SSO_ROLE], company.ana)
    with refused("IAM refuses to change an Identity Center role", "principal_unsupported"):
        f.asked_as(company, company.ana, sso, "jobs", terms={"roles": ["sales"]})
    f.asked_as(company, company.ana, sso, "kubernetes", terms={"groups": ["viewers"]})


def test_an_identity_of_an_account_that_left_the_catalogue_is_refused(company):
    lost = principal_of(PrincipalType.IAM_ROLE, "999999999999")
    with refused("Ask an administrator to add it", "unknown_account"):
        check_principal(company.entitlements["templates"], lost)


def test_what_lives_in_one_account_is_not_given_to_an_identity_of_another(company):
    f.account(OTHER, "Other")
    other = f.identity(company, f"arn:aws:iam::{OTHER}:role/ana", company.ana)
    for slug, terms in (("templates", {}), ("jobs", {"roles": ["sales"]})):
        with refused(f.ACCOUNT, "bad_terms"):
            f.asked_as(company, company.ana, other, slug, terms=terms)
    request = f.asked_as(company, company.ana, other, "kubernetes", terms={"groups": ["viewers"]})
    assert request.items.get().parts[0]["account"] == f.ACCOUNT, "the cluster's own account"


def test_the_path_of_a_role_is_kept_in_the_identity_and_not_written_to_aws_auth(company):
    request = f.asked(company, "kubernetes", groups=["viewers", "emr-users"])
    item = request.items.get()
    assert item.principal.arn == f"{IAM}role/people/ana"
    assert {part["body"]["arn"] for part in item.parts} == {f"{IAM}role/ana"}
    assert [part["body"]["group"] for part in item.parts] == ["emr-users", "viewers"]
    assert {part["body"]["username"] for part in item.parts} == {"aws-user:ana"}
    assert item.sentence == (
        "ana may sign in to the Kubernetes cluster Main cluster (Analytics) "
        "as a member of emr-users, viewers."
    )
    user = f.identity(company, f"{IAM}user/people/ana-user", company.ana)
    item = f.asked_as(
        company, company.ana, user, "kubernetes", terms={"groups": ["viewers"]}
    ).items.get()
    assert item.parts[0]["body"]["arn"] == f"{IAM}user/people/ana-user", "users keep theirs"


def test_jobs_name_their_cluster_and_each_role_exactly(company):
    item = f.asked(company, "jobs", roles=["sales"]).items.get()
    assert item.parts == [
        {
            "kind": TargetKind.PRINCIPAL_POLICY,
            "account": f.ACCOUNT,
            "region": "",
            "object": company.ana_role.arn,
            "body": {
                "statement": "emr_eks_jobs",
                "virtual_cluster": f"arn:aws:emr-containers:{f.REGION}:{f.ACCOUNT}:"
                "/virtualclusters/0b0qvauoy3ch1nqodxxxxxxxx",
                "execution_role": f"{IAM}role/emr-exec-sales",
            },
        }
    ]
    assert "with emr-exec-sales and with no other execution role" in item.sentence
    assert "can be cancelled, too" in str(item.risks)


def test_the_sentence_is_said_before_there_is_an_identity(company):
    nia = f.person("Nia New", company.kim)
    for name, slug in SLUGS.items():
        item = f.asked_as(company, nia, None, slug, terms=TERMS[name]).items.get()
        assert item.sentence.startswith("The AWS identity still to be added may")
        assert item.parts == []


def test_each_kind_says_how_to_use_it(company):
    for name, kind in KINDS.items():
        said = kind.how_to_use(company.entitlements[SLUGS[name]], company.ana_role, TERMS[name])
        assert f.REGION in said


CONFIGS = [
    ("portfolio", {}, "exactly one key"),
    ("portfolio", {"portfolio": "spark", "more": 1}, "exactly one key"),
    ("portfolio", {"portfolio": "none"}, "no portfolio “none”"),
    ("snapshot_repository", {"domain": "logs"}, "exactly three keys"),
    *(
        ("snapshot_repository", {"domain": "logs", "role": "lake", "bucket": "lake", one: "x"}, no)
        for one, no in (("domain", "no domain"), ("role", "no role"), ("bucket", "no bucket"))
    ),
    ("eks_user", {"cluster": "main"}, "exactly three keys"),
    ("eks_user", {**f.EKS, "cluster": "none"}, "no cluster “none”"),
    ("eks_user", {**f.EKS, "groups": []}, "at least one group or policy"),
    ("eks_user", {**f.EKS, "groups": ["system:masters"]}, "belong to the cluster"),
    ("eks_user", {**f.EKS, "groups": ["a*"]}, "wildcard"),
    (
        "eks_user",
        {**f.EKS, "policies": [{"policy": "view", "namespaces": []}]},
        "knows no access entries",
    ),
    ("emr_studio", {"studio": "studio"}, "exactly these keys"),
    ("emr_studio", {**f.STUDIO, "studio": "none"}, "no Studio “none”"),
    ("emr_studio", {**f.STUDIO, "level": "root"}, "basic, intermediate, advanced"),
    ("emr_studio", {**f.STUDIO, "templates": "all"}, "tagged, launch_role, everything"),
    ("emr_studio", {**f.STUDIO, "templates": "everything"}, "why all of S3"),
    ("emr_studio", {**f.STUDIO, "shared": "no"}, "true or false"),
    ("cross_account_s3", {"bucket": "lake"}, "exactly these keys"),
    ("cross_account_s3", {**f.LAKE, "bucket": "none"}, "no bucket “none”"),
    ("cross_account_s3", {**f.LAKE, "role": "none"}, "no role “none”"),
    ("cross_account_s3", {**f.LAKE, "access": "all"}, "read or write"),
    ("cross_account_s3", {**f.LAKE, "workspace": "none"}, "no workspace “none”"),
    ("cross_account_s3", {**f.LAKE, "external_id": "yes"}, "true or false"),
    *(
        ("cross_account_s3", {**f.LAKE, "prefix": bad}, "each ending in “/”")
        for bad in ("sales", "*/", "a?/", "${aws:userId}/", "/", "a//", "ü/", "a/\n")
    ),
    ("cross_account_s3", {**f.LAKE, "group": "Data team"}, "name that, too"),
    *(
        ("cross_account_s3", {**f.LAKE, "workspace": "bricks", "group": bad}, "name of a group")
        for bad in ('x" or displayName pr "', "a\nb", ["Data team"], "x" * 101)
    ),
    ("job_role", {}, "exactly two keys"),
    ("job_role", {**f.ONBOARDING, "virtual_clusters": []}, "at least one virtual cluster"),
    ("job_role", {**f.ONBOARDING, "virtual_clusters": ["none"]}, "no virtual cluster “none”"),
    ("job_role", {**f.ONBOARDING, "by": "magic"}, "oidc or pod_identity"),
    ("aws_auth", {"cluster": "main"}, "exactly two keys"),
    ("aws_auth", {"cluster": "none", "groups": ["a"]}, "no cluster “none”"),
    ("aws_auth", {"cluster": "main", "groups": []}, "at least one group"),
    ("aws_auth", {"cluster": "main", "groups": "viewers"}, "list of names"),
    ("aws_auth", {"cluster": "main", "groups": ["system:masters"]}, "belong to the cluster"),
    ("aws_auth", {"cluster": "main", "groups": ["SYSTEM:masters"]}, "belong to the cluster"),
    ("aws_auth", {"cluster": "main", "groups": ["ｓystem:nodes"]}, "belong to the cluster"),
    ("aws_auth", {"cluster": "main", "groups": ["eks:k"]}, "belong to the cluster"),
    ("aws_auth", {"cluster": "main", "groups": ["{{SessionName}}"]}, "no template"),
    ("aws_auth", {"cluster": "main", "groups": ["a-{{AccountID}}"]}, "no template"),
    ("aws_auth", {"cluster": "main", "groups": ["*"]}, "Name each group exactly"),
    ("aws_auth", {"cluster": "main", "groups": ["view*"]}, "Name each group exactly"),
    ("aws_auth", {"cluster": "main", "groups": [""]}, "Write a name"),
    ("aws_auth", {"cluster": "main", "groups": [" viewers"]}, "Remove the space"),
    ("aws_auth", {"cluster": "main", "groups": ["view\ners"]}, "Type it anew"),
    ("aws_auth", {"cluster": "main", "groups": ["g" * 254]}, "Shorten it"),
    ("aws_auth", {"cluster": "main", "groups": [7]}, "list of names"),
    ("execution_roles", {"virtual_cluster": "jobs"}, "exactly two keys"),
    ("execution_roles", {"virtual_cluster": "none", "roles": ["sales"]}, "no virtual cluster"),
    ("execution_roles", {"virtual_cluster": "jobs", "roles": []}, "at least one"),
    ("execution_roles", {"virtual_cluster": "jobs", "roles": "sales"}, "at least one"),
    ("execution_roles", {"virtual_cluster": "jobs", "roles": ["*"]}, "no role “*”"),
    ("execution_roles", {"virtual_cluster": "jobs", "roles": ["other"]}, "not in the virtual"),
]


def test_configurations_that_would_give_something_else_are_refused(company):
    account = f.account(OTHER, "Other")
    ManagedRole.objects.create(
        slug="other", name="o", account=account, region="", arn=f"arn:aws:iam::{OTHER}:role/o"
    )
    for kind, config, words in CONFIGS:
        with pytest.raises(BadTerms) as bad:
            KINDS[kind].check_config(config)
        assert words in bad.value.message, (kind, config, bad.value.message)
        assert bad.value.field == "config"


@pytest.mark.parametrize(
    "username",
    ["system:admin", "aws:x", "eks:x", "iam:x", "{{SessionName}}", "{{Evil}}", "", "a\nb"],
)
def test_a_reserved_or_foreign_made_user_name_reaches_no_part(company, username):
    EksUser.objects.create(principal=company.ana_role, username=username)
    with refused("User name", "bad_terms"):
        f.asked(company, "kubernetes", groups=["viewers"])
    with pytest.raises(names.BadName):
        names.check_username(username)


# While a request is open, what it stands for may change under it.


def changed_terms(company):
    f.ruled(company, "entitlement", "jobs", max_days=7)


def withdrawn_choice(company):
    f.ruled(company, "entitlement", "jobs", config={"virtual_cluster": "jobs", "roles": ["ops"]})


def ended(company):
    Entitlement.objects.filter(slug="jobs").update(ended_at=f.now())


def moved_place(company):
    ManagedRole.objects.filter(slug="sales").update(arn=f"{IAM}role/administrator")


@pytest.mark.parametrize("change", [changed_terms, withdrawn_choice, ended, moved_place])
def test_what_changed_in_the_catalogue_while_it_was_open_is_not_approved(company, change):
    request = f.previewed(f.asked(company, "jobs", roles=["sales"]))
    shown = f.shown(request)
    change(company)
    with refused("Decline it; it has to be asked for again", "catalogue_changed"):
        decisions.approve(request, shown, by=f.acting(company.kim), now=f.now())
    decisions.decline(request, by=f.acting(company.kim), now=f.now(), why="ask again")


def test_an_owner_who_left_is_replaced_by_who_stands_in(company):
    f.ruled(company, "approval_policy", "manager", steps=[{"who": "owner"}])
    request = f.previewed(f.asked(company))
    lifecycle.leave(company.olu, by=system(), now=f.now())
    with pytest.raises(Refused):
        f.approved(request, company.olu)
    f.approved(request, company.ada)
