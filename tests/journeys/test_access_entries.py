"""EKS users: by access entry where the cluster has them, by aws-auth where it does not."""

import pytest

from policies.access import grants, outside
from policies.access.errors import Refused
from policies.models import Cluster, Delivery, Foreign, Grant, Key, Target
from tests import factories as f
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted as approved

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
BOB = f"arn:aws:iam::{f.ACCOUNT}:role/bob"
POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKS{}Policy"
WIDE = {
    "cluster": "main",
    "groups": ["viewers"],
    "policies": [{"policy": "edit", "namespaces": ["emr-nightly"]}],
}


def granted(world, company, slug):
    """Ana's grant, approved and as far as passes bring it."""
    grant = approved(world, company, slug)
    world.settle()
    grant.refresh_from_db()
    return grant


@pytest.fixture(params=["API_AND_CONFIG_MAP", "API"])
def mode(world, peopled, request):
    return turned(world, peopled, request.param)


def turned(world, company, mode):
    client = world.client("eks")
    for one in ("API_AND_CONFIG_MAP", "API")[: 1 + (mode == "API")]:
        client.update_cluster_config(name="main", accessConfig={"authenticationMode": one})
    Cluster.objects.update(auth_mode=mode)
    f.ruled(company, "entitlement", "cluster", config=WIDE)
    return mode


def entries(world):
    client = world.client("eks")
    arns = client.list_access_entries(clusterName="main")["accessEntries"]
    return {arn: entry(client, arn) for arn in arns}


def entry(client, arn):
    who = {"clusterName": "main", "principalArn": arn}
    about = client.describe_access_entry(**who)["accessEntry"]
    policies = client.list_associated_access_policies(**who)["associatedAccessPolicies"]
    scopes = {one["policyArn"]: one["accessScope"].get("namespaces", []) for one in policies}
    return about["username"], about["kubernetesGroups"], scopes


def finding(world):
    """The statements by which Ana may find the cluster."""
    documents = world.policies("ana").values()
    return [
        one
        for document in documents
        for one in document["Statement"]
        if "eks:DescribeCluster" in one["Action"]
    ]


def test_an_entry_with_its_policies_comes_and_goes(world, peopled, mode):
    before = world.auth_map()
    grant = granted(world, peopled, "cluster")
    assert grant.seen_at is not None, Target.objects.values()
    scopes = {POLICY.format("Edit"): ["emr-nightly"]}
    assert entries(world) == {ANA: ("aws-user:ana", ["viewers"], scopes)}
    [found] = finding(world)
    assert found["Resource"] == [f"arn:aws:eks:{f.REGION}:{f.ACCOUNT}:cluster/main"]
    assert world.auth_map() == before
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert (entries(world), finding(world), grant.released_at is not None) == ({}, [], True)


def test_two_grants_are_one_entry_and_each_end_leaves_the_others_share(world, peopled, mode):
    first = granted(world, peopled, "cluster")
    body = {
        "arn": ANA,
        "username": "aws-user:ana",
        "groups": ["editors"],
        "policies": {POLICY.format("Edit"): [], POLICY.format("View"): ["a"]},
    }
    place = {"kind": "cluster_access_entries", "account": f.ACCOUNT, "region": f.REGION}
    second = granted(world, peopled, "templates")
    grants.wake([grants._deliver(second, {**place, "object": "main", "body": body})])
    world.settle()
    both = {POLICY.format("Edit"): [], POLICY.format("View"): ["a"]}
    assert entries(world)[ANA] == ("aws-user:ana", ["editors", "viewers"], both)
    end(first, peopled)
    world.settle()
    assert entries(world)[ANA] == ("aws-user:ana", ["editors"], both)
    end(second, peopled)
    world.settle()
    assert entries(world) == {}
    assert not Grant.objects.filter(released_at__isnull=True).exists()


