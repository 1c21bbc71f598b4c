"""How long a pass waited in AWS calls, and how long it was at its own work.

A call lasts from asking boto3's client until it returns, and from connecting to a cluster until
its answer. All else is ours (Django, the database, folding, the making of boto3's clients) but
for the time this process stood in line for a processor, which says only how busy the machine is.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from policies.https import Connection

SCHEDULED = Path("/proc/thread-self/schedstat")


@dataclass
class Wire:
    """Seconds in calls since the last `start`, of these in line for a processor, and requests."""

    seconds: float = 0.0
    in_line: float = 0.0
    requests: int = 0

    def start(self) -> None:
        self.seconds, self.in_line, self.requests = 0.0, 0.0, 0


@dataclass(frozen=True)
class Pass:
    """One call of `converge`: what it was, and where its time went."""

    target: int
    what: str  # write, look, settle
    late: float  # seconds after it was due
    size: int  # unreleased deliveries of the target
    wall: float
    waited: float
    in_line: float  # for a processor, outside of calls
    stood: float  # the same, calls included
    cpu: float
    requests: int

    @property
    def own(self) -> float:
        return self.wall - self.waited - self.in_line


@contextmanager
def watched() -> Iterator[Wire]:
    """Calls of boto3 and requests to Kubernetes are timed while the block runs."""
    wire = Wire()
    with (
        mock.patch.object(BaseClient, "_make_api_call", _timed(wire, BaseClient._make_api_call)),
        mock.patch.object(Connection, "send", _timed(wire, Connection.send)),
    ):
        yield wire


def stood_in_line() -> float:
    """Seconds this thread was ready to run and had no processor (Linux); 0 where nobody counts."""
    try:
        return int(SCHEDULED.read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _timed(wire: Wire, send: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began, in_line = time.perf_counter(), stood_in_line()
        try:
            return send(*arguments, **named)
        finally:
            wire.in_line += stood_in_line() - in_line
            wire.seconds += time.perf_counter() - began
            wire.requests += 1

    return timed
