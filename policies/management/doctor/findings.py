"""One answer of the doctor's: what was asked, how it stands, what to do."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from policies.outcomes import Outcome


class State(StrEnum):
    OK = "ok"
    WARN = "warn"  # it works, and should be looked at
    UNKNOWN = "unknown"  # could not be checked, which is no proof of anything
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """`check`: a name for programs. `where`: account, cluster, identity; empty: everywhere."""

    check: str
    where: str
    state: State
    text: str
    remedy: str = ""
    runbook: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        head = f"{self.state.upper():8}{self.check} {self.where}".rstrip()
        number = f" ({self.runbook})" if self.runbook else ""
        what = f"        {self.text}"
        return "\n".join([head, what, *([f"        {self.remedy}{number}"] if self.remedy else [])])


def ok(check: str, where: str, text: str) -> Finding:
    return Finding(check, where, State.OK, text)


def fail(check: str, where: str, text: str, remedy: str, runbook: str) -> Finding:
    return Finding(check, where, State.FAIL, text, remedy, runbook)


def refused(check: str, where: str, error: Outcome, remedy: str, runbook: str) -> Finding:
    """What AWS or Kubernetes did not let us do, in its own words."""
    return fail(check, where, error.message, remedy, runbook)
