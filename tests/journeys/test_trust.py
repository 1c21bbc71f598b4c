"""Statements of ours in trust policies and bucket policies, beside everybody else's."""

import json

import pytest

from policies import clients
from policies.access import grants
from policies.models import Delivery, Key, Phase, Target, TargetKind
from tests import factories as f
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted

BEN = f"arn:aws:iam::{f.ACCOUNT}:role/people/ben"
ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
BUCKET = "team-data"
TRUSTING = {"principals": {"AWS": [ANA]}, "actions": ["sts:AssumeRole"], "conditions": {}}
READING = {
    "principals": {"AWS": [ANA]},
    "actions": ["s3:GetObject"],
    "resources": [f"arn:aws:s3:::{BUCKET}/sales/*"],
}


def place(kind, name, body):
    region = f.REGION if kind == TargetKind.BUCKET_POLICY else ""
    return {"kind": kind, "account": f.ACCOUNT, "region": region, "object": name, "body": body}


def given(world, peopled, *placed):
    """Ana's portfolio access, and these parts with it."""
    grant = granted(world, peopled, "templates")
    for one in placed:
        grants.wake([grants._deliver(grant, one)])
    world.settle()
    grant.refresh_from_db()
    return grant


def trust(world, name="ben"):
    return world.trust(name)


def set_trust(world, *statements, name="ben"):
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    world.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=document)


def bucket_policy(world):
    client = world.client("s3")
    try:
        return json.loads(client.get_bucket_policy(Bucket=BUCKET)["Policy"])["Statement"]
    except client.exceptions.from_code("NoSuchBucketPolicy"):
        return []


@pytest.fixture
def bucket(world):
    world.client("s3").create_bucket(Bucket=BUCKET)


def test_trust_is_given_and_taken_beside_what_others_trust(world, peopled):
    before = trust(world)
    grant = given(world, peopled, place("role_trust", BEN, TRUSTING))
    assert grant.seen_at is not None, Target.objects.values()
    *others, ours = trust(world)
    assert others == before
    assert (ours["Principal"], ours["Effect"]) == ({"AWS": [ANA]}, "Allow")
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert (trust(world), grant.released_at is not None) == (before, True)


def test_what_others_already_give_is_neither_doubled_nor_removed(world, peopled):
    theirs = {"Effect": "Allow", "Principal": {"AWS": ANA}, "Action": "sts:AssumeRole"}
    set_trust(world, theirs)
    grant = given(world, peopled, place("role_trust", BEN, TRUSTING))
    assert (trust(world), grant.seen_at is not None) == ([theirs], True)
    assert Key.objects.get(target__kind="role_trust").origin == Key.Origin.FOUND
    end(grant, peopled)
    world.settle()
    assert trust(world) == [theirs]
    delivery = grant.deliveries.get(target__kind="role_trust")
    assert (delivery.state, delivery.release) == ("released", Delivery.Release.FOUND)


def test_when_others_take_theirs_away_ours_comes(world, peopled):
    theirs = {"Effect": "Allow", "Principal": {"AWS": ANA}, "Action": "sts:AssumeRole"}
    rest = {"Effect": "Allow", "Principal": {"AWS": f.ACCOUNT}, "Action": "sts:TagSession"}
    set_trust(world, rest, theirs)
    given(world, peopled, place("role_trust", BEN, TRUSTING))
    set_trust(world, rest)
    grants.wake(Target.objects.filter(kind="role_trust"))
    world.settle()
    assert [one["Principal"]["AWS"] for one in trust(world)] == [f.ACCOUNT, [ANA]]


def test_a_role_that_trusted_nobody_else_is_closed_at_the_end(world, peopled):
    grant = given(world, peopled, place("role_trust", BEN, TRUSTING))
    set_trust(world, trust(world)[-1])
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert [one["Effect"] for one in trust(world)] == ["Deny"]
    assert grant.released_at is not None