def test_others_entries_stay_as_they_are(world, peopled, mode):
    client = world.client("eks")
    client.create_access_entry(clusterName="main", principalArn=BOB, kubernetesGroups=["b"])
    before = entries(world)
    grant = granted(world, peopled, "cluster")
    assert entries(world)[BOB] == before[BOB]
    end(grant, peopled)
    world.settle()
    assert entries(world) == before


def test_an_entry_that_gives_it_already_is_found_and_left(world, peopled, mode):
    client, who = world.client("eks"), {"clusterName": "main", "principalArn": ANA}
    client.create_access_entry(**who, kubernetesGroups=["more", "viewers"], username="aws-user:ana")
    scope = {"type": "cluster"}
    client.associate_access_policy(**who, policyArn=POLICY.format("Edit"), accessScope=scope)
    before = entries(world)
    grant = granted(world, peopled, "cluster")
    assert (entries(world), grant.seen_at is not None) == (before, True)
    assert Key.objects.get(key=ANA).origin == Key.Origin.FOUND
    end(grant, peopled)
    world.settle()
    assert entries(world) == before
    delivery = grant.deliveries.get(target__kind="cluster_access_entries")
    assert delivery.release == Delivery.Release.FOUND


def test_a_row_that_an_entry_would_shadow_is_said_before_anybody_decides(world, peopled):
    turned(world, peopled, "API_AND_CONFIG_MAP")
    row = f"- rolearn: arn:aws:iam::{f.ACCOUNT}:role/ana\n  username: a\n  groups: [admins]\n"
    world.set_auth_map({"mapRoles": row})
    request = f.asked(peopled, "cluster")
    world.answer()
    [item] = request.items.all()
    assert not item.preview["fits"]
    assert "(admins)" in str(item.preview["problems"])
    assert "GH-243" in str(item.preview["problems"])


def test_a_cluster_without_entries_says_so(world, peopled):
    Cluster.objects.update(auth_mode="API")
    request = f.asked(peopled, "cluster")
    world.answer()
    assert "GH-242" in str(request.items.get().preview["problems"])


def test_a_cluster_of_the_old_mode_gets_a_row(world, peopled):
    grant = granted(world, peopled, "cluster")
    assert grant.seen_at is not None, Target.objects.values()
    assert "aws-user:ana" in world.auth_map()["mapRoles"]
    assert finding(world)


def test_an_entry_that_was_half_written_is_finished(world, peopled, mode):
    fault = {"service": "eks", "operation": "AssociateAccessPolicy", "kind": "throttle", "times": 1}
    world.fake.post("/_fake/faults", fault)
    grant = granted(world, peopled, "cluster")
    world.settle()
    grant.refresh_from_db()
    scopes = {POLICY.format("Edit"): ["emr-nightly"]}
    assert entries(world) == {ANA: ("aws-user:ana", ["viewers"], scopes)}
    assert grant.seen_at is not None


def test_nobody_removes_an_entry_that_was_not_looked_into(world, peopled, mode):
    """It may be the one by which machines join, and no administrator may touch those."""
    nodes = f"arn:aws:iam::{f.ACCOUNT}:role/nodes"
    client = world.client("eks")
    client.create_access_entry(clusterName="main", principalArn=nodes, type="EC2_LINUX")
    granted(world, peopled, "cluster")
    row = Foreign.objects.get(key=nodes)
    with pytest.raises(Refused, match="machines join"):
        outside.remove(row, row.text, by=f.acting(peopled.ada), why="who is it?")
    assert nodes in entries(world)


def test_a_broken_section_of_the_map_hides_no_row_of_another(world, peopled):
    turned(world, peopled, "API_AND_CONFIG_MAP")
    row = f"- rolearn: arn:aws:iam::{f.ACCOUNT}:role/ana\n  username: a\n  groups: [admins]\n"
    world.set_auth_map({"mapRoles": row, "mapUsers": "{broken"})
    request = f.asked(peopled, "cluster")
    world.answer()
    assert "GH-243" in str(request.items.get().preview["problems"])
