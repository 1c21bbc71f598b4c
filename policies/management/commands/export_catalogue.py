"""`manage.py export_catalogue`: write the catalogue back as a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.access.catalogue import export
from policies.management.plain_help import PlainHelp

USAGE = 2

HELP = """\
Write the catalogue as it is now, as a file for apply_catalogue.

  manage.py export_catalogue > company.yaml
  manage.py export_catalogue --output company.yaml

Applied again to the same database, the file changes nothing; the order of its entries is
stable, so it can be kept under version control. It holds people's names and addresses, and
no secrets: no passwords, tokens or external ids. Ended entitlements, ended AWS identities,
requests and grants are not part of a catalogue. Nothing is changed, so no --as is needed.

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

    def handle(self, *args: Any, **options: Any) -> None:
        text = export.write()
        if not options["output"]:
            self.stdout.write(text, ending="")
            return
        try:
            with Path(options["output"]).open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise CommandError(
                f"{options['output']}: {error.strerror}.", returncode=USAGE
            ) from error
