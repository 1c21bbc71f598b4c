"""Every kind, judged from outside: denied before, allowed while granted, denied after its end."""

import pytest

from policies.models import Target
from tests import factories as f
from tests.evaluator import cases
from tests.evaluator.holds import Aws
from tests.journeys.test_crossing import OWNER, READER, lake_of_another
from tests.journeys.test_honesty import end
from tests.journeys.test_other_account import trust as letting_in
from tests.world import PORTFOLIO

PRODUCT = ("policies", "accounts", "portal")
VIRTUAL = "/virtualclusters/0b0qvauoy3ch1nqodxxxxxxxx"
STUDIO = "studio/es-0123456789ABCDEFGHIJKLMNO"
FACTS = {
    "account": f.ACCOUNT,
    "there": OWNER,
    "region": f.REGION,
    "issuer": f.ISSUER,
    "oidc": f"arn:aws:iam::{f.ACCOUNT}:oidc-provider/{f.ISSUER}",
    "vc": f"arn:aws:emr-containers:{f.REGION}:{f.ACCOUNT}:{VIRTUAL}",
    "ana36": "3suw1",  # “ana” in base 36, by aws-cli's rule
    "reader": READER,
    "keeper": f"arn:aws:iam::{f.ACCOUNT}:role/lake-reader",
    "bucket": "data-lake",
    "domain": f"arn:aws:es:{f.REGION}:{f.ACCOUNT}:domain/logs",
    "studio": f"arn:aws:elasticmapreduce:{f.REGION}:{f.ACCOUNT}:{STUDIO}",
    "portfolio": PORTFOLIO,
}


def strict_lake(world):
    """Its role trusts its own account alone: one that trusts ours needs no external id."""
    lake_of_another(world)
    entering = letting_in("of another").replace(f.ACCOUNT, OWNER)
    iam = world.client("iam", OWNER)
    iam.update_assume_role_policy(RoleName="lake-reader", PolicyDocument=entering)


def keeper_here(world):
    world.role(world.client("iam"), "lake-reader", "/")


ARRANGED = {"lake": strict_lake, "snapshots": keeper_here}


def external_id(world, case):
    """What the caller was told to send along, as the trust demands it."""
    if case.entitlement != "lake":
        return ""
    role = world.client("iam", OWNER).get_role(RoleName="lake-reader")["Role"]
    statement = role["AssumeRolePolicyDocument"]["Statement"][-1]
    told = statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId", ["–"])
    return told[0] if isinstance(told, list) else told


def answers(aws, case, facts):
    """{what was asked, in words: (the answer, what it should be while granted)}."""
    return {
        f"{number}: {one.why}": (aws.allows(one.asked), one.may)
        for number, one in enumerate(case.asks(facts))
    }


@pytest.mark.parametrize("path", cases.files(), ids=lambda path: path.stem)
def test_what_was_asked_is_allowed_and_its_near_misses_are_not(world, peopled, path):
    case = cases.read(path)
    ARRANGED.get(case.entitlement, lambda _world: None)(world)
    aws = Aws(world.client, world.auth_map)
    before = answers(aws, case, {**FACTS, "external": "not made yet"})
    assert not any(told for told, _may in before.values()), before
    request = f.asked(peopled, case.entitlement, **case.terms)
    world.answer()
    request.refresh_from_db()
    f.approved(request, peopled.kim)
    world.settle(seconds=30)
    grant = request.items.get().grant
    assert grant.seen_at is not None, Target.objects.values()
    facts = {**FACTS, "external": external_id(world, case)}
    wrong = {words: told for words, told in answers(aws, case, facts).items() if told[0] != told[1]}
    assert not wrong
    end(grant, peopled)
    world.settle(seconds=30)
    grant.refresh_from_db()
    assert grant.released_at is not None, Target.objects.values()
    after = answers(aws, case, facts)
    assert not any(told for told, _may in after.values()), after


def test_there_is_a_case_of_every_entitlement(company):
    asked = {cases.read(path).entitlement for path in cases.files()}
    assert asked == set(company.entitlements)


def test_every_case_asks_what_may_and_what_may_not_be():
    for path in cases.files():
        told = {one.may for one in cases.read(path).asks(FACTS)}
        assert told == {True, False}, path


def test_the_evaluator_imports_nothing_of_the_product():
    folder = cases.HERE.parent
    for path in folder.glob("*.py"):
        text = path.read_text()
        assert not any(f"{word} {name}" in text for word in ("from", "import") for name in PRODUCT)
