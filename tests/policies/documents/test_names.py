"""Which IAM and Kubernetes names may be asked for and written."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.documents.names import (
    LONGEST,
    RESERVED,
    BadName,
    auth_map_arn,
    check_group,
    check_username,
)

IAM = "arn:aws:iam::111122223333:"
TEMPLATES = ["{{AccountID}}", "{{SessionName}}", "{{SessionNameRaw}}", "{{AccessKeyID}}"]


@pytest.mark.parametrize(
    ("arn", "written"),
    [
        (f"{IAM}role/Admin", f"{IAM}role/Admin"),
        (f"{IAM}role/Org/Team/Admin", f"{IAM}role/Admin"),
        (f" {IAM}role/dev \n", f"{IAM}role/dev"),
        (
            f"{IAM}role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123",
            f"{IAM}role/AWSReservedSSO_Admin_0123",
        ),
        (f"{IAM}user/Alice", f"{IAM}user/Alice"),
        (f"{IAM}user/team/Alice", f"{IAM}user/team/Alice"),
        (
            "arn:aws-us-gov:iam::111122223333:role/x/y",
            "arn:aws-us-gov:iam::111122223333:role/y",
        ),
        ("arn:aws-cn:iam::111122223333:role/a+b=c,d.e@f-g", None),
    ],
)
def test_an_arn_is_written_in_the_form_that_matches(arn: str, written: str | None) -> None:
    assert auth_map_arn(arn) == (written or arn)


@pytest.mark.parametrize(
    ("arn", "taught"),
    [
        ("arn:aws:sts::111122223333:assumed-role/Admin/Session", "role itself"),
        ("arn:aws:sts::111122223333:federated-user/Bob", "not the ARN"),
        (f"{IAM}instance-profile/node", "role inside it"),
        (f"{IAM}root", "root"),
        (f"{IAM}group/devs", "groups cannot"),
        (f"{IAM}role/*", "wildcards"),
        (f"{IAM}role/de?", "wildcards"),
        (f"{IAM}user/*/x", "wildcards"),
        (f"{IAM}role/", "not the ARN"),
        (f"{IAM}role/a//b", "not the ARN"),
        (f"{IAM}role/{'x' * 65}", "not the ARN"),
        (f"{IAM}role/dév", "not the ARN"),
        (f"{IAM}role/a\nb", "not the ARN"),
        (f"{IAM}policy/x", "not the ARN"),
        ("arn:aws:iam::1111:role/x", "not the ARN"),
        ("arn:evil:iam::111122223333:role/x", "not the ARN"),
        ("NOT AN ARN", "not the ARN"),
        ("", "not the ARN"),
    ],
)
def test_an_arn_that_no_row_can_match_is_refused_with_a_lesson(arn: str, taught: str) -> None:
    with pytest.raises(BadName, match=taught) as caught:
        auth_map_arn(arn)
    assert caught.value.remedy
    assert str(caught.value).endswith(caught.value.remedy)


@pytest.mark.parametrize(
    "name",
    [
        "test",
        "data-engineer:{{SessionName}}",
        "a-{{SessionNameRaw}}-b",
        "{{AccountID}}",
        "{{AccountID}}-{{SessionName}}",
        "x:{{AccessKeyID}}",
        "systematic",
        "s{{SessionName}}",
        "1e3",
        "ünï:😀",
        "x" * LONGEST,
    ],
)
def test_a_harmless_user_name_is_accepted_as_it_is(name: str) -> None:
    assert check_username(name) == name


@pytest.mark.parametrize(
    ("name", "taught"),
    [
        ("eks:test", "reserved"),
        ("system:masters", "reserved"),
        ("System:node:x", "reserved"),
        ("aws:x", "reserved"),
        ("amazon:x", "reserved"),
        ("iam:x", "reserved"),
        ("ſystem:x", "reserved"),
        ("system:x", "reserved"),
        ("s{{SessionName}}:x", "reserved"),
        ("i{{SessionNameRaw}}m:x", "reserved"),
        ("system:{{AccountID}}", "reserved"),
        ("{{SessionName}}", "chooses"),
        ("{{SessionNameRaw}}", "chooses"),
        ("{{SessionName}}:x", "chooses"),
        ("{{SessionName}}-{{AccountID}}", "chooses"),
        ("x-{{Session}}", "templates"),
        ("x-{{sessionname}}", "templates"),
        ("x-{{ SessionName }}", "templates"),
        ("x-{{EC2PrivateDNSName}}", "templates"),
        ("x-{{Sess{{AccountID}}ionName}}", "templates"),
        ("x-{{", "templates"),
        ("x-}}", "templates"),
        ("", "empty"),
        (" x", "space"),
        ("x\n", "space"),
        ("x\ny", "control"),
        ("x\u202ey", "invisible"),
        ("x\u2028y", "invisible"),
        ("x\ud800", "invisible"),
        ("x" * (LONGEST + 1), "over 253"),
    ],
)
def test_a_dangerous_user_name_is_refused_with_a_lesson(name: str, taught: str) -> None:
    with pytest.raises(BadName, match=taught):
        check_username(name)


@given(
    parts=st.lists(
        st.sampled_from([*TEMPLATES, *RESERVED, "s", ":", "-", "ys", "tem"]), max_size=6
    ),
    session=st.sampled_from(["system", "ystem", "eks", "ks", "m", "am", "", "jdoe@example.com"]),
)
@settings(deadline=None)
def test_no_accepted_user_name_renders_to_a_reserved_one(parts: list[str], session: str) -> None:
    name = "".join(parts)
    try:
        check_username(name)
    except BadName:
        return
    rendered = re.sub(r"\{\{SessionName(?:Raw)?\}\}", session, name)
    rendered = rendered.replace("{{AccountID}}", "111122223333").replace("{{AccessKeyID}}", "AKIA")
    assert not rendered.lower().startswith(tuple(f"{word}:" for word in RESERVED))
    assert "{{" not in rendered


@pytest.mark.parametrize("name", ["devs", "team:devs", "systems", "1e3", "그룹"])
def test_a_harmless_group_is_accepted_as_it_is(name: str) -> None:
    assert check_group(name) == name


@pytest.mark.parametrize(
    ("name", "taught"),
    [
        ("system:masters", "cluster itself"),
        ("SYSTEM:nodes", "cluster itself"),
        ("eks:kube-proxy-windows", "cluster itself"),
        ("{{SessionName}}", "template"),
        ("team-{{AccountID}}", "template"),
        ("", "empty"),
        ("a\tb", "control"),
        ("g" * (LONGEST + 1), "over 253"),
    ],
)
def test_a_dangerous_group_is_refused_with_a_lesson(name: str, taught: str) -> None:
    with pytest.raises(BadName, match=taught):
        check_group(name)
