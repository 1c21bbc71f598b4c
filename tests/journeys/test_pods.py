"""Execution roles let in by Pod Identity: the role's trust first, then three service accounts."""

import pytest

from policies.access.errors import Refused
from policies.documents import pods
from policies.models import Delivery, Target
from tests import factories as f
from tests.evaluator.decide import Asked, Policies, allowed
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
CLUSTER = f"arn:aws:eks:{f.REGION}:{f.ACCOUNT}:cluster/main"
NAMES = [f"emr-containers-sa-spark-{pod}-{f.ACCOUNT}-3suw1" for pod in ("client", "driver")]


@pytest.fixture
def pod_world(world, peopled):
    config = {"virtual_clusters": ["jobs"], "by": "pod_identity"}
    f.ruled(peopled, "entitlement", "onboarding", config=config)
    return world


def associations(world):
    """{namespace and account: role} as EKS tells it."""
    client = world.client("eks")
    rows = client.list_pod_identity_associations(clusterName="main")["associations"]
    told = [
        client.describe_pod_identity_association(
            clusterName="main", associationId=one["associationId"]
        )["association"]
        for one in rows
    ]
    return {f"{one['namespace']}:{one['serviceAccount']}": one["roleArn"] for one in told}


def may(world, cluster=CLUSTER, account=f.ACCOUNT):
    """Whether EKS may hand Ana's role to pods of a cluster."""
    context = {"aws:SourceAccount": account, "aws:SourceArn": cluster}
    asked = Asked({"Service": "pods.eks.amazonaws.com"}, "sts:AssumeRole", ANA, context)
    return allowed(asked, Policies((), world.trust("ana")))


def test_jobs_pods_get_the_role_while_it_is_granted(pod_world, peopled):
    world = pod_world
    grant = granted(world, peopled, "onboarding")
    world.settle(seconds=30)
    grant.refresh_from_db()
    assert grant.seen_at is not None, Target.objects.values()
    theirs = associations(world)
    assert set(theirs.values()) == {ANA}
    assert len(theirs) == 3
    assert {f"emr-nightly:{name}" for name in NAMES} < set(theirs)
    assert may(world)
    assert not may(world, cluster=CLUSTER + "2"), "another cluster"
    assert not may(world, account="444455556666"), "another account"
    end(grant, peopled)
    world.settle(seconds=30)
    grant.refresh_from_db()
    assert grant.released_at is not None
    assert associations(world) == {}
    assert not may(world)


def test_an_association_of_others_is_never_taken_over(pod_world, peopled):
    world = pod_world
    bob = f"arn:aws:iam::{f.ACCOUNT}:role/bob"
    where = {"namespace": "emr-nightly", "serviceAccount": NAMES[0]}
    client = world.client("eks")
    client.create_pod_identity_association(clusterName="main", roleArn=bob, **where)
    with pytest.raises(Refused, match="already stands in main with something else"):
        granted(world, peopled, "onboarding")
    assert associations(world) == {f"emr-nightly:{NAMES[0]}": bob}


def test_what_eks_does_not_show_yet_is_waited_for(pod_world, peopled):
    world = pod_world
    grant = granted(world, peopled, "onboarding")
    order = {"service": "eks", "kind": "stale", "seconds": 8, "times": None}
    world.fake.post("/_fake/faults", order)
    world.settle(seconds=40)
    grant.refresh_from_db()
    assert grant.seen_at is not None
    end(grant, peopled)
    world.settle(seconds=40)
    grant.refresh_from_db()
    assert grant.released_at is not None
    states = set(Delivery.objects.values_list("state", flat=True))
    assert states == {Delivery.State.RELEASED}


def test_the_names_are_those_that_emr_makes():
    assert pods.service_accounts("111122223333", "myrole") == [
        f"emr-containers-sa-spark-{pod}-111122223333-16o0gwny3p"
        for pod in ("client", "driver", "executor")
    ]
