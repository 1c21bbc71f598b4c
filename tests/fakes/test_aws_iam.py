"""IAM and STS of the fake AWS, over HTTP with boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

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

PROTECTED = [
    ("AWSReservedSSO_Data_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/us-east-1/"),
    ("AWSServiceRoleForX", "/aws-service-role/x.amazonaws.com/"),
]


@pytest.mark.parametrize(("kind", "most"), [("role", 10_240), ("user", 2_048)])
def test_inline_policies_fit_together_up_to_the_quota_without_white_space(
    client: Clients, kind: str, most: int
) -> None:
    iam = client("iam")
    role(iam, "Holder") if kind == "role" else iam.create_user(UserName="Holder")
    put = getattr(iam, f"put_{kind}_policy")
    name = {f"{kind.title()}Name": "Holder"}
    put(**name, PolicyName="first", PolicyDocument=policy(1_000))
    put(**name, PolicyName="second", PolicyDocument=policy(most - 1_000))
    with pytest.raises(ClientError, match=f"{most} bytes exceeded for {kind} Holder") as caught:
        put(**name, PolicyName="second", PolicyDocument=policy(most - 999))
    assert refusal(caught.value) == ("LimitExceeded", 409)


def test_a_managed_policy_over_its_quota_is_refused(client: Clients) -> None:
    iam = client("iam")
    made = iam.create_policy(PolicyName="fits", PolicyDocument=policy(6_144))["Policy"]
    for too_long in (
        lambda: iam.create_policy(PolicyName="over", PolicyDocument=policy(6_145)),
        lambda: iam.create_policy_version(PolicyArn=made["Arn"], PolicyDocument=policy(6_145)),
    ):
        with pytest.raises(ClientError, match="PolicySize: 6144") as caught:
            too_long()
        assert refusal(caught.value) == ("LimitExceeded", 409)


def test_the_eleventh_attachment_is_refused_until_the_quota_is_raised(
    fake: FakeAWS, client: Clients
) -> None:
    iam = client("iam")
    role(iam)
    arns = [
        iam.create_policy(PolicyName=f"p{n}", PolicyDocument=policy())["Policy"]["Arn"]
        for n in range(11)
    ]
    for arn in [*arns[:10], arns[0]]:
        iam.attach_role_policy(RoleName="Engineer", PolicyArn=arn)
    with pytest.raises(ClientError, match="PoliciesPerRole: 10"):
        iam.attach_role_policy(RoleName="Engineer", PolicyArn=arns[10])
    order = {"account": MEMBER, "name": "AttachedPoliciesPerRoleQuota", "value": 11}
    fake.post("/_fake/limits", order)
    iam.attach_role_policy(RoleName="Engineer", PolicyArn=arns[10])
    summary = iam.get_account_summary()["SummaryMap"]
    assert summary["AttachedPoliciesPerRoleQuota"] == 11
    assert summary["RolePolicySizeQuota"] == 10_240


def test_a_trust_policy_over_its_quota_is_refused(client: Clients) -> None:
    iam = client("iam")
    role(iam)
    long = trust(ANYONE_IN_HUB, **{"sts:ExternalId": "x" * 2_048})
    with pytest.raises(ClientError, match="ACLSizePerRole: 2048") as caught:
        iam.update_assume_role_policy(RoleName="Engineer", PolicyDocument=long)
    assert refusal(caught.value) == ("LimitExceeded", 409)


@pytest.mark.parametrize(
    "stranger",
    [f"arn:aws:iam::{HUB}:role/nobody", "AROAEXAMPLEEXAMPLE12", "nonsense"],
)
def test_a_trust_policy_naming_nobody_is_malformed(client: Clients, stranger: str) -> None:
    iam = client("iam")
    role(iam)
    with pytest.raises(ClientError, match="Invalid principal in policy") as caught:
        iam.update_assume_role_policy(RoleName="Engineer", PolicyDocument=trust(stranger))
    assert refusal(caught.value) == ("MalformedPolicyDocument", 400)
    with pytest.raises(ClientError, match="Invalid principal in policy"):
        role(iam, "Other", trusted=trust(stranger))


def test_a_deleted_principal_stays_in_a_trust_policy_as_its_unique_id(client: Clients) -> None:
    iam, hub = client("iam"), client("iam", HUB)
    arn = role(hub, "Caller", path="/apps/")
    unique = hub.get_role(RoleName="Caller")["Role"]["RoleId"]
    role(iam, trusted=trust(arn, ANYONE_IN_HUB))

    def trusted() -> list[str]:
        document = iam.get_role(RoleName="Engineer")["Role"]["AssumeRolePolicyDocument"]
        return list(document["Statement"][0]["Principal"]["AWS"])

    assert trusted() == [arn, ANYONE_IN_HUB]
    hub.delete_role(RoleName="Caller")
    assert trusted() == [unique, ANYONE_IN_HUB]
    role(hub, "Caller", path="/apps/")
    assert trusted() == [unique, ANYONE_IN_HUB]


@pytest.mark.parametrize(("name", "path"), PROTECTED)
def test_roles_that_aws_manages_refuse_every_edit(client: Clients, name: str, path: str) -> None:
    iam = client("iam")
    role(iam, name, path)
    arn = iam.create_policy(PolicyName="p", PolicyDocument=policy())["Policy"]["Arn"]
    for edit in (
        lambda: iam.put_role_policy(RoleName=name, PolicyName="x", PolicyDocument=policy()),
        lambda: iam.delete_role_policy(RoleName=name, PolicyName="x"),
        lambda: iam.attach_role_policy(RoleName=name, PolicyArn=arn),
        lambda: iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust(ANYONE_IN_HUB)),
        lambda: iam.delete_role(RoleName=name),
    ):
        with pytest.raises(iam.exceptions.UnmodifiableEntityException, match=name):
            edit()
    assert iam.list_role_policies(RoleName=name)["PolicyNames"] == []


def test_names_of_roles_and_users_are_unique_without_regard_to_case(client: Clients) -> None:
    iam = client("iam")
    role(iam, "Engineer")
    iam.create_user(UserName="ana")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        role(iam, "ENGINEER")
    with pytest.raises(iam.exceptions.EntityAlreadyExistsException):
        iam.create_user(UserName="Ana")


def assume(sts: Any, arn: str, **more: str) -> Any:
    return sts.assume_role(RoleArn=arn, RoleSessionName="P-7F3K9", **more)


def keys(credentials: dict[str, str]) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def test_an_assumed_role_acts_in_its_own_account(client: Clients) -> None:
    arn = role(client("iam"), "Portal", trusted=trust(ANYONE_IN_HUB))
    session = keys(assume(client("sts", HUB), arn)["Credentials"])
    identity = client("sts", **session).get_caller_identity()
    assert identity["Account"] == MEMBER
    assert identity["Arn"] == f"arn:aws:sts::{MEMBER}:assumed-role/Portal/P-7F3K9"
    assert [one["RoleName"] for one in client("iam", **session).list_roles()["Roles"]] == ["Portal"]
    assert client("iam", HUB).list_roles()["Roles"] == []


def test_a_role_that_does_not_exist_cannot_be_assumed(client: Clients) -> None:
    with pytest.raises(ClientError, match="not authorized to perform: sts:AssumeRole") as caught:
        assume(client("sts", HUB), f"arn:aws:iam::{MEMBER}:role/nobody")
    assert refusal(caught.value) == ("AccessDenied", 403)


def test_the_external_id_must_be_given_and_right(client: Clients) -> None:
    document = trust(ANYONE_IN_HUB, **{"sts:ExternalId": "portal-7f0c"})
    arn, sts = role(client("iam"), trusted=document), client("sts", HUB)
    for wrong in ({}, {"ExternalId": "portal-7F0C"}):
        with pytest.raises(ClientError) as caught:
            assume(sts, arn, **wrong)
        assert refusal(caught.value) == ("AccessDenied", 403)
    assert assume(sts, arn, ExternalId="portal-7f0c")["Credentials"]["AccessKeyId"]


def test_only_the_role_that_is_trusted_may_assume(client: Clients) -> None:
    hub_iam, hub_sts = client("iam", HUB), client("sts", HUB)
    hub, other = role(hub_iam, "Hub"), role(hub_iam, "Other")
    arn = role(client("iam"), trusted=trust(hub))
    as_hub = client("sts", **keys(assume(hub_sts, hub)["Credentials"]))
    as_other = client("sts", **keys(assume(hub_sts, other)["Credentials"]))
    assert assume(as_hub, arn)["AssumedRoleUser"]["Arn"].endswith("/Engineer/P-7F3K9")
    for stranger in (as_other, hub_sts):
        with pytest.raises(ClientError) as caught:
            assume(stranger, arn)
        assert refusal(caught.value) == ("AccessDenied", 403)


def test_trusting_an_account_admits_no_other_account(client: Clients) -> None:
    arn = role(client("iam"), trusted=trust(ANYONE_IN_HUB))
    for stranger in (client("sts", MEMBER), client("sts", "333333333333")):
        with pytest.raises(ClientError) as caught:
            assume(stranger, arn)
        assert refusal(caught.value) == ("AccessDenied", 403)


def test_an_unknown_condition_admits_nobody_and_a_deny_wins(client: Clients) -> None:
    iam, sts = client("iam"), client("sts", HUB)
    arn = role(iam, trusted=trust(ANYONE_IN_HUB, **{"aws:PrincipalOrgID": "o-1"}))
    with pytest.raises(ClientError):
        assume(sts, arn)
    document = json.loads(trust(ANYONE_IN_HUB))
    document["Statement"].append(document["Statement"][0] | {"Effect": "Deny"})
    iam.update_assume_role_policy(RoleName="Engineer", PolicyDocument=json.dumps(document))
    with pytest.raises(ClientError):
        assume(sts, arn)


def test_temporary_keys_that_were_never_issued_are_refused(client: Clients) -> None:
    forged = {
        "aws_access_key_id": "ASIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key": "x",
        "aws_session_token": "x",
    }
    with pytest.raises(ClientError) as caught:
        client("iam", **forged).list_roles()
    assert refusal(caught.value) == ("InvalidClientTokenId", 403)
