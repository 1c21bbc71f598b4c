"""Faults, lag and the journal of the fake AWS, over HTTP with boto3."""

import contextlib
import time
import urllib.error
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from tests.fakes import process
from tests.fakes.aws_samples import (
    ANYONE_IN_HUB,
    HUB,
    MEMBER,
    Clients,
    policy,
    refusal,
    role,
    trust,
)
from tests.fakes.process import FakeAWS

LONG = 600


def put(iam: Any, name: str = "gatehouse", action: str = "s3:GetObject") -> None:
    iam.put_role_policy(RoleName="Engineer", PolicyName=name, PolicyDocument=policy(action=action))


def names(iam: Any) -> list[str]:
    return list(iam.list_role_policies(RoleName="Engineer")["PolicyNames"])


@pytest.mark.parametrize(
    ("service", "call", "code", "status"),
    [
        ("iam", "list_roles", "Throttling", 400),
        ("sts", "get_caller_identity", "Throttling", 400),
        ("servicecatalog", "list_portfolios", "ThrottlingException", 400),
        ("eks", "list_clusters", "ThrottlingException", 400),
        ("emr-containers", "list_virtual_clusters", "ThrottlingException", 400),
    ],
)
def test_a_throttle_speaks_the_protocol_of_its_service(
    fake: FakeAWS, client: Clients, service: str, call: str, code: str, status: int
) -> None:
    fake.post("/_fake/faults", {"service": service, "kind": "throttle"})
    caller = getattr(client(service), call)
    with pytest.raises(ClientError) as caught:
        caller()
    assert refusal(caught.value) == (code, status)
    assert caller()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_fault_meets_its_operation_and_account_alone_and_so_many_times(
    fake: FakeAWS, client: Clients
) -> None:
    order = {"service": "iam", "operation": "ListUsers", "account": MEMBER, "kind": "throttle"}
    fake.post("/_fake/faults", order | {"times": 2})
    iam, hub = client("iam"), client("iam", HUB)
    iam.list_roles()
    hub.list_users()
    for _ in range(2):
        with pytest.raises(ClientError, match="Throttling"):
            iam.list_users()
    iam.list_users()
    assert fake.get("/_fake/faults") == {"faults": []}


def test_a_chosen_error_keeps_its_code_status_and_text(fake: FakeAWS, client: Clients) -> None:
    order = {"service": "eks", "kind": "error", "code": "ServerException", "status": 500}
    fake.post("/_fake/faults", order | {"message": "Out of order"})
    with pytest.raises(ClientError, match="Out of order") as caught:
        client("eks").list_clusters()
    assert refusal(caught.value) == ("ServerException", 500)


@pytest.mark.parametrize(
    ("service", "call", "answer"),
    [
        ("iam", "list_roles", ("AccessDenied", 403)),
        ("servicecatalog", "list_portfolios", ("AccessDeniedException", 400)),
    ],
)
def test_a_denial_names_the_action(
    fake: FakeAWS, client: Clients, service: str, call: str, answer: tuple[str, int]
) -> None:
    fake.post("/_fake/faults", {"service": service, "kind": "deny"})
    with pytest.raises(ClientError, match=f"not authorized to perform: {service}:List") as caught:
        getattr(client(service), call)()
    assert refusal(caught.value) == answer


@pytest.mark.parametrize(("kind", "applied"), [("lose", ["gatehouse"]), ("drop", [])])
def test_a_lost_answer_was_applied_and_a_dropped_call_was_not(
    fake: FakeAWS, client: Clients, kind: str, applied: list[str]
) -> None:
    iam = client("iam")
    role(iam)
    fake.post("/_fake/faults", {"service": "iam", "operation": "PutRolePolicy", "kind": kind})
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        put(iam)
    assert names(iam) == applied
    call = next(
        one for one in fake.get("/_fake/calls")["calls"] if one["operation"] == "PutRolePolicy"
    )
    assert (call["fault"], call["status"]) == (kind, 0)