def test_a_deleted_identity_in_others_statement_is_named_and_blocks(world, peopled):
    world.client("iam").create_role(
        RoleName="gone",
        AssumeRolePolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{**trust(world)[0]}]}
        ),
    )
    gone = f"arn:aws:iam::{f.ACCOUNT}:role/gone"
    set_trust(
        world,
        trust(world)[0],
        {"Sid": "Old", "Effect": "Allow", "Principal": {"AWS": gone}, "Action": "sts:AssumeRole"},
    )
    world.client("iam").delete_role(RoleName="gone")
    before = trust(world)
    grant = given(world, peopled, place("role_trust", BEN, TRUSTING))
    target = Target.objects.get(kind="role_trust")
    assert (target.phase, target.outcome) == (Phase.STUCK, "malformed")
    assert "Old" in target.outcome_text
    assert "GH-109" in target.outcome_text
    assert (trust(world), grant.seen_at) == (before, None)


def test_an_untagged_roles_trust_is_not_ours_to_change(world, peopled):
    world.role(world.client("iam"), "untagged", "/", managed=False)
    name = f"arn:aws:iam::{f.ACCOUNT}:role/untagged"
    before = trust(world, "untagged")
    given(world, peopled, place("role_trust", name, TRUSTING))
    assert trust(world, "untagged") == before
    assert Target.objects.get(kind="role_trust").outcome == "denied"


def test_a_bucket_without_a_policy_has_none_again_at_the_end(world, peopled, bucket):
    grant = given(world, peopled, place("bucket_policy", BUCKET, READING))
    assert grant.seen_at is not None, Target.objects.values()
    [ours] = bucket_policy(world)
    assert ours["Resource"] == READING["resources"]
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert (bucket_policy(world), grant.released_at is not None) == ([], True)


def test_others_statements_of_a_bucket_stay(world, peopled, bucket):
    theirs = {
        "Sid": "Log",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/logs/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [theirs]})
    world.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=document)
    grant = given(world, peopled, place("bucket_policy", BUCKET, READING))
    assert len(bucket_policy(world)) == 2
    end(grant, peopled)
    world.settle()
    assert bucket_policy(world) == [theirs]


def test_a_role_is_onboarded_for_its_jobs_and_taken_off_again(world, peopled):
    before = trust(world, "ana")
    grant = granted(world, peopled, "onboarding")
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None, Target.objects.values()
    *others, ours = trust(world, "ana")
    assert others == before
    [pattern] = ours["Condition"]["StringLike"][f"{f.ISSUER}:sub"]
    assert pattern.startswith("system:serviceaccount:emr-nightly:emr-containers-sa-*-*-")
    assert ours["Condition"]["StringEquals"] == {f"{f.ISSUER}:aud": ["sts.amazonaws.com"]}
    end(grant, peopled)
    world.settle()
    assert trust(world, "ana") == before


def test_a_full_trust_policy_is_told_with_the_figure_before_anybody_decides(world, peopled):
    other = trust(world, "ana")[0]
    set_trust(world, *[{**other, "Sid": f"{n}{'x' * 110}"} for n in range(7)], name="ana")
    request = f.asked(peopled, "onboarding", virtual_clusters=["jobs"])
    world.answer()
    [item] = request.items.all()
    assert not item.preview["fits"]
    assert "trust policy of this role: " in item.preview["problems"][0]
    assert "of 2,048 characters" in item.preview["problems"][0]


def test_it_is_told_how_many_more_pairs_of_cluster_and_namespace_fit(world, peopled):
    request = f.asked(peopled, "onboarding", virtual_clusters=["jobs"])
    world.answer()
    quota = request.items.get().preview["load"]
    pairs = next(one for one in quota if "namespaces" in one["quota"])
    assert (pairs["used"], pairs["needed"]) == (1, 1)
    assert pairs["limit"] == 3, "of 2,048 characters; with Sid and audience each takes some 560"


def test_a_trust_that_others_changed_since_the_plan_is_planned_anew(world, peopled, monkeypatch):
    original, others, plans = clients.writing, [], []

    def after_another(*args, **kwargs):
        plans.append(kwargs["plan"])
        if not others:
            others.extend([*trust(world), {**trust(world)[0], "Sid": "Between"}])
            set_trust(world, *others)
        return original(*args, **kwargs)

    grant = granted(world, peopled, "templates")
    grants.wake([grants._deliver(grant, place("role_trust", BEN, TRUSTING))])
    monkeypatch.setattr(clients, "writing", after_another)
    world.settle()
    grant.refresh_from_db()
    *theirs, ours = trust(world)
    assert (theirs, ours["Principal"]) == (others, {"AWS": [ANA]})
    assert grant.seen_at is not None
    assert len(plans) == 2
