"""Another AWS account: entered by AssumeRole, with the external id we generated and no other."""

import json

import pytest

from policies import clients
from policies.access import decisions, identities, rulebook, rules
from policies.access.requests import Wish, ask
from policies.models import AwsAccount, Entitlement, Grant, Portfolio, Target
from tests import factories as f

OTHER = "222233334444"
READ, WRITE = (f"arn:aws:iam::{OTHER}:role/gatehouse-{name}" for name in ("read", "write"))
PRINCIPAL = f"arn:aws:iam::{OTHER}:role/ana"


def trust(external_id: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{f.ACCOUNT}:root"},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
                }
            ],
        }
    )


@pytest.fixture
def other(world, peopled):
    """The other account with both roles, a portfolio, and Ana's identity there."""
    account = f.account(OTHER, "Bucket owners")
    AwsAccount.objects.filter(pk=OTHER).update(read_role_arn=READ, write_role_arn=WRITE)
    iam = world.client("iam", OTHER)
    for name in ("gatehouse-read", "gatehouse-write", "ana"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(account.external_id))
    world.fake.post(
        "/_fake/portfolios",
        {"account": OTHER, "region": f.REGION, "id": "port-other00000000", "name": "Other"},
    )
    Portfolio.objects.create(
        slug="other",
        name="Other templates",
        account=account,
        region=f.REGION,
        portfolio_id="port-other00000000",
    )
    return account


def granted_there(world, company) -> Grant:
    principal = identities.register(
        PRINCIPAL, by=f.acting(company.ada), now=f.now(), person=company.ana
    )
    identities.confirm(principal, by=f.acting(company.bo), now=f.now())
    rule = {
        **rules_of("templates"),
        "name": "Other templates",
        "config": {"portfolio": "other"},
    }
    proposal = rules.propose(
        "entitlement", "other", rule, by=f.acting(company.ada), reason="second account"
    )
    rules.accept(proposal, by=f.acting(company.bo))
    request = ask(
        [Wish(Entitlement.objects.get(slug="other"), principal)],
        by=f.acting(company.ana),
        person=company.ana,
        reason="their data",
        days=5,
        now=f.now(),
    )
    world.answer()
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    return Grant.objects.get(item__request=request)


def rules_of(slug: str) -> dict:
    return rulebook.SUBJECTS["entitlement"].current(slug)


def held(world) -> list[str]:
    found = world.client("servicecatalog", OTHER).list_principals_for_portfolio(
        PortfolioId="port-other00000000"
    )
    return [one["PrincipalARN"] for one in found["Principals"]]


def test_a_grant_in_another_account_is_written_by_its_write_role(world, peopled, other):
    grant = granted_there(world, peopled)
    world.settle()
    grant.refresh_from_db()
    assert (grant.seen_at is not None, held(world)) == (True, [PRINCIPAL])
    plan = Target.objects.get().plans.get()
    sessions = {
        call["session"]
        for call in world.fake.get("/_fake/calls")["calls"]
        if (call["operation"], call["account"]) == ("AssociatePrincipalWithPortfolio", OTHER)
    }
    assert sessions == {plan.ref}


def test_without_the_external_id_the_account_stays_closed(world, peopled, other):
    granted_there(world, peopled)
    AwsAccount.objects.filter(pk=OTHER).update(external_id="guessed-external-id")
    clients.forget_sessions()
    world.settle_once()
    assert Target.objects.get().outcome == "denied"
    assert held(world) == []
