"""`manage.py import_catalogue ACCOUNT`: an AWS account as a catalogue difference."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies import clients
from policies.access.catalogue import state
from policies.management.imports import compare, page
from policies.management.imports.look import look
from policies.management.plain_help import PlainHelp
from policies.models import AwsAccount
from policies.outcomes import Outcome

USAGE = 2

HELP = """\
Read an AWS account with its read role and write, as a catalogue file, what the catalogue does
not say of it yet or says otherwise.

  manage.py import_catalogue 111122223333
  manage.py import_catalogue 111122223333 --region eu-west-1 --output found.yaml
  manage.py apply_catalogue found.yaml --dry-run

Found are portfolios, Studios, EKS clusters, virtual clusters, roles that pods may run as, AWS
identities tagged gatehouse=managed and those of Identity Center, and the buckets that --bucket
names. What the catalogue has and AWS does not is told in comments, like what AWS did not let
us read. Nothing is changed, here or in AWS. The account itself is in the catalogue already,
with its roles.

Runs where the read worker runs: it needs the same AWS credentials.

Exit codes: 0 written, 1 the account could not be read at all, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", metavar="ACCOUNT", help="its twelve digits")
        parser.add_argument("--region", default="", help="left out: the account's own")
        parser.add_argument(
            "--bucket", action="append", default=[], metavar="NAME", help="a bucket; repeatable"
        )
        parser.add_argument("--output", metavar="FILE", help="a new file, not standard output")
        parser.add_argument("--json", action="store_true", help="answer as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        row = AwsAccount.objects.filter(number=options["account"]).first()
        if row is None:
            raise CommandError(
                f"The catalogue does not know the account {options['account']}. Write it under "
                "“accounts”, with its read role, and apply that first (docs/catalogue.md).",
                returncode=USAGE,
            )
        region = options["region"] or row.region
        try:
            reader = clients.reading(row.number, region)
            reader.vouch()
        except Outcome as error:
            raise CommandError(f"{row.number}: {error}") from error
        found = look(reader, row.number, region, options["bucket"])
        difference = compare.compare(found, state.read())
        for section, reasons in found.unread.items():
            for why in reasons:
                self.stderr.write(f"not read ({section}): {why}")
        if options["json"]:
            told = compare.as_json(found, difference)
            self._write(json.dumps(told, indent=2, ensure_ascii=False) + "\n", options["output"])
        else:
            self._write(page.text(found, difference), options["output"])

    def _write(self, text: str, name: str | None) -> None:
        if not name:
            self.stdout.write(text, ending="")
            return
        try:
            with Path(name).open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}.", returncode=USAGE) from error
