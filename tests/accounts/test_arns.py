"""ARNs: which are taken, as what, and how each refusal helps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import arns
from accounts.arns import BadArn, PrincipalType

IAM = "arn:aws:iam::111122223333:"
SSO = "aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Data_0123456789abcdef"
UUID = "90670e0f71-6f6c8a1e-8f0c-4a2f-9a0b-0123456789ab"

VALID = [
    (f"{IAM}role/ana", PrincipalType.IAM_ROLE, "ana"),
    (f"{IAM}role/people/ana", PrincipalType.IAM_ROLE, "ana"),
    (f"{IAM}role/a/b/c/d", PrincipalType.IAM_ROLE, "d"),
    (f"{IAM}role/+=,.@_-", PrincipalType.IAM_ROLE, "+=,.@_-"),
    (f"{IAM}role/{'n' * 64}", PrincipalType.IAM_ROLE, "n" * 64),
    (f"{IAM}role/{'p' * 510}/n", PrincipalType.IAM_ROLE, "n"),
    (f"  {IAM}role/ana\n", PrincipalType.IAM_ROLE, "ana"),
    (f"{IAM}user/ana", PrincipalType.IAM_USER, "ana"),
    (f"{IAM}user/people/ana@example.com", PrincipalType.IAM_USER, "ana@example.com"),
    (f"{IAM}role/{SSO}", PrincipalType.SSO_ROLE, "AWSReservedSSO_Data_0123456789abcdef"),
    (
        f"{IAM}role/aws-service-role/emr-containers.amazonaws.com/AWSServiceRoleForAmazonEMR",
        PrincipalType.SERVICE_LINKED_ROLE,
        "AWSServiceRoleForAmazonEMR",
    ),
    ("arn:aws-cn:iam::111122223333:role/ana", PrincipalType.IAM_ROLE, "ana"),
    ("arn:aws-us-gov:iam::111122223333:user/ana", PrincipalType.IAM_USER, "ana"),
    ("arn:aws-iso-b:iam::111122223333:role/ana", PrincipalType.IAM_ROLE, "ana"),
    (f"arn:aws:identitystore:::user/{UUID}", PrincipalType.IDENTITY_USER, UUID),
    (f"arn:aws:identitystore:::group/{UUID[11:]}", PrincipalType.IDENTITY_GROUP, UUID[11:]),
]

# What is wrong → a word of the remedy or the reason that the message must hold.
INVALID = [
    ("", "looks like"),
    (" ", "looks like"),
    ("ana", "looks like"),
    ("role/ana", "looks like"),
    ("arn:aws:iam::111122223333", "looks like"),
    ("arn:aws:iam::111122223333:", "looks like"),
    ("arn:aws:iam::11112222333:role/ana", "looks like"),
    ("arn:aws:iam::1111222233334:role/ana", "looks like"),
    ("arn:aws:iam::11112222333x:role/ana", "looks like"),
    ("arn:aws:iam::１１１１２２２２３３３３:role/ana", "looks like"),
    ("arn:AWS:iam::111122223333:role/ana", "looks like"),
    ("ARN:aws:iam::111122223333:role/ana", "looks like"),
    ("arn:azure:iam::111122223333:role/ana", "looks like"),
    (f"{IAM}role/ana role/bob", "looks like"),
    (f"{IAM}role/ana\n{IAM}role/bob", "looks like"),
    (f"{IAM}role/ana\x00", "looks like"),
    (f"{IAM}role/añа", "looks like"),
    (f"{IAM}role/*", "Name one principal exactly"),
    (f"{IAM}role/an?", "Name one principal exactly"),
    ("arn:aws:iam::*:role/ana", "looks like"),
    (f"{IAM}role/", "not a role or a user"),
    (f"{IAM}role", "not a role or a user"),
    (f"{IAM}Role/ana", "not a role or a user"),
    (f"{IAM}root", "not a role or a user"),
    (f"{IAM}group/admins", "not a role or a user"),
    (f"{IAM}instance-profile/nodes", "not a role or a user"),
    (f"{IAM}policy/ReadOnly", "not a role or a user"),
    (f"{IAM}oidc-provider/oidc.eks.example.com", "not a role or a user"),
    ("arn:aws:s3:::bucket", "not a role or a user"),
    ("arn:aws:s3:::role/ana", "not a role or a user"),
    ("arn:aws:iam:us-east-1:111122223333:role/ana", "no region"),
    ("arn:aws:iam:::role/ana", "twelve-digit account"),
    ("arn:aws:iam::aws:role/ana", "twelve-digit account"),
    ("arn:aws:sts::111122223333:assumed-role/ana/session", "Give the role’s own ARN"),
    ("arn:aws:sts::111122223333:federated-user/ana", "Give the role’s own ARN"),
    (f"{IAM}role/ana/", "letters, digits"),
    (f"{IAM}role//ana", "letters, digits"),
    (f"{IAM}role/an:a", "letters, digits"),
    (f"{IAM}role/{{{{name}}}}", "letters, digits"),
    (f"{IAM}role/<ana>", "letters, digits"),
    (f"{IAM}role/{'n' * 65}", "at most 64"),
    (f"{IAM}role/{'n' * 5000}", "at most 64"),
    (f"{IAM}role/{'n:' * 5000}", "letters, digits"),
    (f"{IAM}role/{'p' * 511}/n", "letters, digits"),
    (f"{IAM}role/AWSReservedSSO_Data_0123456789abcdef", "holds its path"),
    ("arn:aws:identitystore:::user/ana", "users and groups"),
    (f"arn:aws:identitystore:::membership/{UUID}", "users and groups"),
    (f"arn:aws:identitystore:::user/{UUID}/more", "users and groups"),
    (f"arn:aws:identitystore:::user/{'a' * 5000}", "users and groups"),
]


@pytest.mark.parametrize(("text", "kind", "name"), VALID)
def test_a_principals_arn_is_read_with_its_type_and_name(text, kind, name):
    arn, found = arns.principal(text)
    assert (found, arn.name, str(arn)) == (kind, name, text.strip())


@pytest.mark.parametrize(("text", "words"), INVALID)
def test_what_nobody_can_hold_access_with_is_refused_in_words(text, words):
    with pytest.raises(BadArn) as refused:
        arns.principal(text)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 400, "a message, not an echo of what was sent"


@given(st.one_of(st.text(), st.text(alphabet="arn:aws/iam*?0123456789role{}-_. "), st.binary()))
def test_any_text_is_read_or_refused_and_never_trips(text):
    text = text if isinstance(text, str) else text.decode("latin-1")
    try:
        arn, _kind = arns.principal(text)
    except BadArn:
        return
    assert arns.parse(str(arn)) == arn


@given(
    st.sampled_from(["role", "user"]),
    st.from_regex(r"[A-Za-z0-9+=,.@_-]{1,64}", fullmatch=True),
    st.lists(st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True), max_size=4),
)
def test_every_name_iam_allows_is_taken(kind, name, path):
    if name.startswith("AWSReservedSSO_") or (path and path[0].startswith("aws-")):
        return
    arn, _type = arns.principal(f"{IAM}{'/'.join([kind, *path, name])}")
    assert arn.name == name
