"""`manage.py seal_audit`: seal what waits now, and go on when the signing key was lost."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import actors, audit
from accounts.actors import Actor, Assurance, Channel
from accounts.audit import What
from accounts.models import Person
from accounts.seals import copies, sealer, signing
from accounts.seals.sealer import CannotSeal
from policies.management.plain_help import PlainHelp

USAGE = 2

HELP = """\
Seal the events that wait, at once. The write workers do this by themselves every few seconds.

  manage.py seal_audit
  manage.py seal_audit --without-handover --as ada@example.com --reason "disk lost, T-512"

--without-handover is for a signing key that is lost for ever: sealing goes on under the first
key of AUDIT_SIGNING_KEYS, which must be a new one. That is recorded, and verify_audit remarks
on it from then on; give its readers the new public key (docs/audit.md, Keys). While the old
key can still be had, put it back instead: write NEW,OLD into AUDIT_SIGNING_KEYS.

Needs the private key: run it where a write worker runs.

Exit codes: 0 sealed (or nothing waits), 1 failed, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without-handover", action="store_true", help="go on under a new key; the old is lost"
        )
        parser.add_argument(
            "--as", dest="as_email", metavar="EMAIL", help="the administrator who answers for it"
        )
        parser.add_argument("--reason", metavar="TEXT", default="", help="why; kept in the record")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["without_handover"]:
                _go_on(_actor(options["as_email"], options["reason"]), options["reason"])
            sealed = sealer.seal_waiting()
        except CannotSeal as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{sealed} events sealed.")


def _go_on(by: Actor, reason: str) -> None:
    """The first seal of the new key holds the event that says so, or neither is made."""
    key = signing.signers()[0].public
    with transaction.atomic():
        about = ("audit_key", signing.key_id(key))
        audit.record(What.AUDIT_KEY_REPLACED, by=by, about=about, after={"key": key}, why=reason)
        seal = sealer.seal_batch(without_handover=True)
        if seal is None:
            raise CannotSeal("Somebody else sealed at this moment; nothing was done. Try again.")
    copies.tell(seal)


def _actor(email: str | None, reason: str) -> Actor:
    if not email or not reason.strip():
        raise CommandError(
            "Say who answers for it and why: --as EMAIL --reason TEXT.", returncode=USAGE
        )
    person = Person.objects.get_queryset().filter(email__iexact=email.strip()).first()
    if person is None or not person.is_administrator:
        raise CommandError(f"{email} is not an administrator here. Nothing was changed.")
    return actors.of_person(person, Channel.COMMAND, assurance=Assurance.NONE)
