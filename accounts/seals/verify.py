"""Verifying as a whole: this database, or an export with public keys and nothing else."""

from collections.abc import Iterable, Iterator

from django.db import DatabaseError, connections

from accounts import triggers
from accounts.models import Seal
from accounts.seals import checker, transcript
from accounts.seals.copied import Copied
from accounts.seals.findings import Report
from accounts.seals.rows import Row
from accounts.seals.signing import key_id
from accounts.seals.trust import Trust


def database(
    keys: Iterable[str] | None, copies: Iterable[str] | None, *, using: str = "default"
) -> Report:
    """Check the record in a database. The copies are read first: a record grows meanwhile."""
    report = Report()
    held = Copied(copies, report) if copies is not None else None
    for name in sorted(triggers.missing(connections[using])):
        text = f"the trigger {name} is missing: the record could be changed (GH-301)"
        report.add("triggers", text)
    checker.check(_told(transcript.lines(using=using), report), Trust(keys, report), held, report)
    if keys is None:
        report.remark(
            "No public keys were given: the record's own first key was believed. Only keys kept "
            "elsewhere prove who signed (--keys FILE)."
        )
    if held is None:
        _end_is_open(report)
    return report


def export(lines: Iterable[str], keys: Iterable[str], copies: Iterable[str] | None) -> Report:
    """Check an export. Needs no database."""
    report = Report()
    held = Copied(copies, report) if copies is not None else None
    checker.check(checker.read(lines), Trust(keys, report), held, report)
    if held is None:
        _end_is_open(report)
    return report


def public_keys(using: str = "default") -> Iterator[str]:
    """The public keys of the record, oldest first, as a file for `--keys`."""
    told: set[str] = set()
    seals = Seal.objects.using(using).order_by("number")
    changes = seals.exclude(next_key="").values_list("number", "next_key")
    first = seals.values_list("number", "key")[:1]
    for number, key in [*first, *((number + 1, key) for number, key in changes)]:
        if key not in told:
            told.add(key)
            yield f"{key}  # {key_id(key)}, from seal {number} on"


def _told(lines: Iterator[Row], report: Report) -> Iterator[Row]:
    """The lines, until the database itself refuses to be read."""
    try:
        yield from lines
    except (DatabaseError, ValueError, TypeError) as error:
        report.add("unreadable", f"the record cannot be read on: {type(error).__name__}: {error}")


def _end_is_open(report: Report) -> None:
    at = f" after seal {report.head['number']} ({report.head['at']})" if report.head else ""
    report.remark(
        f"Without copies of seals nothing tells whether seals{at} were cut off, or whether who "
        "holds the signing key sealed everything anew (--seals FILE)."
    )
