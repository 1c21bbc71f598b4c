"""One line per step, as it happens; or one JSON document at the end."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from policies.access.errors import Refused
from policies.management.processes import Late
from policies.management.smoke.outside import Mark, Outside
from policies.outcomes import Outcome

T = TypeVar("T")
OK, FAIL, SKIP = "ok", "FAIL", "skip"


class Failed(Exception):
    """A step went wrong; the text is one line."""


class Abandoned(Exception):
    """A step has been reported as failed: what builds on it is not tried."""


@dataclass(frozen=True)
class Line:
    result: str
    subject: str
    step: str
    seconds: float = 0.0
    calls: dict[str, int] = field(default_factory=dict)
    why: str = ""

    def __str__(self) -> str:
        counted = ", ".join(f"{name} {number}" for name, number in self.calls.items())
        tail = self.why or (f"calls: {counted}" if counted else "")
        took = f"{self.seconds:6.1f} s" if self.result != SKIP else " " * 8
        return f"{self.result:<5} {self.subject:<11} {self.step:<28} {took}  {tail}".rstrip()


class Report:
    def __init__(self, outside: Outside, *, as_json: bool) -> None:
        self._outside, self._as_json = outside, as_json
        self._began = time.monotonic()
        self.lines: list[Line] = []
        self._say(f"Gatehouse smoke on {outside.said}")

    def step(self, subject: str, step: str, work: Callable[[], T]) -> T:
        """Do the work and report it. Raises Abandoned when it fails in a way we have words for."""
        began, mark = time.monotonic(), None
        try:
            mark = self._outside.mark()
            answer = work()
            calls = mark.since()
        except (Failed, Late, Refused, Outcome, OSError) as error:
            took = time.monotonic() - began
            self._add(Line(FAIL, subject, step, took, _calls(mark), _why(error)))
            raise Abandoned from error
        self._add(Line(OK, subject, step, time.monotonic() - began, calls))
        return answer

    def skip(self, subject: str, step: str, why: str) -> None:
        self._add(Line(SKIP, subject, step, why=why))

    def end(self) -> int:
        """The closing line; 0 when every step went well, 1 otherwise."""
        count = {one: sum(line.result == one for line in self.lines) for one in (OK, FAIL, SKIP)}
        good = count[FAIL] == 0 and count[SKIP] == 0 and count[OK] > 0
        seconds = time.monotonic() - self._began
        self._say(
            f"smoke: {count[OK]} ok, {count[FAIL]} failed, {count[SKIP]} not run, {seconds:.0f} s"
        )
        if self._as_json:
            steps = [asdict(line) for line in self.lines]
            print(json.dumps({"on": self._outside.said, "ok": good, "steps": steps}), flush=True)
        return 0 if good else 1

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        self._say(str(line))

    def _say(self, text: str) -> None:
        if not self._as_json:
            print(text, flush=True)


def _calls(mark: Mark | None) -> dict[str, int]:
    """The calls of a step that failed, unless it is their journal that cannot be read."""
    try:
        return mark.since() if mark else {}
    except OSError:
        return {}


def _why(error: Exception) -> str:
    """The typed outcome and its words, on one line."""
    # Some answers are whole web pages; their markup tells nobody anything.
    text = " ".join(str(error).partition("<!")[0].split())[:300]
    return f"{error.kind}: {text}" if isinstance(error, Outcome) else text
