"""A bucket of another account: both sides, in order; ended from the caller's side first."""

import json

import pytest

from policies.kinds import KINDS, BadTerms
from policies.models import AwsAccount, Bucket, Delivery, ManagedRole, Target
from tests import factories as f
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted
from tests.journeys.test_other_account import trust as letting_in

OWNER = "444455556666"
READ, WRITE = (f"arn:aws:iam::{OWNER}:role/gatehouse-{name}" for name in ("read", "write"))
READER = f"arn:aws:iam::{OWNER}:role/lake-reader"
ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"


def lake_of_another(world):
    """The bucket and its role are another account's, each with what its owner said before."""
    account = f.account(OWNER, "Lake")
    AwsAccount.objects.filter(pk=OWNER).update(read_role_arn=READ, write_role_arn=WRITE)
    for name in ("gatehouse-read", "gatehouse-write"):
        entering = letting_in(account.external_id)
        iam = world.client("iam", OWNER)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=entering)
    Bucket.objects.update(account=OWNER)
    ManagedRole.objects.filter(slug="lake").update(account=OWNER, arn=READER)
    world.role(world.client("iam", OWNER), "lake-reader", "/")
    world.client("s3", OWNER).create_bucket(Bucket="data-lake")


@pytest.fixture
def lake(world, peopled):
    lake_of_another(world)
    return world


def trust(world):
    role = world.client("iam", OWNER).get_role(RoleName="lake-reader")["Role"]
    return role["AssumeRolePolicyDocument"]["Statement"]


def bucket_policy(world):
    client = world.client("s3", OWNER)
    try:
        return json.loads(client.get_bucket_policy(Bucket="data-lake")["Policy"])["Statement"]
    except client.exceptions.from_code("NoSuchBucketPolicy"):
        return []


def ours(world):
    return [text for name, text in world.policies("ana").items() if name.startswith("gatehouse-")]


def test_every_side_is_written_the_caller_last(lake, peopled):
    before = trust(lake)
    grant = granted(lake, peopled, "lake")
    lake.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None, Target.objects.values()
    *others, trusted = trust(lake)
    assert (others, trusted["Principal"]) == (before, {"AWS": [ANA]})
    [external] = trusted["Condition"]["StringEquals"]["sts:ExternalId"]
    assert external.startswith("gatehouse-")
    opened = {action: one for one in bucket_policy(lake) for action in one["Action"]}
    assert set(opened) == {"s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject"}
    assert opened["s3:GetObject"]["Resource"] == ["arn:aws:s3:::data-lake/sales/*"]
    assert opened["s3:ListBucket"]["Condition"] == {"StringLike": {"s3:prefix": ["sales/*"]}}
    [[mine]] = [one["Statement"] for one in ours(lake)]
    assert (mine["Action"], mine["Resource"]) == (["sts:AssumeRole"], [READER])
    order = Delivery.objects.order_by("seen_at").values_list("stage", flat=True)
    assert list(order) == [0, 0, 0, 0, 1]


def test_the_end_begins_with_the_caller_and_leaves_nothing(lake, peopled):
    before = trust(lake)
    grant = granted(lake, peopled, "lake")
    lake.settle()
    end(grant, peopled)
    lake.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None, Target.objects.values()
    assert (trust(lake), bucket_policy(lake), ours(lake)) == (before, [], [])
    order = Delivery.objects.order_by("released_at").values_list("stage", flat=True)
    assert list(order) == [1, 0, 0, 0, 0]


def test_two_callers_of_one_bucket_go_one_by_one(lake, peopled):
    first = granted(lake, peopled, "lake")
    ben = f.identity(peopled, "people/ben", peopled.ana)
    request = f.asked_as(peopled, peopled.ana, ben, "lake")
    lake.answer()
    f.approved(request, peopled.kim)
    lake.settle()
    assert len(bucket_policy(lake)) == 3
    end(first, peopled)
    lake.settle()
    assert len(bucket_policy(lake)) == 3
    assert [one["Principal"] for one in trust(lake)][1:] == [{"AWS": [ben.arn]}]


def test_a_bucket_with_a_key_is_refused_naming_its_owner(peopled):
    key = "arn:aws:kms:us-east-1:777788889999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    Bucket.objects.update(kms_key_arn=key)
    with pytest.raises(BadTerms, match="account 777788889999"):
        KINDS["cross_account_s3"].check_config(f.LAKE)
