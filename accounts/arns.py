"""ARNs: read, checked, classified. Pure text; nothing here asks AWS.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

import re
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

_ARN = re.compile(
    r"arn:(?P<partition>aws(-[a-z]+)*):(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*)"
    r":(?P<account>\d{12}|aws|):(?P<resource>[\x21-\x7e]+)",
    re.ASCII,
)
_IAM_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]+", re.ASCII)
_IAM_PATH = re.compile(r"/([\x21-\x7e]{1,510}/)?", re.ASCII)
# identitystore API reference, ResourceId.
_IDENTITY = re.compile(
    r"(?P<kind>user|group)/([0-9a-f]{10}-)?[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}",
    re.ASCII,
)


class PrincipalType(TextChoices):
    """What IAM calls the thing an ARN names; decides what can be granted to it."""

    IAM_USER = "iam_user", _("IAM user")
    IAM_ROLE = "iam_role", _("IAM role")
    SSO_ROLE = "sso_role", _("Identity Center role (AWSReservedSSO)")
    SERVICE_LINKED_ROLE = "service_linked_role", _("service-linked role")
    IDENTITY_USER = "identity_user", _("Identity Center user")
    IDENTITY_GROUP = "identity_group", _("Identity Center group")


# Of no account, without policies of their own: https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference
IDENTITY_CENTER = frozenset({PrincipalType.IDENTITY_USER, PrincipalType.IDENTITY_GROUP})


class BadArn(ValueError):
    """An ARN we refuse. The text says what is wrong and what to write instead."""


@dataclass(frozen=True)
class Arn:
    """The six parts of an ARN, `resource` unsplit."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def name(self) -> str:
        """The last path segment: an IAM role's or user's name without its path."""
        return self.resource.rsplit("/", 1)[-1]


def parse(text: str) -> Arn:
    """Any ARN without wildcards. Raises BadArn."""
    text = text.strip()
    match = _ARN.fullmatch(text)
    if match is None:
        raise BadArn(
            f"“{text[:120]}” is not an ARN. An ARN looks like arn:aws:iam::111122223333:role/NAME."
        )
    if "*" in text or "?" in text:
        raise BadArn(f"“{text[:120]}” holds a wildcard. Name one principal exactly.")
    return Arn(**match.groupdict())


def principal(text: str) -> tuple[Arn, PrincipalType]:
    """The ARN of somebody who can hold access, with its type. Raises BadArn.

    Session ARNs, instance profiles, groups and the account root are refused: no grant
    can name them (IAM user guide, “Principals”).
    """
    arn = parse(text)
    if arn.service == "sts":
        raise BadArn(
            "This is the ARN of one session. Give the role’s own ARN instead: "
            f"arn:{arn.partition}:iam::{arn.account}:role/NAME."
        )
    if arn.service == "identitystore":
        return arn, _identity_type(arn)
    kind, _slash, rest = arn.resource.partition("/")
    if arn.service != "iam" or kind not in {"role", "user"} or not rest:
        raise BadArn(f"“{text[:120]}” is not a role or a user. Ask your AWS team for that ARN.")
    if arn.region or not arn.account.isdigit():
        raise BadArn("An IAM ARN has no region and a twelve-digit account.")
    _check_iam_name(arn, rest)
    return arn, _iam_type(kind, rest)


def _check_iam_name(arn: Arn, rest: str) -> None:
    path = "/" + rest[: -len(arn.name)] if arn.name else "/"
    if not _IAM_NAME.fullmatch(arn.name) or not _IAM_PATH.fullmatch(path):
        what = f"“{arn.resource[:120]}” holds no IAM path and name"
        raise BadArn(f"{what}: a name has letters, digits and + = , . @ _ - only.")
    longest = 64
    if len(arn.name) > longest:
        raise BadArn(f"IAM names have at most {longest} characters; this one has {len(arn.name)}.")


def _iam_type(kind: str, rest: str) -> PrincipalType:
    if kind == "user":
        return PrincipalType.IAM_USER
    if rest.startswith("aws-reserved/"):
        return PrincipalType.SSO_ROLE
    if rest.startswith("aws-service-role/"):
        return PrincipalType.SERVICE_LINKED_ROLE
    if rest.startswith("AWSReservedSSO_"):
        raise BadArn(
            "An Identity Center role’s ARN holds its path: "
            "role/aws-reserved/sso.amazonaws.com/REGION/AWSReservedSSO_NAME_HASH."
        )
    return PrincipalType.IAM_ROLE


def _identity_type(arn: Arn) -> PrincipalType:
    match = _IDENTITY.fullmatch(arn.resource)
    if match is None:
        raise BadArn(
            "Of Identity Center, only users and groups can hold access: "
            "arn:aws:identitystore:::user/ID or …:group/ID."
        )
    is_user = match["kind"] == "user"
    return PrincipalType.IDENTITY_USER if is_user else PrincipalType.IDENTITY_GROUP
