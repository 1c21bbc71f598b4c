"""Every refusal AWS can give is typed on purpose, and each type has words and a number."""

import re
from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import ClientError

from policies import aws
from policies.documents import aws_answers
from policies.documents.aws_answers import Answer, kind, may_have_happened, retry_after
from policies.documents.aws_codes import _BY_KIND, CODES
from policies.documents.kube_answers import Answer as KubeAnswer
from policies.documents.kube_answers import config_map
from policies.outcomes import ADVICE, Kind, Outcome
from tests.policies.aws_operations import COMMON, S3, operations

SESSION = botocore.session.get_session()
RUNBOOK = Path(__file__).resolve().parents[2] / "docs/runbook.md"


def told(service, operation, code, message="", status=400):
    return kind(Answer(service, operation, code, message, status))


def modelled(service, operation):
    """Both spellings of each error the model lists: the code on the wire and the shape's name."""
    model = SESSION.get_service_model(service).operation_model(operation)
    for shape in model.error_shapes:
        yield shape.metadata.get("error", {}).get("code", shape.name)
        yield shape.name


@pytest.mark.parametrize(("service", "operation"), sorted(operations()))
def test_no_error_of_a_modelled_operation_falls_to_the_default(service, operation):
    others = COMMON + (S3 if service == "s3" else "")
    codes = {*modelled(service, operation), *others.split()}
    untyped = {one for one in codes if not {one, one.removesuffix("Exception")} & CODES.keys()}
    assert untyped == set()


def test_each_code_has_one_meaning_in_the_table():
    codes = [code for codes in _BY_KIND.values() for code in codes.split()]
    assert sorted(codes) == sorted(set(codes))
    assert set(_BY_KIND) == set(Kind) - {Kind.MALFORMED}


def test_the_table_agrees_with_botocore_on_what_is_throttling_and_what_passes():
    from botocore.retries import standard

    throttled = set(standard.ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    for code in throttled - {"LimitExceededException", "TransactionInProgressException"}:
        assert told("iam", "get_role", code) is Kind.THROTTLED, code
    for code in {"RequestTimeout", "RequestTimeoutException"}:
        assert told("iam", "get_role", code) is Kind.TRANSIENT


@pytest.mark.parametrize(
    ("service", "operation", "code", "message", "meant"),
    [
        ("iam", "put_role_policy", "LimitExceeded", "Maximum policy size of 10240", Kind.QUOTA),
        ("iam", "put_role_policy", "LimitExceeded", "Rate exceeded", Kind.THROTTLED),
        ("iam", "put_role_policy", "EntityTemporarilyUnmodifiable", "", Kind.CONFLICT),
        ("iam", "put_role_policy", "UnmodifiableEntity", "protected role", Kind.PERMANENT),
        ("iam", "create_policy", "EntityAlreadyExists", "", Kind.CONFLICT),
        (
            "iam",
            "update_assume_role_policy",
            "MalformedPolicyDocument",
            'Invalid principal in policy: "AWS":"arn:aws:iam::111122223333:role/new"',
            Kind.MISSING,
        ),
        (
            "iam",
            "update_assume_role_policy",
            "MalformedPolicyDocument",
            "Has prohibited field Resource.",
            Kind.PERMANENT,
        ),
        ("s3", "put_bucket_policy", "MalformedPolicy", "Invalid principal in policy", Kind.MISSING),
        (
            "s3",
            "put_bucket_policy",
            "MalformedPolicy",
            "Policy exceeds the maximum allowed document size.",
            Kind.QUOTA,
        ),
        ("s3", "put_bucket_policy", "AccessDenied", "Access Denied", Kind.DENIED),
        (
            "s3",
            "put_bucket_policy",
            "AccessDenied",
            "User is not authorized because public policies are blocked by the BlockPublicPolicy",
            Kind.PERMANENT,
        ),
        ("s3", "head_bucket", "404", "Not Found", Kind.MISSING),
        (
            "servicecatalog",
            "associate_principal_with_portfolio",
            "InvalidParametersException",
            "profile does not exist",
            Kind.MISSING,
        ),
        (
            "servicecatalog",
            "associate_principal_with_portfolio",
            "InvalidParametersException",
            "PrincipalType must be IAM",
            Kind.PERMANENT,
        ),
        ("servicecatalog", "accept_portfolio_share", "InvalidStateException", "", Kind.CONFLICT),
        (
            "eks",
            "create_access_entry",
            "InvalidParameterException",
            "The specified principalArn is invalid: invalid principal",
            Kind.MISSING,
        ),
        (
            "eks",
            "create_access_entry",
            "InvalidParameterException",
            "kubernetesGroups must not begin with system:",
            Kind.PERMANENT,
        ),
        (
            "eks",
            "associate_access_policy",
            "ResourceNotFoundException",
            "The specified principalArn could not be found.",
            Kind.MISSING,
        ),
        ("eks", "create_access_entry", "ResourceInUseException", "in use", Kind.CONFLICT),
        ("logs", "start_query", "LimitExceededException", "", Kind.THROTTLED),
        ("logs", "put_retention_policy", "LimitExceededException", "", Kind.QUOTA),
        (
            "emr",
            "get_studio_session_mapping",
            "InvalidRequestException",
            "Studio session mapping does not exist.",
            Kind.MISSING,
        ),
        (
            "emr",
            "create_studio_session_mapping",
            "InvalidRequestException",
            "A session mapping already exists",
            Kind.CONFLICT,
        ),
        (
            "emr",
            "create_studio_session_mapping",
            "InvalidRequestException",
            "You have reached the limit of users",
            Kind.QUOTA,
        ),
        ("emr", "create_studio_session_mapping", "InvalidRequestException", "?", Kind.PERMANENT),
    ],
)
def test_a_code_with_two_meanings_is_read_by_its_words(service, operation, code, message, meant):
    assert told(service, operation, code, message) is meant


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        (400, Kind.PERMANENT),
        (403, Kind.DENIED),
        (404, Kind.PERMANENT),  # a page that somebody's proxy made is no word of AWS's
        (408, Kind.TRANSIENT),
        (409, Kind.CONFLICT),
        (413, Kind.QUOTA),
        (429, Kind.THROTTLED),
        (500, Kind.TRANSIENT),
        (501, Kind.PERMANENT),
        (503, Kind.TRANSIENT),
        (504, Kind.TRANSIENT),
    ],
)
def test_an_unknown_code_goes_by_its_status(status, meant):
    assert told("iam", "get_role", "NobodyKnows", status=status) is meant


