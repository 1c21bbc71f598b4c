"""An AWS account as a catalogue difference, that the catalogue then takes."""

import json
from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command

from accounts.models import Principal
from policies.management.imports.look import runs_jobs
from policies.models import AwsAccount, Cluster, ManagedRole, Portfolio, VirtualCluster
from tests import factories as f
from tests.world import PORTFOLIO

PODS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}
IRSA = {
    "Statement": {
        "Effect": "Allow",
        "Principal": {
            "Federated": f"arn:aws:iam::{f.ACCOUNT}:oidc-provider/oidc.eks.us-east-1.amazonaws.com"
            "/id/ABC"
        },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringLike": {
                "oidc.eks.us-east-1.amazonaws.com/id/ABC:sub": "system:serviceaccount:jobs:"
                "emr-containers-sa-*-*-111122223333-abc"
            }
        },
    }
}


def imported(*arguments):
    out = StringIO()
    call_command("import_catalogue", f.ACCOUNT, *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def as_json(*arguments):
    return json.loads(imported("--json", *arguments))


@pytest.fixture
def account(world):
    """An account that the catalogue knows by its number alone."""
    iam = world.client("iam")
    iam.create_role(RoleName="emr-exec-new", AssumeRolePolicyDocument=json.dumps(PODS))
    made = world.client("emr-containers").create_virtual_cluster(
        name="Nightly jobs!",
        containerProvider={"id": "main", "type": "EKS", "info": {"eksInfo": {"namespace": "jobs"}}},
    )
    f.account()
    return made["id"]


def test_what_is_there_becomes_a_file_that_applies_and_then_differs_no_more(
    world, account, tmp_path
):
    file = tmp_path / "found.yaml"
    imported("--output", str(file))
    call_command("apply_catalogue", str(file), "--dry-run", stdout=StringIO())
    assert not Portfolio.objects.exists()
    call_command("apply_catalogue", str(file), stdout=StringIO())
    assert Portfolio.objects.get().portfolio_id == PORTFOLIO
    cluster, jobs = Cluster.objects.get(), VirtualCluster.objects.get()
    assert (cluster.cluster_name, cluster.issuer.startswith("oidc.eks.")) == ("main", True)
    assert (jobs.slug, jobs.virtual_cluster_id) == ("nightly-jobs", account)
    assert (jobs.cluster, jobs.namespace) == (cluster.slug, "jobs")
    assert ManagedRole.objects.get().arn.endswith("role/emr-exec-new")
    assert not Principal.objects.exists()  # whose they are, only people know
    again = as_json()
    assert (again["same"], again["new"], again["changed"]) == (True, {}, {})
    assert any(one.endswith("role/people/ana") for one in again["unowned"])
    assert "# No difference." in imported()


def test_the_import_changes_nothing(world, account):
    before = len(world.fake.get("/_fake/calls")["calls"])
    imported()
    calls = world.fake.get("/_fake/calls")["calls"][before:]
    assert calls
    assert not [one for one in calls if one["operation"].startswith(("Create", "Put", "Update"))]
    assert (Portfolio.objects.count(), ManagedRole.objects.count()) == (0, 0)


def test_what_differs_and_what_is_gone_is_told(world, account):
    home = AwsAccount.objects.get()
    common = {"account": home, "region": f.REGION}
    Cluster.objects.create(
        slug="prod",
        name="Ours",
        cluster_name="main",
        issuer="oidc.eks.us-east-1.x/id/OLD",
        **common,
    )
    Portfolio.objects.create(slug="old", name="Old", portfolio_id="port-gone", **common)
    told = as_json()
    changed = told["changed"]["clusters"][0]
    assert (changed["slug"], changed["name"]) == ("prod", "Ours")
    assert changed["issuer"] != "oidc.eks.us-east-1.x/id/OLD"
    assert told["gone"] == {"portfolios": ["port-gone"]}
    assert told["new"]["virtual_clusters"][0]["cluster"] == "prod"
    text = imported()
    assert "port-gone" in text
    assert "OLD" in text
    assert yaml.safe_load(text)["clusters"][0]["slug"] == "prod"


def test_what_aws_denies_is_named_and_the_rest_is_written(world, account):
    world.fake.post(
        "/_fake/faults", {"service": "eks", "operation": "ListClusters", "kind": "deny"}
    )
    told = as_json()
    assert "clusters" in told["unread"]
    assert told["new"]["portfolios"][0]["portfolio_id"] == PORTFOLIO
    assert "clusters" not in told["gone"]


def test_short_names_are_unique_and_stable(world, account):
    for one in ("port-aaaaaaaaaaaaa", "port-bbbbbbbbbbbbb"):
        world.fake.post(
            "/_fake/portfolios",
            {"account": f.ACCOUNT, "region": f.REGION, "id": one, "name": "Spark"},
        )
    first, second = as_json()["new"]["portfolios"], as_json()["new"]["portfolios"]
    assert first == second
    assert len({one["slug"] for one in first}) == 3


def test_an_account_the_catalogue_does_not_know_is_refused(world):
    with pytest.raises(CommandError, match="does not know"):
        imported()


@pytest.mark.parametrize(
    ("trust", "runs"), [(PODS, True), (IRSA, True), ({}, False), (None, False)]
)
def test_roles_of_pods_are_known_by_their_trust(trust, runs):
    assert runs_jobs(trust) is runs
