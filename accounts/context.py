"""What is going on in this thread right now: one correlation id, and a few facts for the log.

An edge (a web request, a task) binds them; everything below finds them without being handed
them, so that one id leads from a page to its event, its task, its plan and every log line.
Facts are short technical names and numbers: never a secret, a person's name or free text.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_WELL_FORMED = re.compile(r"[0-9a-f]{32}")
_correlation: ContextVar[str] = ContextVar("correlation", default="")
_facts: ContextVar[Mapping[str, str]] = ContextVar("facts")


def correlation() -> str:
    """The id that is bound here; empty outside of every request and task."""
    return _correlation.get()


def facts() -> Mapping[str, str]:
    return _facts.get({})


def new() -> str:
    return uuid.uuid4().hex


def well_formed(given: object) -> str:
    """`given` as 32 hex digits, a UUID's hyphens and capitals smoothed; empty for all else."""
    text = given.replace("-", "").lower() if isinstance(given, str) and len(given) <= 36 else ""
    return text if _WELL_FORMED.fullmatch(text) else ""


@contextmanager
def bound(correlation: str = "", **more: object) -> Iterator[None]:
    """Bind an id (empty: keep the one there is) and further facts until the block is left."""
    ids = _correlation.set(correlation or _correlation.get())
    told = _facts.set({**facts(), **{name: str(value) for name, value in more.items()}})
    try:
        yield
    finally:
        _facts.reset(told)
        _correlation.reset(ids)
