"""What a refusal of AWS means: a `Kind` for each code, more than one for the few that have two.

Pure. A code of the table decides, unless AWS's own words or the operation say more; a code that
is nowhere (a proxy's page, a service newer than this table) goes by the HTTP status.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from policies.documents.aws_codes import CODES
from policies.outcomes import Kind

_BY_STATUS = {
    401: Kind.DENIED,
    403: Kind.DENIED,
    408: Kind.TRANSIENT,
    409: Kind.CONFLICT,
    412: Kind.CONFLICT,
    413: Kind.QUOTA,
    429: Kind.THROTTLED,
    501: Kind.PERMANENT,
}


@dataclass(frozen=True)
class Answer:
    """A refusal as AWS gave it. `service` and `operation` are named as boto3 names them."""

    service: str
    operation: str
    code: str
    message: str
    status: int


@dataclass(frozen=True)
class _Case:
    """A code whose meaning hangs on where it comes from or on AWS's own words (lower case)."""

    kind: Kind
    code: str
    says: str = ""
    service: str = ""
    operation: str = ""

    def fits(self, answer: Answer) -> bool:
        return (
            self.code in {"", answer.code}
            and self.service in {"", answer.service}
            and self.operation in {"", answer.operation}
            and self.says in answer.message.lower()
        )


# The first that fits decides. What a new principal meets while AWS does not know it everywhere
# is MISSING, whatever the service calls it: a give is then tried again for a minute.
_CASES = (
    # IAM says LimitExceeded of quotas, and now and then of the rate.
    _Case(Kind.THROTTLED, "", "rate exceeded"),
    _Case(Kind.THROTTLED, "LimitExceededException", service="logs", operation="start_query"),
    _Case(Kind.MISSING, "MalformedPolicyDocument", "invalid principal in policy"),
    _Case(Kind.MISSING, "MalformedPolicy", "invalid principal in policy"),
    _Case(Kind.QUOTA, "MalformedPolicy", "exceeds the maximum"),
    _Case(Kind.MISSING, "InvalidParametersException", "does not exist", "servicecatalog"),
    _Case(Kind.MISSING, "InvalidParameterException", "invalid principal", "eks"),
    # EMR has one code for every refusal; only its words differ.
    _Case(Kind.MISSING, "InvalidRequestException", "does not exist", "emr"),
    _Case(Kind.CONFLICT, "InvalidRequestException", "already exists", "emr"),
    _Case(Kind.QUOTA, "InvalidRequestException", "limit", "emr"),
    _Case(Kind.QUOTA, "InvalidRequestException", "maximum number", "emr"),
    _Case(Kind.DENIED, "InvalidRequestException", "not authorized", "emr"),
    # S3 refuses a policy that Block Public Access forbids as if we lacked the right.
    _Case(Kind.PERMANENT, "AccessDenied", "public policies are blocked", "s3"),
    # HeadBucket has no body to carry a code.
    _Case(Kind.MISSING, "404", service="s3"),
    # EMR on EKS says so of a virtual cluster that is gone.
    _Case(Kind.MISSING, "ValidationException", "does not exist", "emr-containers"),
)


def kind(answer: Answer) -> Kind:
    """Total: every answer has a kind."""
    for case in _CASES:
        if case.fits(answer):
            return case.kind
    code = answer.code
    for known in (code, code.removesuffix("Exception")):
        if known in CODES:
            return CODES[known]
    return by_status(answer.status)


def by_status(status: int) -> Kind:
    """For an answer whose code says nothing."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return Kind.TRANSIENT if status >= 500 else Kind.PERMANENT


def may_have_happened(answer: Answer) -> bool:
    """Whether a write that was answered so may be stored all the same: the service failed.

    A throttled call was turned away at the door, and one refused with 4xx was not carried out.
    """
    return answer.status >= 500 and kind(answer) is Kind.TRANSIENT


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that an answer asks us to wait (RFC 9110 §10.2.3, and AWS's own in ms); 0: none.

    A date instead of seconds is left alone: it would need a clock that both sides share.
    """
    for name, unit in (("x-amz-retry-after", 0.001), ("retry-after", 1.0)):
        text = str(headers.get(name, "")).strip()
        if text.isascii() and text.isdigit():
            return int(text[:9]) * unit
    return 0.0