@pytest.mark.parametrize(
    ("code", "status", "lost"),
    [
        ("InternalFailure", 500, True),
        ("ServiceUnavailable", 503, True),
        ("NobodyKnows", 502, True),
        ("SlowDown", 503, False),
        ("ExpiredToken", 403, False),
        ("RequestTimeout", 400, False),
        ("AccessDenied", 403, False),
    ],
)
def test_only_a_service_that_failed_may_have_done_what_it_was_asked(code, status, lost):
    assert may_have_happened(Answer("s3", "put_bucket_policy", code, "", status)) is lost


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"retry-after": "7"}, 7.0),
        ({"x-amz-retry-after": "1500"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
        ({"retry-after": "-1"}, 0.0),
    ],
)
def test_an_answer_may_say_when_to_come_back(headers, seconds):
    assert retry_after(headers) == seconds


def test_the_edge_hands_on_what_the_answer_said():
    error = ClientError(
        {
            "Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"},
            "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {"retry-after": "3"}},
        },
        "AssociatePrincipalWithPortfolio",
    )
    outcome = aws._from_answer(error, "servicecatalog", "associate_principal_with_portfolio")
    assert (outcome.kind, outcome.lost, outcome.retry_after) == (Kind.THROTTLED, False, 3.0)


def test_kubernetes_says_when_to_come_back_too():
    with pytest.raises(Outcome) as caught:
        config_map(KubeAnswer(429, b"", "", 4.0), "GET", "kube-system", "aws-auth")
    assert (caught.value.kind, caught.value.retry_after) == (Kind.THROTTLED, 4.0)


def test_every_page_of_our_services_is_known_to_have_another():
    """A page that is followed by another is asked for only after a look at the clock."""
    for service, _operation in operations():
        try:
            pages = SESSION.get_paginator_model(service)._paginator_config
        except botocore.exceptions.UnknownServiceError:
            continue
        for name, one in pages.items():
            if (service, name) not in operations():
                continue
            more, tokens = one.get("more_results"), one["output_token"]
            tokens = tokens if isinstance(tokens, list) else [tokens]
            assert more in aws._FLAGS if more else set(tokens) <= set(aws._MORE), (service, name)


def test_every_kind_tells_what_it_means_what_to_do_and_where_to_read_on():
    text = RUNBOOK.read_text(encoding="utf-8")
    assert set(ADVICE) == set(Kind)
    for one in Kind:
        advice = ADVICE[one]
        assert advice.means.endswith(".")
        assert advice.remedy.endswith(".")
        paragraph = text.partition(f"## {advice.runbook}\n")[2].partition("\n## ")[0]
        assert re.search(rf"\(\*{one}\*\)", paragraph), one


def test_the_default_is_never_a_silent_success():
    assert aws_answers.by_status(200) is Kind.PERMANENT
