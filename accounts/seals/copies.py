"""Copies of the seals, outside the database: who rewrites the database is contradicted by them.

Each seal goes to standard output as one line of JSON when it is made, and with
AUDIT_SEAL_FILE set to that file. What the file missed (a full disk, a worker that died) it
gets with the next run.
"""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from accounts.models import Seal
from accounts.seals.rows import Row, seal_line

logger = logging.getLogger(__name__)
# Its lines are the copies: portal.settings sends them to standard output as they are.
printed = logging.getLogger("accounts.seals.printed")

TAIL_BYTES = 8192
LINES_AT_ONCE = 500


def tell(seal: Seal) -> None:
    """Print one seal that has just been committed."""
    printed.info("%s", text_of(seal_line(seal)))


def catch_up() -> None:
    """Bring AUDIT_SEAL_FILE up to date. A file that cannot be written stops no sealing."""
    if not settings.AUDIT_SEAL_FILE:
        return
    try:
        with Path(settings.AUDIT_SEAL_FILE).open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # two sealers at once: one after the other
            _append(file)
    except OSError as error:
        logger.error(
            "AUDIT_SEAL_FILE cannot be written: %s. Seals are missing there (GH-314).",
            error.strerror,
        )


def text_of(line: Row) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def line_of(text: str) -> Row | None:
    """The seal in one line of a copy, whatever a log put before it; None when there is none."""
    _before, brace, rest = text.partition("{")
    try:
        line: Any = json.loads(brace + rest)
    except ValueError:
        return None
    return line if isinstance(line, dict) and line.get("kind") == "seal" else None


def _append(file: IO[bytes]) -> None:
    last, torn = _end(file)
    if torn:
        file.write(b"\n")
    for seal in _missing(last):
        file.write((text_of(seal_line(seal)) + "\n").encode())
    file.flush()
    os.fsync(file.fileno())


def _end(file: IO[bytes]) -> tuple[Row | None, bool]:
    """The last whole seal in the file, and whether its last line was cut off."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL_BYTES))
    tail = file.read()
    lines = filter(None, map(line_of, reversed(tail.decode(errors="replace").split("\n"))))
    return next(lines, None), bool(tail) and not tail.endswith(b"\n")


def _missing(last: Row | None) -> Iterator[Seal]:
    """The seals that come after `last`. A database that knows another one there is reported."""
    after = last["number"] if last else 0
    if last and not Seal.objects.filter(number=after, digest=last["digest"]).exists():
        logger.error(
            "AUDIT_SEAL_FILE ends with seal %s, which is not in the database: it was restored or "
            "rewritten. Run manage.py verify_audit --seals FILE (GH-315).",
            after,
        )
        after = min(after, _newest() - 1)
    yield from Seal.objects.filter(number__gt=after).order_by("number").iterator(LINES_AT_ONCE)


def _newest() -> int:
    return Seal.objects.order_by("-number").values_list("number", flat=True).first() or 1