def test_a_slow_call_waits_and_then_succeeds(fake: FakeAWS, client: Clients) -> None:
    iam = client("iam")
    fake.post("/_fake/faults", {"service": "iam", "kind": "slow", "seconds": 0.2})
    iam.list_roles()
    iam.list_roles()
    slow, quick = fake.get("/_fake/calls")["calls"]
    assert slow["seconds"] >= 0.2
    assert (slow["fault"], quick["fault"]) == ("slow", "")


def test_a_rate_lets_its_burst_pass_and_throttles_what_comes_faster(
    fake: FakeAWS, client: Clients
) -> None:
    iam, hub = client("iam"), client("iam", HUB)
    role(iam)
    order = {"service": "iam", "kind": "rate", "on": "write", "per_second": 0.01, "burst": 2}
    fake.post("/_fake/faults", order)
    put(iam)
    put(iam)
    with pytest.raises(ClientError, match="Throttling"):
        put(iam)
    assert names(iam) == ["gatehouse"]
    role(hub)
    assert [fault["kind"] for fault in fake.get("/_fake/faults")["faults"]] == ["rate"]


def test_a_latency_is_drawn_anew_for_each_call(fake: FakeAWS, client: Clients) -> None:
    order = {"service": "iam", "kind": "slow", "seconds": 0.05, "up_to": 0.2, "times": None}
    iam = client("iam")
    fake.post("/_fake/faults", order)
    for _ in range(4):
        iam.list_roles()
    waits = [call["seconds"] for call in fake.get("/_fake/calls")["calls"]]
    assert min(waits) >= 0.05
    assert len(set(waits)) > 1


@pytest.mark.parametrize(
    "order",
    [
        {"service": "iam", "kind": "explode"},
        {"kind": "throttle"},
        {"service": "iam", "kind": "error"},
        {"service": "iam", "kind": "throttle", "often": 3},
        {"service": "s3", "kind": "stale", "seconds": 1},
        {"service": "iam", "kind": "rate"},
        {"service": "iam", "kind": "slow", "seconds": 1, "on": "both"},
    ],
)
def test_a_wrong_order_is_refused_with_the_reason(fake: FakeAWS, order: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="error") as caught:
        fake.post("/_fake/faults", order)
    assert caught.value.code == 400
    assert fake.get("/_fake/faults") == {"faults": []}


def test_stale_reads_of_iam_show_the_state_before_the_write(fake: FakeAWS, client: Clients) -> None:
    iam = client("iam")
    role(iam)
    iam.create_user(UserName="ana")
    put(iam)
    fake.post("/_fake/faults", {"service": "iam", "kind": "stale", "seconds": LONG})
    put(iam, action="s3:PutObject")
    put(iam, "another")
    iam.update_assume_role_policy(RoleName="Engineer", PolicyDocument=trust(HUB))
    iam.put_user_policy(UserName="ana", PolicyName="x", PolicyDocument=policy())

    def seen() -> tuple[str, list[str], list[str], list[str]]:
        document = iam.get_role_policy(RoleName="Engineer", PolicyName="gatehouse")
        held = iam.get_role(RoleName="Engineer")["Role"]["AssumeRolePolicyDocument"]
        return (
            document["PolicyDocument"]["Statement"][0]["Action"],
            names(iam),
            held["Statement"][0]["Principal"]["AWS"],
            iam.list_user_policies(UserName="ana")["PolicyNames"],
        )

    assert seen() == ("s3:GetObject", ["gatehouse"], [ANYONE_IN_HUB], [])
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user_policy(UserName="ana", PolicyName="x")
    fake.delete("/_fake/faults")
    assert seen() == ("s3:PutObject", ["gatehouse", "another"], [HUB], ["x"])


