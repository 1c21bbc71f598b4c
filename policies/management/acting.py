"""Who answers for what a command writes: `--as EMAIL --reason TEXT`."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import actors
from accounts.actors import Actor, Assurance, Channel
from accounts.models import Person

USAGE = 2


def add_arguments(parser: CommandParser) -> None:
    parser.add_argument(
        "--as", dest="as_email", metavar="EMAIL", help="the administrator who answers for it"
    )
    parser.add_argument("--reason", metavar="TEXT", default="", help="why; kept in the record")


def actor(options: dict[str, Any]) -> Actor:
    """The administrator named by the options. Raises CommandError."""
    email, reason = str(options["as_email"] or "").strip(), str(options["reason"]).strip()
    if not email or not reason:
        raise CommandError(
            "Say who does it and why, with --as EMAIL --reason TEXT.", returncode=USAGE
        )
    person = Person.objects.get_queryset().filter(email__iexact=email).first()
    if person is None or not person.is_administrator:
        raise CommandError(f"{email} is not an administrator here. Nothing was changed.")
    return actors.of_person(person, Channel.COMMAND, assurance=Assurance.NONE)
