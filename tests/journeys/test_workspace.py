"""Buckets of encrypted lakes and Databricks workspaces: key, registration, assignment, in order."""

import time

import pytest

from policies import clients
from policies.access.errors import Refused
from policies.kinds import KINDS, BadTerms
from policies.models import Bucket, Delivery, Target, TargetKind, Workspace
from tests import factories as f
from tests.evaluator.decide import Asked
from tests.evaluator.holds import Aws
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
READER = f"arn:aws:iam::{f.ACCOUNT}:role/lake-reader"
PROFILE = f"arn:aws:iam::{f.ACCOUNT}:instance-profile/ana"
LAKE = {**f.LAKE, "external_id": False}


@pytest.fixture
def lake(world, peopled, outside):
    """The lake's role and bucket, and a workspace that knows Ana and a group."""
    iam = world.client("iam")
    for name in ("lake-reader", "databricks"):
        world.role(iam, name, "/")
    world.client("s3").create_bucket(Bucket="data-lake")
    Workspace.objects.update(host=outside.rest)
    outside.outside("people", {"users": ["ana.engineer@example.com"], "groups": ["Data team"]})
    return world


def held(outside):
    return outside.outside("state")


def seen(world, grant):
    world.settle(seconds=120)
    grant.refresh_from_db()
    assert grant.seen_at is not None, list(Target.objects.values("kind", "outcome_text", "phase"))


def told(world, kind):
    """The place of a kind, once something stands in its way."""
    end_ = time.monotonic() + 60
    while time.monotonic() < end_:
        world.settle(seconds=0.2)
        target = Target.objects.get(kind=kind)
        if target.outcome_text:
            break
    return target


def over(world, peopled, grant):
    end(grant, peopled)
    world.settle(seconds=120)
    grant.refresh_from_db()
    assert grant.released_at is not None, list(Target.objects.values("kind", "outcome_text"))


@pytest.mark.parametrize(
    ("group", "who"), [("", "ana.engineer@example.com"), ("Data team", "Data team")]
)
def test_a_profile_is_registered_then_given_and_both_go_again(lake, peopled, outside, group, who):
    config = {**LAKE, "workspace": "bricks", "group": group}
    f.ruled(peopled, "entitlement", "lake", config=config)
    grant = granted(lake, peopled, "lake")
    seen(lake, grant)
    state = held(outside)
    assert state["profiles"] == [PROFILE]
    assert {name for name, arns in state["assigned"].items() if arns} == {who}
    order = [one for one in state["requests"] if not one.startswith("GET")]
    assert [one.split()[0] for one in order] == ["POST", "PATCH"], "registered before it is given"
    passing = str(lake.policies("databricks"))
    assert "iam:PassRole" in passing
    assert ANA in passing
    over(lake, peopled, grant)
    state = held(outside)
    assert (state["profiles"], any(state["assigned"].values())) == ([], False)
    assert lake.policies("databricks") == {}


def test_what_others_registered_and_gave_stays(lake, peopled, outside):
    config = {**LAKE, "workspace": "bricks"}
    f.ruled(peopled, "entitlement", "lake", config=config)
    other = PROFILE.replace("/ana", "/other")
    there = clients.reading(f.ACCOUNT, f.REGION).workspace(
        {"host": outside.rest, "token_ref": "BRICKS"}
    )
    there._server.call("POST", "/api/2.0/instance-profiles/add", {"instance_profile_arn": other})
    grant = granted(lake, peopled, "lake")
    seen(lake, grant)
    over(lake, peopled, grant)
    assert held(outside)["profiles"] == [other]


def test_a_user_the_workspace_does_not_know_waits_with_a_reason(lake, peopled, outside):
    config = {**LAKE, "workspace": "bricks", "group": "Nobody’s".replace("’", " ")}
    f.ruled(peopled, "entitlement", "lake", config=config)
    grant = granted(lake, peopled, "lake")
    target = told(lake, TargetKind.INSTANCE_PROFILE_USERS)
    assert "knows no Nobody s" in target.outcome_text
    grant.refresh_from_db()
    assert grant.seen_at is None
    states = dict(Delivery.objects.values_list("target__kind", "state"))
    assert states[TargetKind.INSTANCE_PROFILES] == Delivery.State.SEEN


def test_a_host_that_is_not_allowed_never_hears_the_token(lake, peopled, outside, settings):
    f.ruled(peopled, "entitlement", "lake", config={**LAKE, "workspace": "bricks"})
    grant = granted(lake, peopled, "lake")
    before = held(outside)["requests"]
    settings.OUTSIDE_HOSTS = []
    target = told(lake, TargetKind.INSTANCE_PROFILES)
    assert "OUTSIDE_HOSTS (GH-247)" in target.outcome_text
    grant.refresh_from_db()
    assert grant.seen_at is None
    assert held(outside)["requests"] == before


def test_a_shared_identity_needs_a_group(lake, peopled, outside):
    shared = f.shared(peopled, peopled.ana, owner=peopled.olu, name="people/ben")
    config = {**LAKE, "workspace": "bricks"}
    f.ruled(peopled, "entitlement", "lake", config=config)
    with pytest.raises(Refused, match="names a “group”"):
        f.asked_as(peopled, peopled.ana, shared, "lake")


def encrypted(world, account=f.ACCOUNT):
    key = world.client("kms", account).create_key()["KeyMetadata"]["Arn"]
    Bucket.objects.update(kms_key_arn=key)
    return key


def grants_of(world, key):
    rows = world.client("kms").list_grants(KeyId=key)["Grants"]
    return {(one["GranteePrincipal"], tuple(one["Operations"])) for one in rows}


@pytest.mark.parametrize("access", ["read", "write"])
def test_the_buckets_key_lets_the_role_use_it_as_long_as_it_is_granted(lake, peopled, access):
    key = encrypted(lake)
    others = ("arn:aws:iam::111122223333:role/bob", ("Decrypt",))
    lake.client("kms").create_grant(
        KeyId=key, GranteePrincipal=others[0], Operations=list(others[1])
    )
    f.ruled(peopled, "entitlement", "lake", config={**LAKE, "access": access})
    other = lake.client("kms").create_key()["KeyMetadata"]["Arn"]
    asks = {  # (who, what, key): while it is granted
        (READER, "kms:Decrypt", key): True,
        (READER, "kms:GenerateDataKey", key): access == "write",
        (READER, "kms:CreateGrant", key): False,
        (READER, "kms:Decrypt", other): False,
        (ANA, "kms:Decrypt", key): False,
    }
    aws = Aws(lake.client, lake.auth_map)

    def answers():
        return {
            (who, what, on): aws.allows(Asked({"AWS": who}, what, on)) for who, what, on in asks
        }

    assert not any(answers().values())
    grant = granted(lake, peopled, "lake")
    seen(lake, grant)
    assert answers() == asks
    writing = ("GenerateDataKey",) if access == "write" else ()
    assert grants_of(lake, key) == {others, (READER, ("Decrypt", "DescribeKey", *writing))}
    over(lake, peopled, grant)
    assert not any(answers().values())
    assert grants_of(lake, key) == {others}


def test_a_key_of_an_account_nobody_here_knows_is_refused_by_its_owner(lake, peopled):
    encrypted(lake, "999988887777")
    with pytest.raises(BadTerms, match="999988887777"):
        KINDS["cross_account_s3"].check_config(LAKE)
