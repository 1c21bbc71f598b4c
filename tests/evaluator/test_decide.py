"""IAM's logic, row by row; and the same rows put to another evaluator where node has it."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.evaluator.decide import Asked, Policies, allowed

A, B = "111122223333", "444455556666"
ME, ROLE = f"arn:aws:iam::{A}:role/me", f"arn:aws:iam::{A}:role/taken"
THERE = f"arn:aws:iam::{B}:role/taken"


def allow(action, resource="*", condition=None, effect="Allow", principal=None):
    said = {"Effect": effect, "Action": action, "Resource": resource}
    if principal is not None:
        said["Principal"] = principal
        if str(action).startswith("sts:"):
            del said["Resource"]
    return {**said, "Condition": condition} if condition else said


def when(operator, key, value):
    return {operator: {key: value}}


KEY, PASSED = "emr-containers:ExecutionRoleArn", "iam:PassedToService"
VC = f"arn:aws:emr-containers:us-east-1:{A}:/virtualclusters/v"
RUN = "emr-containers:StartJobRun"
S3, OBJECT = "s3:GetObject", "arn:aws:s3:::data/sales/x"
# what it shows, the caller's statements, the resource's, action, resource, context, yes or no
ROWS = [
    ("nothing said", [], None, RUN, VC, {}, False),
    ("an allow", [allow(RUN, VC)], None, RUN, VC, {}, True),
    ("letters of an action", [allow("EMR-containers:startjobrun", VC)], None, RUN, VC, {}, True),
    ("a wildcard action", [allow("emr-containers:Start*", VC)], None, RUN, VC, {}, True),
    ("another resource", [allow(RUN, VC + "2")], None, RUN, VC, {}, False),
    ("a deny wins", [allow(RUN), allow(RUN, effect="Deny")], None, RUN, VC, {}, False),
    (
        "the right role",
        [allow(RUN, VC, when("ArnEquals", KEY, [ROLE]))],
        None,
        RUN,
        VC,
        {KEY: ROLE},
        True,
    ),
    (
        "a key that was not sent",
        [allow(RUN, VC, when("ArnEquals", KEY, [ROLE]))],
        None,
        RUN,
        VC,
        {},
        False,
    ),
    (
        "another account's role",
        [allow(RUN, VC, when("ArnEquals", KEY, [ROLE]))],
        None,
        RUN,
        VC,
        {KEY: THERE},
        False,
    ),
    (
        "passed to the right service",
        [allow("iam:PassRole", ROLE, when("StringEquals", PASSED, "ec2.amazonaws.com"))],
        None,
        "iam:PassRole",
        ROLE,
        {PASSED: "ec2.amazonaws.com"},
        True,
    ),
    (
        "passed to another service",
        [allow("iam:PassRole", ROLE, when("StringEquals", PASSED, "ec2.amazonaws.com"))],
        None,
        "iam:PassRole",
        ROLE,
        {PASSED: "lambda.amazonaws.com"},
        False,
    ),
    (
        "a pattern of texts",
        [allow("s3:ListBucket", "arn:aws:s3:::data", when("StringLike", "s3:prefix", "sales/*"))],
        None,
        "s3:ListBucket",
        "arn:aws:s3:::data",
        {"s3:prefix": "sales/2026"},
        True,
    ),
    (
        "a pattern that does not fit",
        [allow("s3:ListBucket", "arn:aws:s3:::data", when("StringLike", "s3:prefix", "sales/*"))],
        None,
        "s3:ListBucket",
        "arn:aws:s3:::data",
        {"s3:prefix": "hr/2026"},
        False,
    ),
    (
        "a bucket that lets one in of its own account",
        [],
        [allow(S3, OBJECT, principal={"AWS": ME})],
        S3,
        OBJECT,
        {},
        True,
    ),
    (
        "a bucket that denies",
        [allow(S3, OBJECT)],
        [allow(S3, OBJECT, effect="Deny", principal="*")],
        S3,
        OBJECT,
        {},
        False,
    ),
]


@pytest.mark.parametrize(
    ("mine", "theirs", "action", "resource", "context", "yes"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_one_request_is_decided_as_iam_documents_it(mine, theirs, action, resource, context, yes):
    asked = Asked({"AWS": ME}, action, resource, context, owner=A)
    assert allowed(asked, Policies(mine, theirs)) is yes


EXTERNAL = when("StringEquals", "sts:ExternalId", "x")
TRUST = [
    ("cross account, one side", [], [ME], None, THERE, {}, False),
    ("cross account, the other side", [allow("sts:AssumeRole", THERE)], [], None, THERE, {}, False),
    ("cross account, both", [allow("sts:AssumeRole", THERE)], [ME], None, THERE, {}, True),
    ("by its account", [allow("sts:AssumeRole", THERE)], [A], None, THERE, {}, True),
    ("same account, named", [], [ME], None, ROLE, {}, True),
    ("same account, by its account alone", [], [A], None, ROLE, {}, False),
    ("same account, untrusting", [allow("sts:AssumeRole", ROLE)], [], None, ROLE, {}, False),
    ("no external id", [allow("sts:AssumeRole", THERE)], [ME], EXTERNAL, THERE, {}, False),
    (
        "the external id",
        [allow("sts:AssumeRole", THERE)],
        [ME],
        EXTERNAL,
        THERE,
        {"sts:ExternalId": "x"},
        True,
    ),
]


@pytest.mark.parametrize(
    ("mine", "trusted", "condition", "role", "context", "yes"),
    [row[1:] for row in TRUST],
    ids=[row[0] for row in TRUST],
)
def test_a_role_is_assumed_when_both_sides_say_so(mine, trusted, condition, role, context, yes):
    trust = [allow("sts:AssumeRole", condition=condition, principal={"AWS": trusted})]
    asked = Asked({"AWS": ME}, "sts:AssumeRole", role, context)
    assert allowed(asked, Policies(mine, trust if trusted else [])) is yes


def test_a_service_needs_its_name_in_the_trust_and_no_policy():
    condition = when("StringEquals", "aws:SourceAccount", A)
    trust = [allow("sts:AssumeRole", condition=condition, principal={"Service": ["es.aws"]})]
    right, wrong = {"aws:SourceAccount": A}, {"aws:SourceAccount": B}
    for name, context, yes in (("es.aws", right, True), ("es.aws", wrong, False), ("x", right, 0)):
        asked = Asked({"Service": name}, "sts:AssumeRole", ROLE, context)
        assert allowed(asked, Policies((), trust)) is bool(yes)


def test_an_unfilled_variable_matches_nothing_and_an_unknown_operator_is_an_error():
    mine = [allow(S3, condition=when("StringEquals", "s3:prefix", "${aws:userId}"))]
    asked = Asked({"AWS": ME}, S3, OBJECT, {"s3:prefix": "x"}, owner=A)
    assert not allowed(asked, Policies(mine))
    with pytest.raises(NotImplementedError):
        allowed(asked, Policies([allow(S3, condition=when("IpAddress", "aws:SourceIp", "::"))]))


ORACLE = """
import { runSimulation } from '@cloud-copilot/iam-simulate'
const rows = JSON.parse(process.argv[2]), found = []
for (const one of rows) {
  const answer = await runSimulation(one, {})
  found.push(answer.overallResult ?? JSON.stringify(answer))
}
console.log(JSON.stringify(found))
"""


@pytest.fixture
def oracle(tmp_path):
    """A folder where node finds @cloud-copilot/iam-simulate (AGPL: a process of its own, in tests
    alone, never shipped); IAM_SIMULATE names one where `npm install` has put it."""
    there = os.environ.get("IAM_SIMULATE", "")
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if not there or not (Path(there) / "node_modules/@cloud-copilot/iam-simulate").is_dir():
        pytest.skip("IAM_SIMULATE names no folder with node_modules/@cloud-copilot/iam-simulate")
    return Path(there)


def simulation(row):
    _words, mine, theirs, action, resource, context, _yes = row
    identity = [{"name": "mine", "policy": {"Version": "2012-10-17", "Statement": mine}}]
    told = {
        "request": {
            "principal": ME,
            "action": action,
            "resource": {"resource": resource, "accountId": A},
            "contextVariables": context,
        },
        "identityPolicies": identity if mine else [],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if theirs is not None:
        told["resourcePolicy"] = {"Version": "2012-10-17", "Statement": theirs}
    return told


def test_another_evaluator_says_the_same(oracle, tmp_path):
    script = oracle / "ask.mjs"
    script.write_text(ORACLE)
    rows = json.dumps([simulation(row) for row in ROWS])
    ran = subprocess.run(
        ["node", str(script), rows], capture_output=True, text=True, cwd=oracle, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    wrong = {
        row[0]: answer
        for row, answer in zip(ROWS, told, strict=True)
        if (answer == "Allowed") is not row[-1]
    }
    assert not wrong
