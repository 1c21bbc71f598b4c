"""Single values of a catalogue file: text in, value out, or Wrong with what to write instead.

Pure: nothing here knows the file or the database.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from accounts import arns
from policies.access.catalogue.problems import guess, listed
from policies.documents import crossing, databricks, names

Parse = Callable[[str], object]


class Wrong(ValueError):
    """A value we refuse: `what` is wrong with it, and the `remedy`."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


def matching(pattern: str, what: str, example: str) -> Parse:
    """Text that is wholly `pattern`; `what` names it in messages."""
    known = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if not known.fullmatch(text):
            raise Wrong(f"“{text[:80]}” is not {what}.", f"It looks like {example}.")
        return text

    return parse


SLUG = matching(r"[A-Za-z0-9_-]{1,80}", "a short name", "spark-templates")
ACCOUNT = matching(r"\d{12}", "an account number", "111122223333 (twelve digits)")
PARTITION = matching(r"aws(-[a-z]+)*", "an AWS partition", "aws")
REGION = matching(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}", "an AWS region", "eu-central-1")
PORTFOLIO = matching(r"port-[A-Za-z0-9-]{1,55}", "a portfolio id", "port-2s6abcdq5wdh4")
VIRTUAL_CLUSTER = matching(
    r"[A-Za-z0-9-]{1,64}", "a virtual cluster id", "0b0qvauoy3ch1nqodxxxxxxxx"
)
# eksctl and the EKS API: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html
CLUSTER = matching(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", "an EKS cluster name", "analytics-prod")
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
NAMESPACE = matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "a namespace", "emr-nightly")
_HOST_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HOST = matching(
    rf"(?=.{{1,200}}$){_HOST_LABEL}(\.{_HOST_LABEL})+(:\d{{1,5}})?",
    "a host name without https://",
    "dbc-a1b2345c-d6e7.cloud.databricks.com",
)
ISSUER = matching(
    rf"(?=.{{1,200}}$){_HOST_LABEL}(\.{_HOST_LABEL})+(/[A-Za-z0-9]+)+",
    "an OIDC issuer without https://",
    "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
)
STUDIO = matching(r"es-[A-Z0-9]{1,37}", "a Studio id", "es-0123456789ABCDEFGHIJKLMNO")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BUCKET = matching(
    r"(?!xn--|sthree-)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "a bucket name", "team-data"
)
POLICY_ARN = matching(
    r"arn:aws(-[a-z]+)*:iam::(aws|\d{12}):policy/[A-Za-z0-9+=,.@_/-]{1,200}",
    "the ARN of a managed policy",
    "arn:aws:iam::111122223333:policy/studio-basic",
)
KEY_ARN = matching(
    r"arn:aws(-[a-z]+)*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]{1,64}",
    "the ARN of a KMS key",
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
)
# https://docs.aws.amazon.com/opensearch-service/latest/APIReference/API_CreateDomain.html
DOMAIN = matching(r"[a-z][a-z0-9-]{2,27}", "a domain name", "logs")
REFERENCE = matching(r"[A-Z][A-Z0-9_]{0,79}", "the name of a secret", "ANALYTICS_WORKSPACE")
FILE_NAME = matching(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,119}", "a bare file name", "main.kubeconfig")


def prefix(value: str) -> str:
    if not crossing.is_prefix(value):
        raise Wrong(
            f"“{value[:80]}” is not a prefix that ends in “/”.", "It looks like sales/daily/."
        )
    return value


def workspace_group(value: str) -> str:
    if not databricks.is_group(value):
        raise Wrong(
            f"“{value[:80]}” is not a group's name here.",
            "Letters, digits, spaces and . _ @ + -; up to 100.",
        )
    return value


def text(longest: int, *, empty: bool = True) -> Parse:
    def parse(value: str) -> str:
        if not empty and not value.strip():
            raise Wrong("This is empty.", "Write a text.")
        if len(value) > longest:
            raise Wrong(f"This has {len(value)} characters.", f"Write at most {longest}.")
        return value

    return parse


def one_of(known: Iterable[str]) -> Parse:
    words = list(known)

    def parse(value: str) -> str:
        if value not in words:
            raise Wrong(
                f"“{value[:80]}” is not known here.{guess(value, words)}",
                f"Write one of: {listed(words)}.",
            )
        return value

    return parse


def whole(lowest: int, highest: int) -> Parse:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,9}", value, re.ASCII) or not lowest <= int(value) <= highest:
            raise Wrong(
                f"“{value[:80]}” is not a number from {lowest} to {highest}.",
                "Write digits only.",
            )
        return int(value)

    return parse


def yes_no(value: str) -> bool:
    if value not in {"true", "false"}:
        raise Wrong(f"“{value[:80]}” is neither true nor false.", "Write true or false.")
    return value == "true"


def day(value: str) -> str:
    """A date, kept as ISO 8601 text, which is how rules and history hold dates."""
    try:
        if len(value) != len("2026-12-31"):
            raise ValueError(value)
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise Wrong(f"“{value[:80]}” is not a date.", "Write it like 2026-12-31.") from error


def email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError as error:
        raise Wrong(
            f"“{value[:80]}” is not an e-mail address.", "It looks like name@example.com."
        ) from error
    return value.lower()


def principal(value: str) -> str:
    """The ARN of somebody who can hold access."""
    try:
        return str(arns.principal(value)[0])
    except arns.BadArn as error:
        raise Wrong(str(error), "Correct the ARN.") from error


def role(value: str) -> str:
    """The ARN of an IAM role; what may be assumed and passed."""
    arn = principal(value)
    kind = arns.principal(arn)[1]
    if kind is not arns.PrincipalType.IAM_ROLE:
        raise Wrong(
            f"This is the ARN of something else: {kind.label}.",
            "Write an IAM role’s own ARN: arn:aws:iam::111122223333:role/NAME.",
        )
    return arn


def username(value: str) -> str:
    return _kubernetes(names.check_username, value)


def group(value: str) -> str:
    return _kubernetes(names.check_group, value)


def _kubernetes(check: Callable[[str], str], value: str) -> str:
    try:
        return check(value)
    except names.BadName as error:
        raise Wrong(f"{error.what}: {error.why}", error.remedy) from error
