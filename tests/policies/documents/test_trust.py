"""The trust that jobs of EMR on EKS need, compared with what aws-cli computes."""

import pytest

from policies.documents import shared, trust

# aws-cli: tests/unit/customizations/emrcontainers/test_base36.py
BASE36 = {
    "": "0",
    "abcdefghijkl": "2x6xx5ubcrus4bplmr0",
    "+=,.@-_": "3bu5b0xg4tb",
    "abcdefghijkl+=,.@-_": "1ll75jdngh5gbk11wbh7h35ji05wtb",
    "myrole": "16o0gwny3p",
}
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE"


def part(partition="aws", namespace="test"):
    return trust.job_pods(
        partition=partition,
        account="123456789012",
        issuer=ISSUER,
        namespace=namespace,
        role="myrole",
    )


@pytest.mark.parametrize(("name", "digits"), BASE36.items())
def test_a_role_s_name_in_base_36_is_as_aws_cli_has_it(name, digits):
    assert trust.base36(name) == digits


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_what_aws_cli_writes_is_recognised_as_giving_the_same(partition):
    theirs = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{partition}:iam::123456789012:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringLike": {
                f"{ISSUER}:sub": "system:serviceaccount:test:emr-containers-sa-*-*-123456789012-"
                "16o0gwny3p"
            }
        },
    }
    [text] = shared.state({"Statement": [theirs]}, "abcd1234").values()
    assert shared.covers(text, part(partition))
    assert not shared.covers(text, part(partition, "other"))


def test_the_audience_is_demanded_and_no_key_stands_twice():
    conditions = part()["conditions"]
    assert conditions["StringEquals"] == {f"{ISSUER}:aud": ["sts.amazonaws.com"]}
    keys = [key for keys in conditions.values() for key in keys]
    assert len(keys) == len(set(keys)) == 2
