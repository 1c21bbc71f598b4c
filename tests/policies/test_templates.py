"""Policy templates: what may stand in one, what a value may be, and the ceiling over them all."""

import json

import pytest

from policies.documents import ceiling, iam, template
from policies.kinds import KINDS, BadTerms
from policies.models import Entitlement, Grant
from tests import factories as f
from tests.policies.refusing import refused
from tests.policies.test_lifecycle import granted

KIND = KINDS["template"]
ROLE = f"arn:aws:iam::{f.ACCOUNT}:role/jobs"
REPORTS = ["arn:aws:s3:::reports/*"]
TO_EMR = {"StringEquals": {"iam:PassedToService": "elasticmapreduce.amazonaws.com"}}
TOGETHER = [
    {"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Condition": TO_EMR},
    {
        "Effect": "Allow",
        "Action": ["lambda:CreateFunction*", "lambda:InvokeFunction*"],
        "Resource": f"arn:aws:lambda:us-east-1:{f.ACCOUNT}:function:x",
    },
]


def config(action="s3:GetObject", resource=REPORTS, *parameters, reason="", **rest):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **rest}
    return {
        "document": json.dumps({"Statement": [statement]}),
        "parameters": list(parameters),
        "reason": reason,
        "how_to_use": "",
    }


def parameter(name="folder", type_="prefix", *choices):
    return {"name": name, "label": "", "type": type_, "choices": list(choices)}


FOLDER = {"join": ["arn:aws:s3:::reports/", {"parameter": "folder"}, "*"]}
REFUSED = [
    ({**config(), "document": True}, "text in JSON"),
    ({**config(), "parameters": True}, "a list"),
    ({**config(), "parameters": ["x"]}, "A parameter has"),
    ({**config(), "reason": ["x"]}, "are texts"),
    (config("s3:GetObject", REPORTS, {**parameter(), "type": ["prefix"]}), "A parameter has"),
    (config("s3:GetObject", REPORTS, {**parameter(), "choices": True}), "are a list"),
    (config("s3:GetObject", REPORTS, {**parameter(), "choices": [["x"]]}), "is not plain names"),
    ({**config(), "document": "{"}, "not JSON"),
    ({**config(), "document": "[]"}, "an object with “Statement”"),
    ({**config(), "document": '{"Statement": []}'}, "a list of statements"),
    ({**config(), "document": '{"Statement": [{"Effect": "Allow", "Effect": "Deny"}]}'}, "twice"),
    ({**config(), "document": '{"Version": "2008-10-17", "Statement": [{}]}'}, "2012-10-17"),
    (config(Effect="Deny"), "an Effect other than Allow"),
    (config(NotAction="s3:*"), "NotAction"),
    (config(NotResource="*"), "NotResource"),
    (config(Principal="*"), "Principal"),
    (config(NotPrincipal="*"), "NotPrincipal"),
    (config([]), "at least one action"),
    (config([{"parameter": "folder"}], REPORTS, parameter()), "as text"),
    (config(resource=[{"parameter": "Folder!"}]), "neither text"),
    (config(resource=[{"join": [{"parameter": "a"}, {"parameter": "b"}]}]), "neither text"),
    (config(Condition=["x"]), "an object of operators"),
    (config(Condition={"StringEquals": "x"}), "an object of keys"),
    (config(Condition={"Bool": {"aws:SecureTransport": True}}), "neither text"),
    (config(resource=[FOLDER]), "Declare each parameter"),
    (config("s3:GetObject", REPORTS, parameter()), "Declare each parameter"),
    (config("s3:GetObject", FOLDER, parameter(), parameter()), "Declare each parameter"),
    (config("s3:GetObject", FOLDER, parameter("folder", "regex")), "type is one of"),
    (config("s3:GetObject", FOLDER, parameter("folder", "prefix", "sales")), "ending in “/”"),
    (config("s3:GetObjectt"), "UNKNOWN_ACTION"),
    (config("s4:GetObject"), "UNKNOWN"),
    (config(Condition={"StringLike": {"s3:prefix": "sales/*"}}), "UNKNOWN_CONDITION_FOR_ACTION"),
    (config("s3:GetObject", "arn:aws:sqs:us-east-1:111122223333:q"), "RESOURCE_MISMATCH"),
    (config("s3:PutBucketPolicy", "arn:aws:s3:::reports"), "PERMISSIONS_MANAGEMENT_ACTIONS"),
    (config("s3:Put*", ["arn:aws:s3:::reports", *REPORTS]), "PERMISSIONS_MANAGEMENT_ACTIONS"),
    (
        {**config(), "document": json.dumps({"Statement": TOGETHER})},
        "PRIVILEGE_ESCALATION: iam:passrole, lambda:createfunction, lambda:invokefunction",
    ),
    (config("sts:AssumeRole", {"parameter": "r"}, parameter("r", "role")), "as “choices”"),
    (config(resource="*"), "why it must be everything"),
    (config("iam:PassRole", ROLE), "iam:PassedToService"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("bad", "words"), REFUSED, ids=[words for _bad, words in REFUSED])
def test_a_template_is_refused_when_it_is_saved(bad, words):
    with pytest.raises(BadTerms) as caught:
        KIND.check_config(bad)
    assert words in caught.value.message, caught.value.message


@pytest.mark.django_db
@pytest.mark.parametrize(
    "good",
    [
        config(),
        config("sqs:Get*", f"arn:aws:sqs:us-east-1:{f.ACCOUNT}:jobs"),
        config(resource="*", reason="the lake has no fixed names"),
        config("s3:GetObject", FOLDER, parameter("folder", "prefix", "sales/", "ops/")),
        config("iam:PassRole", ROLE, Condition=TO_EMR),
        config("sts:AssumeRole", ROLE),
        config("sts:AssumeRole", {"parameter": "r"}, parameter("r", "role", ROLE)),
        f.FOLDER,
    ],
    ids=str,
)
def test_a_template_that_says_what_it_means_is_saved(good):
    KIND.check_config(good)


ABOVE = [
    ("iam:*", ["*"]),
    ("*", ["*"]),
    ("*:*", ["*"]),
    ("IAM:AttachRolePolicy", [ROLE]),
    ("iam:?ttachRolePolicy", [ROLE]),
    ("iam:G*", ["*"]),
    ("iam:P*", [ROLE]),
    ("iam:PassRole", ["*"]),
    ("iam:PassRole", [f"arn:aws:iam::{f.ACCOUNT}:role/*"]),
    ("sts:AssumeRole", ["*"]),
    ("sts:AssumeRole", ["arn:aws:iam::*:role/x"]),
    ("sts:Assume*", [ROLE]),
    ("sts:GetFederationToken", ["*"]),
    ("organizations:LeaveOrganization", ["*"]),
    ("sso:CreateAccountAssignment", ["*"]),
    ("kms:PutKeyPolicy", ["*"]),
    ("kms:Create*", ["*"]),
    ("kms:*", ["*"]),
]


@pytest.mark.parametrize(("action", "resources"), ABOVE, ids=[one for one, _all in ABOVE])
def test_nothing_rises_above_the_ceiling(action, resources):
    condition = {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}}
    assert ceiling.breaches(iam.allow([action], resources, condition))


