"""What became of a call to AWS or Kubernetes, as one small set of types.

Edges (`aws`, `kubernetes`) raise these and nothing else; providers and `reconcile`
catch these and nothing else. No Django, no Celery, no boto3: plain values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The eight ways a call can fail (DESIGN §5.13)."""

    TRANSIENT = "transient"
    THROTTLED = "throttled"
    CONFLICT = "conflict"
    QUOTA = "quota"
    DENIED = "denied"
    MISSING = "missing"
    MALFORMED = "malformed"
    PERMANENT = "permanent"


@dataclass(frozen=True)
class Advice:
    """What to tell people about a kind of failure. `runbook` is a heading of docs/runbook.md."""

    runbook: str
    means: str
    remedy: str
    retryable: bool


def gettext_noop(text: str) -> str:
    """Marks a text for translators. It is translated where it is shown: here nobody reads."""
    return text


ADVICE: dict[Kind, Advice] = {
    Kind.TRANSIENT: Advice(
        "GH-101",
        gettext_noop("AWS did not answer, or answered that it is unwell."),
        gettext_noop(
            "Nothing to do: we try again by ourselves. If it lasts an hour, check the AWS "
            "health page."
        ),
        True,
    ),
    Kind.THROTTLED: Advice(
        "GH-102",
        gettext_noop("AWS asked us to slow down, or our own pace for it is used up."),
        gettext_noop("Nothing to do: we try again by ourselves, more slowly."),
        True,
    ),
    Kind.CONFLICT: Advice(
        "GH-103",
        gettext_noop("Somebody else changed the same thing in AWS."),
        gettext_noop(
            "We read it again and try again. If it names an entry not managed here, an "
            "administrator adopts that entry or declines the request."
        ),
        True,
    ),
    Kind.QUOTA: Advice(
        "GH-104",
        gettext_noop("An AWS quota is full."),
        gettext_noop("Raise the quota in AWS or end access that is no longer needed, then retry."),
        False,
    ),
    Kind.DENIED: Advice(
        "GH-105",
        gettext_noop("AWS refused our own worker role."),
        gettext_noop(
            "An administrator grants the worker role the action that AWS names, and we retry "
            "when asked to."
        ),
        False,
    ),
    Kind.MISSING: Advice(
        "GH-106",
        gettext_noop("AWS does not know something this access names."),
        gettext_noop(
            "If it is new, we try again for a minute by ourselves. Else check that it exists in "
            "that account and region, then retry."
        ),
        False,
    ),
    Kind.MALFORMED: Advice(
        "GH-107",
        gettext_noop("What AWS holds cannot be read, so we will not write over it."),
        gettext_noop("An administrator mends the document by hand, and we retry when asked to."),
        False,
    ),
    Kind.PERMANENT: Advice(
        "GH-108",
        gettext_noop("AWS refused the change and will refuse it again."),
        gettext_noop(
            "An administrator reads AWS's own words and changes the request or the catalogue; "
            "then we retry."
        ),
        False,
    ),
}


# No call failed: the place belongs to others, who make the change that they are shown.
EXTERNAL = Advice(
    "GH-205",
    gettext_noop("This place is managed by others (Terraform, for example)."),
    gettext_noop(
        "An administrator passes them the change that is shown with the target. They make it, and "
        "Gatehouse confirms it when it sees it there."
    ),
    False,
)


class Outcome(Exception):
    """A call that did not succeed, typed.

    `lost` is true when the request may have been applied although no usable answer came:
    then only reading AWS back can tell. `code` and `request_id` are AWS's own, where known.
    `retry_after`: seconds that whoever turned us away wants to pass first; 0 when not said.
    `each`: where one write of many keys went without some of them, what became of those; the
    others were written.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        lost: bool = False,
        code: str = "",
        request_id: str = "",
        retry_after: float = 0.0,
        each: Mapping[str, "Outcome"] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.lost = lost
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after
        self.each = dict(each or {})

    @property
    def advice(self) -> Advice:
        return ADVICE[self.kind]

    def __str__(self) -> str:
        return f"{self.message} ({self.advice.runbook})"
