"""Every AWS call that reached the fake, in order: what smoke, bench and tests count."""

import re
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Response

KEPT = 500_000
XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")
JSON_CODE = re.compile(rb'"(?:__type|code)":\s*"([^"]+)"')


@dataclass(frozen=True)
class Entry:
    """One call; `status` 0 and no error when the connection ended without an answer."""

    n: int
    time: str
    account: str
    region: str
    service: str
    operation: str
    role: str
    session: str
    status: int
    error: str
    fault: str
    seconds: float


class Journal:
    """The calls, numbered from 1; the oldest are forgotten past `KEPT`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0
        self._writes = 0
        self._entries: deque[Entry] = deque(maxlen=KEPT)

    def add(self, writes: bool, **facts: Any) -> None:
        """Record a call that has just been answered (or was not)."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self._last += 1
            self._writes += writes
            self._entries.append(Entry(n=self._last, time=now, **facts))

    @property
    def writes(self) -> int:
        """How many writes there have been since the fake started: a clock of changes."""
        return self._writes

    def since(self, n: int = 0) -> dict[str, Any]:
        """The calls after number n, and the number to ask from next time."""
        with self._lock:
            calls = [asdict(entry) for entry in self._entries if entry.n > n]
            return {"calls": calls, "next": self._last}

    def clear(self) -> None:
        """Forget the calls; numbers go on from 1."""
        with self._lock:
            self._entries.clear()
            self._last = 0


def error_code(response: Response) -> str:
    """The code of an error answer in any AWS protocol; empty for a success."""
    if response.status_code < 400:
        return ""
    body = response.get_data()
    if header := response.headers.get("x-amzn-errortype"):
        return str(header).split("#")[-1].split(":")[0]
    found = XML_CODE.search(body) or JSON_CODE.search(body)
    return found.group(1).decode().split("#")[-1] if found else str(response.status_code)


journal = Journal()
