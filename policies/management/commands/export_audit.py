"""`manage.py export_audit`: the record and its seals, as lines of JSON."""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q
from django.utils.dateparse import parse_date, parse_datetime

from accounts.models import Person
from accounts.seals import transcript
from accounts.seals.transcript import Choice
from policies.management.plain_help import PlainHelp

USAGE = 2

HELP = """\
Write the record with its seals, one JSON object a line; manage.py verify_audit reads it.

  manage.py export_audit > record.ndjson
  manage.py export_audit --output record.ndjson
  manage.py export_audit --since 2026-01-01 --person ana@example.com --output ana.ndjson

The whole record: verify_audit finds every change, removal, insertion and new order in it.
A choice (--since, --until, --person, --object): every event that is shown can be verified,
with its position; that the choice left out no event that fits cannot be. Of the other events
under the same seals only the digests are written, which tell nothing about them.
Reasons that people wrote are beside their events while they are kept; without them
(--without-notes) the record verifies just as well.

Reads a few hundred rows at a time and changes nothing. Every line: docs/audit.md.

Exit codes: 0 written, 1 failed, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--output",
            metavar="FILE",
            help="write to this new file instead of standard output; an existing one is refused",
        )
        parser.add_argument("--since", metavar="TIME", help="events from this day or time (UTC) on")
        parser.add_argument("--until", metavar="TIME", help="events before this day or time (UTC)")
        parser.add_argument(
            "--person",
            metavar="EMAIL_OR_ID",
            help="events that concern a person, or that this person caused",
        )
        parser.add_argument(
            "--object",
            nargs=2,
            metavar=("KIND", "ID"),
            help="events about one thing",
        )
        parser.add_argument(
            "--without-notes", action="store_true", help="leave out what people wrote as reasons"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        choice = _choice(options)
        with ExitStack() as stack:
            if options["output"]:
                try:
                    file = stack.enter_context(Path(options["output"]).open("x", encoding="utf-8"))
                except OSError as error:
                    text = f"{options['output']}: {error.strerror}."
                    raise CommandError(text, returncode=USAGE) from error
            else:
                file = self.stdout  # type: ignore[assignment]
            _write(transcript.lines(choice), file)


def _write(lines: Iterable[dict[str, Any]], file: Any) -> None:
    for line in lines:
        # ASCII: any tool on the way leaves it alone.
        file.write(json.dumps(line, separators=(",", ":")) + "\n")


def _choice(options: dict[str, Any]) -> Choice:
    """What to show, from the options. Raises CommandError."""
    where, words = Q(), {}
    if options["since"]:
        where &= Q(at__gte=_moment("--since", options["since"]))
        words["since"] = options["since"]
    if options["until"]:
        where &= Q(at__lt=_moment("--until", options["until"]))
        words["until"] = options["until"]
    if options["person"]:
        one = _person(options["person"])
        where &= (
            Q(person_id=one)
            | Q(object_kind="person", object_id=one)
            | Q(actor_kind="person", actor_id=one)
            | Q(on_behalf_of=one)
        )
        words["person"] = one
    if options["object"]:
        kind, name = options["object"]
        where &= Q(object_kind=kind, object_id=name)
        words["object"] = f"{kind} {name}"
    return Choice(where, words, notes=not options["without_notes"])


def _moment(option: str, text: str) -> datetime:
    try:
        day = parse_date(text)
        found = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(
            f"{option} {text}: write a day or a time, 2026-01-31 or 2026-01-31T09:30.",
            returncode=USAGE,
        )
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _person(text: str) -> str:
    if text.isdigit():
        return text
    found = Person.objects.get_queryset().filter(email__iexact=text.strip()).first()
    if found is None:
        raise CommandError(f"--person {text}: nobody has that address here.", returncode=USAGE)
    return str(found.pk)
