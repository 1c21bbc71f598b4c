"""A snapshot repository: what the domain's role and the person who registers it need."""

import pytest

from policies.models import Delivery, Target
from tests import factories as f
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted

DOMAIN = f"arn:aws:es:{f.REGION}:{f.ACCOUNT}:domain/logs"
ROLE = f"arn:aws:iam::{f.ACCOUNT}:role/lake-reader"


@pytest.fixture
def domain(world, peopled):
    world.role(world.client("iam"), "lake-reader", "/")
    return world


def ours(world, role):
    """{action: statement} of our policies."""
    return {
        action: one
        for name, document in world.policies(role).items()
        if name.startswith("gatehouse-")
        for one in document["Statement"]
        for action in one["Action"]
    }


def test_the_role_first_and_the_person_last_and_the_other_way_round_at_the_end(domain, peopled):
    before = domain.trust("lake-reader")
    grant = granted(domain, peopled, "snapshots")
    domain.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None, Target.objects.values()
    *others, trusted = domain.trust("lake-reader")
    assert others == before
    assert trusted["Condition"] == {
        "StringEquals": {"aws:SourceAccount": [f.ACCOUNT]},
        "ArnLike": {"aws:SourceArn": [DOMAIN]},
    }
    role, person = ours(domain, "lake-reader"), ours(domain, "ana")
    assert role["s3:PutObject"]["Resource"] == ["arn:aws:s3:::data-lake/*"]
    assert set(person) == {"iam:PassRole", "es:ESHttpPut", "es:ESHttpGet"}
    assert person["iam:PassRole"]["Resource"] == [ROLE]
    assert "es.amazonaws.com" in str(person["iam:PassRole"]["Condition"]["StringEquals"])
    assert person["es:ESHttpPut"]["Resource"] == [f"{DOMAIN}/_snapshot/*"]
    end(grant, peopled)
    domain.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None, Target.objects.values()
    assert (domain.trust("lake-reader"), ours(domain, "lake-reader")) == (before, {})
    assert ours(domain, "ana") == {}
    stages = Delivery.objects.order_by("released_at", "-stage").values_list("stage", flat=True)
    assert list(stages) == [1, 1, 0, 0, 0]