def test_a_write_is_judged_by_the_truth_however_stale_the_reads_are(
    fake: FakeAWS, client: Clients
) -> None:
    iam = client("iam")
    role(iam)
    fake.post("/_fake/faults", {"service": "iam", "kind": "stale", "seconds": LONG})
    put(iam)
    assert names(iam) == []
    iam.delete_role_policy(RoleName="Engineer", PolicyName="gatehouse")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.delete_role_policy(RoleName="Engineer", PolicyName="gatehouse")


def test_a_lagging_read_catches_up_write_by_write(fake: FakeAWS, client: Clients) -> None:
    iam = client("iam")
    role(iam)
    fake.post("/_fake/faults", {"service": "iam", "kind": "stale", "seconds": 0.6})
    put(iam, "first")
    time.sleep(0.4)
    put(iam, "second")
    # After each write's lag has passed its effect must show; before, what shows may be older.
    time.sleep(0.3)
    assert names(iam) in (["first"], ["first", "second"])
    time.sleep(0.6)
    assert names(iam) == ["first", "second"]


def test_the_lag_is_multiplied_by_pace() -> None:
    with process.start(pace=0.0) as quick:
        iam = boto3.client(
            "iam", region_name="us-east-1", endpoint_url=quick.aws, **quick.credentials(MEMBER)
        )
        role(iam)
        quick.post("/_fake/faults", {"service": "iam", "kind": "stale", "seconds": LONG})
        put(iam)
        assert names(iam) == ["gatehouse"]


def test_stale_lists_of_a_portfolio_show_the_principals_of_before(
    fake: FakeAWS, client: Clients
) -> None:
    sc, arn = client("servicecatalog"), role(client("iam"))
    order = {"account": MEMBER, "region": "us-east-1", "name": "x"}
    portfolio = fake.post("/_fake/portfolios", order)["id"]
    fake.post("/_fake/faults", {"service": "servicecatalog", "kind": "stale", "seconds": LONG})
    pair = {"PortfolioId": portfolio, "PrincipalARN": arn, "PrincipalType": "IAM"}
    sc.associate_principal_with_portfolio(**pair)
    assert sc.list_principals_for_portfolio(PortfolioId=portfolio)["Principals"] == []
    fake.delete("/_fake/faults")
    held = sc.list_principals_for_portfolio(PortfolioId=portfolio)["Principals"]
    assert [one["PrincipalARN"] for one in held] == [arn]


def test_a_role_that_iam_does_not_yet_show_has_no_profile_for_service_catalog(
    fake: FakeAWS, client: Clients
) -> None:
    order = {"account": MEMBER, "region": "us-east-1", "name": "x"}
    portfolio = fake.post("/_fake/portfolios", order)["id"]
    fake.post("/_fake/faults", {"service": "iam", "kind": "stale", "seconds": LONG})
    pair = {"PortfolioId": portfolio, "PrincipalARN": role(client("iam")), "PrincipalType": "IAM"}
    with pytest.raises(ClientError, match="profile does not exist"):
        client("servicecatalog").associate_principal_with_portfolio(**pair)
    fake.delete("/_fake/faults")
    client("servicecatalog").associate_principal_with_portfolio(**pair)


def test_the_journal_tells_each_call_its_account_session_and_error(
    fake: FakeAWS, client: Clients
) -> None:
    arn = role(client("iam"))
    issued = client("sts", HUB).assume_role(RoleArn=arn, RoleSessionName="P-7F3K9")["Credentials"]
    fake.delete("/_fake/calls")
    session = client(
        "iam",
        aws_access_key_id=issued["AccessKeyId"],
        aws_secret_access_key=issued["SecretAccessKey"],
        aws_session_token=issued["SessionToken"],
    )
    with pytest.raises(session.exceptions.NoSuchEntityException):
        session.get_role(RoleName="nobody")
    client("servicecatalog", HUB).list_portfolios()
    first, second = fake.get("/_fake/calls")["calls"]
    assert (first["n"], first["account"], first["service"]) == (1, MEMBER, "iam")
    assert (first["operation"], first["error"], first["status"]) == ("GetRole", "NoSuchEntity", 404)
    assert (first["role"], first["session"]) == (arn, "P-7F3K9")
    assert (second["account"], second["operation"]) == (HUB, "ListPortfolios")
    assert (second["error"], second["session"]) == ("", "")
    assert fake.get("/_fake/calls?since=1") == {"calls": [second], "next": 2}


