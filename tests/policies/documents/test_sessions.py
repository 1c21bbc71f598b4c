"""Whose sessions are whose, by what a role's trust policy demands."""

import pytest

from policies.documents import sessions

NAMES = ("ana.engineer@example.com", "ana.engineer", "E00001")
SOURCE = {"StringEquals": {"sts:SourceIdentity": "ana.engineer@example.com"}}
NAME = {"StringEquals": {"sts:RoleSessionName": ["ana.engineer"]}}
ROOT = {"AWS": "arn:aws:iam::111122223333:root"}


def trust(*conditions, action="sts:AssumeRole"):
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": ROOT, "Action": action, "Condition": one}
            for one in conditions
        ],
    }


def equals(key, *values):
    return {"StringEquals": {key: list(values)}}


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        (trust(SOURCE), {"aws:SourceIdentity": "ana.engineer@example.com"}),
        (trust(NAME), {"aws:userid": "AROA1:ana.engineer"}),
        (
            trust(SOURCE, action=["sts:SetSourceIdentity", "sts:AssumeRole"]),
            {"aws:SourceIdentity": "ana.engineer@example.com"},
        ),
        (
            trust(equals("STS:sourceidentity", "Ana.Engineer")),
            {"aws:SourceIdentity": "Ana.Engineer"},
        ),
        (
            trust(equals("sts:SourceIdentity", "ben", "ana.engineer")),
            {"aws:SourceIdentity": "ana.engineer"},
        ),
        (trust({}), None),
        (trust(SOURCE, {}), None),
        (trust(SOURCE, NAME), None),
        (trust(equals("sts:SourceIdentity", "ben")), None),
        (trust(equals("sts:SourceIdentity", "*")), None),
        (trust(equals("sts:RoleSessionName", "${aws:username}")), None),
        (trust({"StringLike": {"sts:SourceIdentity": "ana.engineer"}}), None),
        (trust(equals("sts:ExternalId", "ana.engineer")), None),
        ({"Statement": []}, None),
        ({}, None),
    ],
)
def test_only_a_trust_that_demands_it_tells_one_person_from_the_others(policy, found):
    assert sessions.of_person(policy, NAMES, "AROA1") == found


def test_a_statement_that_lets_nobody_in_does_not_count():
    denied = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    tagging = {"Effect": "Allow", "Principal": ROOT, "Action": "sts:TagSession"}
    policy = trust(SOURCE)
    policy["Statement"] += [denied, tagging]
    assert sessions.of_person(policy, NAMES, "AROA1") is not None


def test_a_person_without_names_is_nobody():
    assert sessions.of_person(trust(equals("sts:SourceIdentity", "")), ("", ""), "AROA1") is None
