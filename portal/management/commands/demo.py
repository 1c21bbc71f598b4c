"""`manage.py demo`: a whole company on this machine. `make demo` is the way to it."""

from argparse import SUPPRESS
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.management.plain_help import PlainHelp
from portal.demo import launcher

HELP = """A believable company on this machine: a fake AWS, web, workers and beat, all on 127.0.0.1.

Its data lies in .state/demo/PORT while it runs, new at each start. Ctrl-C ends every process.

environment:
  DEMO_PORT=N        the port of the web pages; without it 8000
  DEMO_INFO=FILE     when everything answers, addresses and sign-ins are written there as JSON
  AWS_ENDPOINT_URL   use the AWS that answers there; nothing is started or filled in it
  DATABASE_URL       an empty database to use; without it a new SQLite file

exit code: 0 ended by a person, 1 a process ended by itself, 2 the demo could not start."""


class Command(PlainHelp, BaseCommand):
    help = HELP
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        inside = ("fill", "first-day")
        parser.add_argument("--inside", choices=inside, help=SUPPRESS)
        parser.add_argument("--to", type=Path, help=SUPPRESS)
        parser.add_argument("--own-aws", action="store_true", help=SUPPRESS)

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["inside"] == "fill":
            from portal.demo import company

            try:
                company.fill(options["to"], own_aws=options["own_aws"])
            except company.NotOurs as error:
                raise CommandError(str(error)) from error
        elif options["inside"] == "first-day":
            from portal.demo import first_day

            first_day.begin()
        else:
            raise SystemExit(launcher.run())
