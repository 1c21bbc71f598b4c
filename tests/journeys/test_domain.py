"""OpenSearch domains with fine-grained access control: who registers is mapped inside, too."""

import pytest

from policies.access.errors import Refused
from policies.models import Domain, Target, TargetKind
from tests import factories as f
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
THEIRS = {"backend_roles": ["arn:aws:iam::111122223333:role/bob"], "users": ["admin"], "hosts": []}


@pytest.fixture
def domain(world, peopled, outside):
    world.role(world.client("iam"), "lake-reader", "/")
    world.client("s3").create_bucket(Bucket="data-lake")
    Domain.objects.update(fine_grained=True, endpoint=outside.rest)
    return world


def mapping(outside):
    return outside.outside("state")["mappings"].get("manage_snapshots", {})


@pytest.mark.parametrize("before", [None, THEIRS], ids=["nobody yet", "others"])
def test_whoever_registers_holds_the_role_inside(domain, peopled, outside, before):
    outside.outside("mapping", before) if before else None
    theirs = (before or {}).get("backend_roles", [])
    grant = granted(domain, peopled, "snapshots")
    domain.settle(seconds=40)
    grant.refresh_from_db()
    assert grant.seen_at is not None, list(Target.objects.values("kind", "outcome_text"))
    assert mapping(outside)["backend_roles"] == [*theirs, ANA]
    end(grant, peopled)
    domain.settle(seconds=40)
    grant.refresh_from_db()
    assert grant.released_at is not None
    assert mapping(outside)["backend_roles"] == theirs
    assert mapping(outside)["users"] == (before or {}).get("users", [])


def test_without_the_right_inside_it_is_not_called_active(domain, peopled, outside):
    outside.outside("mapping", THEIRS)
    grant = granted(domain, peopled, "snapshots")
    outside.outside("faults", {"status": 403, "times": 99, "body": {"message": "no permissions"}})
    domain.settle(seconds=10)
    grant.refresh_from_db()
    assert grant.seen_at is None
    target = Target.objects.get(kind=TargetKind.DOMAIN_ROLES)
    assert "no permissions" in target.outcome_text
    outside.outside("reset", {})
    outside.outside("mapping", {**THEIRS, "backend_roles": [ANA]})  # somebody does it by hand
    Target.objects.update(next_look_at=f.due())
    domain.settle(seconds=20)
    grant.refresh_from_db()
    assert grant.seen_at is not None


def test_a_role_that_cannot_be_mapped_is_told_before_anybody_decides(domain, peopled, outside):
    outside.outside("mapping", {**THEIRS, "reserved": True})
    with pytest.raises(Refused, match="GH-246"):
        granted(domain, peopled, "snapshots")


def test_others_who_change_the_mapping_meanwhile_keep_their_change(domain, peopled, outside):
    outside.outside("mapping", THEIRS)
    granted(domain, peopled, "snapshots")
    outside.outside("faults", {"status": 500, "times": 1})
    domain.settle(seconds=40)
    assert set(mapping(outside)["backend_roles"]) == {*THEIRS["backend_roles"], ANA}