def test_a_reset_empties_everything(fake: FakeAWS, client: Clients) -> None:
    role(client("iam"))
    fake.post("/_fake/faults", {"service": "iam", "kind": "throttle"})
    fake.post("/_fake/limits", {"name": "PrincipalsPerPortfolio", "value": 1})
    fake.reset()
    assert fake.get("/_fake/faults") == {"faults": []}
    assert fake.get("/_fake/calls") == {"calls": [], "next": 0}
    assert fake.get("/_fake/limits")["limits"]["PrincipalsPerPortfolio"] == 100
    assert client("iam").list_roles()["Roles"] == []


@pytest.mark.parametrize(
    ("service", "call"),
    [("servicecatalog", "search_products"), ("iam", "get_service_last_accessed_details")],
)
def test_what_the_fake_lacks_says_so_at_once(client: Clients, service: str, call: str) -> None:
    arguments = {"JobId": "x" * 36} if service == "iam" else {}
    with pytest.raises(ClientError) as caught:
        getattr(client(service), call)(**arguments)
    assert refusal(caught.value) == ("NotInTheFake", 501)


def test_a_share_of_calls_meets_a_fault_the_same_one_for_the_same_seed(
    fake: FakeAWS, client: Clients
) -> None:
    order = {"service": "iam", "kind": "throttle", "times": None, "share": 0.3, "seed": 7}

    def thrown() -> list[str]:
        fake.delete("/_fake/faults")
        fake.post("/_fake/faults", order)
        first = fake.get("/_fake/calls")["next"]
        for _ in range(60):
            with contextlib.suppress(ClientError):
                iam.list_users()
        return [one["fault"] for one in fake.get(f"/_fake/calls?since={first}")["calls"]]

    iam = client("iam")
    dice = thrown()
    assert 5 < dice.count("throttle") < 35
    assert thrown() == dice
    assert {call["fault"] for call in fake.get("/_fake/calls")["calls"]} == {"", "throttle"}


def test_a_fault_spares_the_keys_it_is_told_to(fake: FakeAWS, client: Clients) -> None:
    others = fake.credentials(MEMBER)
    spares = [others["aws_access_key_id"]]
    fake.post(
        "/_fake/faults", {"service": "*", "kind": "throttle", "times": None, "spares": spares}
    )
    assert client("iam", **others).list_users()["Users"] == []
    with pytest.raises(ClientError, match="Rate exceeded"):
        client("iam").list_users()


def test_reads_lag_by_chance_and_say_so_in_the_journal(fake: FakeAWS, client: Clients) -> None:
    iam = client("iam")
    role(iam)
    order = {"service": "iam", "kind": "stale", "seconds": LONG, "times": None}
    fake.post("/_fake/faults", order | {"share": 0.5, "seed": 1})
    put(iam)
    seen = [bool(names(iam)) for _ in range(40)]
    calls = fake.get("/_fake/calls")["calls"]
    told = [one["fault"] == "" for one in calls if one["operation"] == "ListRolePolicies"]
    assert seen == told
    assert set(seen) == {True, False}
    assert all(one["fault"] == "" for one in calls if one["operation"] == "PutRolePolicy")


@pytest.mark.parametrize("share", [0, 1.5])
def test_a_share_that_is_no_chance_is_refused(fake: FakeAWS, share: float) -> None:
    with pytest.raises(urllib.error.HTTPError, match="share is a chance"):
        fake.post("/_fake/faults", {"service": "iam", "kind": "deny", "share": share})
