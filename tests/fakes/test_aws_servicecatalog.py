"""Service Catalog of the fake AWS, over HTTP with boto3."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.aws_samples import HUB, MEMBER, Clients, refusal, role
from tests.fakes.process import FakeAWS

REGION = "us-east-1"


@pytest.fixture
def portfolio(fake: FakeAWS) -> str:
    order = {"account": MEMBER, "region": REGION, "name": "Spark clusters"}
    return str(fake.post("/_fake/portfolios", order)["id"])


def pair(portfolio: str, arn: str, kind: str = "IAM") -> dict[str, str]:
    return {"PortfolioId": portfolio, "PrincipalARN": arn, "PrincipalType": kind}


def listed(sc: Any, portfolio: str, size: int = 20) -> list[str]:
    pages = sc.get_paginator("list_principals_for_portfolio").paginate(
        PortfolioId=portfolio, PaginationConfig={"PageSize": size}
    )
    return [one["PrincipalARN"] for page in pages for one in page["Principals"]]


def test_an_association_shows_in_the_list_until_it_is_taken_back(
    client: Clients, portfolio: str
) -> None:
    sc, arn = client("servicecatalog"), role(client("iam"), path="/Team/")
    sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    assert listed(sc, portfolio) == [arn]
    sc.disassociate_principal_from_portfolio(**pair(portfolio, arn))
    assert listed(sc, portfolio) == []


def test_associating_twice_is_one_association(client: Clients, portfolio: str) -> None:
    sc, arn = client("servicecatalog"), role(client("iam"))
    sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    assert listed(sc, portfolio) == [arn]


def test_a_list_is_paged_by_at_most_twenty_without_loss(client: Clients, portfolio: str) -> None:
    sc, iam = client("servicecatalog"), client("iam")
    arns = sorted(role(iam, f"role-{n}") for n in range(23))
    for arn in arns:
        sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    assert listed(sc, portfolio) == arns
    assert listed(sc, portfolio, size=7) == arns
    with pytest.raises(ClientError) as caught:
        sc.list_principals_for_portfolio(PortfolioId=portfolio, PageSize=21)
    assert refusal(caught.value) == ("InvalidParametersException", 400)


@pytest.mark.parametrize("account", [MEMBER, HUB])
def test_a_principal_that_is_not_in_the_account_is_refused(
    client: Clients, portfolio: str, account: str
) -> None:
    arn = role(client("iam", HUB)) if account == HUB else f"arn:aws:iam::{MEMBER}:role/nobody"
    with pytest.raises(ClientError, match="profile does not exist") as caught:
        client("servicecatalog").associate_principal_with_portfolio(**pair(portfolio, arn))
    assert refusal(caught.value) == ("InvalidParametersException", 400)


def test_the_path_of_a_role_is_part_of_its_arn(client: Clients, portfolio: str) -> None:
    role(client("iam"), "Engineer", path="/Team/")
    arn = f"arn:aws:iam::{MEMBER}:role/Engineer"
    with pytest.raises(ClientError, match="profile does not exist"):
        client("servicecatalog").associate_principal_with_portfolio(**pair(portfolio, arn))


def test_taking_back_what_is_not_there_or_of_another_type_is_not_found(
    client: Clients, portfolio: str
) -> None:
    sc, arn = client("servicecatalog"), role(client("iam"))
    sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    for absent in (pair(portfolio, arn, "IAM_PATTERN"), pair(portfolio, arn + "x")):
        with pytest.raises(sc.exceptions.ResourceNotFoundException):
            sc.disassociate_principal_from_portfolio(**absent)
    assert listed(sc, portfolio) == [arn]


def test_a_portfolio_takes_as_many_principals_as_its_quota(
    fake: FakeAWS, client: Clients, portfolio: str
) -> None:
    sc, iam = client("servicecatalog"), client("iam")
    for n in range(101):
        arn = role(iam, f"role-{n}")
        if n < 100:
            sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    with pytest.raises(ClientError) as caught:
        sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    assert refusal(caught.value) == ("LimitExceededException", 400)
    fake.post("/_fake/limits", {"name": "PrincipalsPerPortfolio", "value": 101})
    sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    assert len(listed(sc, portfolio)) == 101


def test_ten_patterns_fit_and_the_eleventh_does_not(client: Clients, portfolio: str) -> None:
    sc = client("servicecatalog")
    patterns = [f"arn:aws:iam:::role/team-{n}/*" for n in range(11)]
    for arn in patterns[:10]:
        sc.associate_principal_with_portfolio(**pair(portfolio, arn, "IAM_PATTERN"))
    with pytest.raises(ClientError) as caught:
        sc.associate_principal_with_portfolio(**pair(portfolio, patterns[10], "IAM_PATTERN"))
    assert refusal(caught.value) == ("LimitExceededException", 400)


@pytest.mark.parametrize(
    ("arn", "kind"),
    [(f"arn:aws:iam::{MEMBER}:role/x", "BANANA"), (f"arn:aws:iam::{MEMBER}:role/*", "IAM_PATTERN")],
)
def test_an_unknown_type_or_a_pattern_with_an_account_is_refused(
    client: Clients, portfolio: str, arn: str, kind: str
) -> None:
    with pytest.raises(ClientError) as caught:
        client("servicecatalog").associate_principal_with_portfolio(**pair(portfolio, arn, kind))
    assert refusal(caught.value) == ("InvalidParametersException", 400)


def test_portfolios_get_ids_as_aws_gives_them_or_the_wanted_one(
    fake: FakeAWS, client: Clients
) -> None:
    sc = client("servicecatalog")
    made = sc.create_portfolio(DisplayName="a", ProviderName="b")["PortfolioDetail"]
    assert made["Id"].startswith("port-")
    assert made["ARN"].endswith(made["Id"])
    order = {"account": MEMBER, "region": REGION, "name": "c", "id": "port-abcdefghijk12"}
    assert fake.post("/_fake/portfolios", order) == {"id": "port-abcdefghijk12"}
    ids = {one["Id"] for one in sc.list_portfolios()["PortfolioDetails"]}
    assert ids == {made["Id"], "port-abcdefghijk12"}


def test_an_absent_portfolio_is_not_found_by_any_operation(client: Clients) -> None:
    sc, absent = client("servicecatalog"), "port-aaaaaaaaaaaaa"
    arn = f"arn:aws:iam::{MEMBER}:role/x"
    for call in (
        lambda: sc.describe_portfolio(Id=absent),
        lambda: sc.list_principals_for_portfolio(PortfolioId=absent),
        lambda: sc.associate_principal_with_portfolio(**pair(absent, arn)),
        lambda: sc.disassociate_principal_from_portfolio(**pair(absent, arn)),
    ):
        with pytest.raises(sc.exceptions.ResourceNotFoundException):
            call()


def test_a_portfolio_with_principals_cannot_be_deleted(client: Clients, portfolio: str) -> None:
    sc, arn = client("servicecatalog"), role(client("iam"))
    sc.associate_principal_with_portfolio(**pair(portfolio, arn))
    with pytest.raises(sc.exceptions.ResourceInUseException):
        sc.delete_portfolio(Id=portfolio)
    sc.disassociate_principal_from_portfolio(**pair(portfolio, arn))
    sc.delete_portfolio(Id=portfolio)
    assert sc.list_portfolios()["PortfolioDetails"] == []


def test_portfolios_of_two_accounts_and_regions_are_apart(
    fake: FakeAWS, client: Clients, portfolio: str
) -> None:
    hub = client("servicecatalog", HUB)
    assert hub.list_portfolios()["PortfolioDetails"] == []
    fake.post("/_fake/portfolios", {"account": HUB, "region": "eu-west-1", "name": "x"})
    assert hub.list_portfolios()["PortfolioDetails"] == []