def test_what_is_below_the_ceiling_may_be_said():
    passing = {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}}
    assert not ceiling.breaches(iam.allow(["iam:PassRole", "iam:GetRole"], [ROLE], passing))
    assert not ceiling.breaches(iam.allow(["iam:List*", "kms:Decrypt", "s3:*"], ["*"]))
    assert not ceiling.breaches(iam.session_cut(["sts:AssumeRole"], "2026-01-01T00:00:00Z"))


HOSTILE = [
    *("*", "sales/*", "s?les/", "${aws:username}/", "{{x}}/", "sales/../", "sales", "/", ""),
    *("sales/\n", "sales/\x00/", "ſales/", 'sales/","*","/', "x" * 300 + "/"),
]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_a_folder_is_a_folder_and_nothing_more(value):
    with pytest.raises(template.BadTemplate):
        template.check_value("prefix", value)


@pytest.mark.parametrize("value", ["a*", "a?", "${x}", "{{x}}", "a\tb", "a\x7f", "\u200bx", "名"])
def test_plain_text_is_never_more_than_it_says(value):
    with pytest.raises(template.BadTemplate):
        template.check_value("text", value)


def test_only_a_pattern_may_stand_for_others_and_still_is_no_variable():
    template.check_value("pattern", "sales-*")
    for value in ("${aws:username}", "{{x}}", "a\nb"):
        with pytest.raises(template.BadTemplate):
            template.check_value("pattern", value)


def test_every_type_has_a_sample_of_its_own():
    for name, one in template.TYPES.items():
        template.check_value(name, one.sample)


def test_a_value_is_inserted_whole_and_never_parsed():
    statements = template.parse(f.FOLDER["document"])
    quoted = 'a","Action":"*'
    (objects, listing) = template.render(statements, {"folder": [quoted, "b/"]})
    assert objects["resources"] == sorted(f"arn:aws:s3:::reports/{one}*" for one in (quoted, "b/"))
    assert objects["actions"] == ["s3:GetObject"]
    assert listing["conditions"] == {"StringLike": {"s3:prefix": [f"{quoted}*", "b/*"]}}


def test_values_of_a_negated_condition_are_not_put_together():
    """Not-a allows b and not-b allows a; not-a-and-not-b would allow less than either."""
    for operator in ("StringNotEquals", "ForAllValues:StringEquals"):
        one, two = (iam.allow(["s3:GetObject"], REPORTS, {operator: {"k": [v]}}) for v in "ab")
        assert len(iam.merge([one, two])) == 2, operator


@pytest.mark.django_db
def test_what_was_chosen_is_checked_by_its_type(company):
    for terms, words in (
        ({}, "at least one"),
        ({"folder": ["../"]}, "ending in “/”"),
        ({"folder": "sales/"}, "a list"),
        ({"folder": ["sales/"], "bucket": ["x"]}, "Not offered here: bucket"),
    ):
        with refused(words, "bad_terms"):
            f.asked(company, "folder", **terms)


@pytest.mark.django_db
def test_a_new_version_does_not_touch_what_was_approved(company):
    grant = granted(company, "folder", terms={"folder": ["sales/"]})
    f.ruled(company, "entitlement", "folder", config=config())
    folder = Entitlement.objects.get(slug="folder")
    grant = Grant.objects.get(pk=grant.pk)
    assert folder.version == grant.entitlement_version + 1
    told = [one.part["resources"] for one in grant.deliveries.order_by("pk")]
    assert ["arn:aws:s3:::reports/sales/*"] in told
