"""Policies as values: what merges, what counts as there, what IAM may write another way."""

import json

import pytest

from policies.documents import iam

CLUSTER = "arn:aws:emr-containers:us-east-1:111122223333:/virtualclusters/v1"
SALES, OPS = (f"arn:aws:iam::111122223333:role/emr-exec-{name}" for name in ("sales", "ops"))
FOREIGN = {"Sid": "TeamOwn", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}


def jobs(*roles):
    return [one for role in roles for one in iam.job_statements(CLUSTER, role)]


def text(*roles):
    return iam.canonical(iam.document(jobs(*roles)))


def execution_roles(policy_text):
    return [
        role
        for one in json.loads(policy_text)["Statement"]
        for role in one.get("Condition", {})
        .get("ArnEquals", {})
        .get("emr-containers:ExecutionRoleArn", [])
    ]


def test_statements_that_differ_in_one_conditions_values_are_one_with_all_of_them():
    assert execution_roles(text(SALES, OPS)) == sorted([SALES, OPS])
    assert len(json.loads(text(SALES, OPS))["Statement"]) == len(jobs(SALES))


def test_the_order_of_the_grants_does_not_matter():
    assert text(SALES, OPS) == text(OPS, SALES)


def test_a_document_covers_what_it_holds_and_nothing_more():
    assert all(iam.covers(text(SALES, OPS), one) for one in jobs(OPS))
    assert not all(iam.covers(text(SALES), one) for one in jobs(OPS))
    assert not any(iam.covers(iam.canonical({"Statement": [FOREIGN]}), one) for one in jobs(OPS))


def test_canonical_text_keeps_every_statement():
    both = iam.canonical({"Statement": [FOREIGN, *jobs(SALES)]})
    sids = [one["Sid"] for one in json.loads(both)["Statement"]]
    assert sids == ["TeamOwn", *(one["Sid"] for one in jobs(SALES))]


@pytest.mark.parametrize("name", ["Action", "Resource"])
def test_a_bare_string_and_another_order_are_the_same(name):
    bare = iam.canonical({"Statement": [{**FOREIGN, name: "s3:Get*"}]})
    assert bare == iam.canonical({"Statement": [{**FOREIGN, name: ["s3:Get*"]}]})
    one, other = ({"Statement": [{**FOREIGN, name: names}]} for names in (["b", "a"], ["a", "b"]))
    assert iam.canonical(one) == iam.canonical(other)


def test_white_space_does_not_count_against_the_quota():
    assert iam.size('{ "a" :\n 1 }') == len('{"a":1}')
