"""`manage.py smoke`: the main job end to end, without a browser, one line per step."""

import os
from argparse import SUPPRESS
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from policies.management.plain_help import PlainHelp
from policies.management.smoke import kinds, launcher
from policies.management.smoke.launcher import FACTS

HELP = """For each kind of access: asked, approved, seen in AWS, ended, seen gone. Then an expiry,
something that was there before, a leaver, and what others have in the same places.

Everything happens in a temporary folder, with its own database and real workers; nothing of
this installation is read or changed. What it makes in AWS it removes again.

environment:
  (nothing)             the fake AWS of tests/fakes, started here
  AWS_ENDPOINT_URL      use the AWS that answers there, with the caller's own credentials
  SMOKE_ACCOUNT=ID      use the real account ID; refused unless STS answers that id
  SMOKE_KUBECONFIG=FILE the cluster of the file's current-context gets the aws-auth rows;
                        without it a strict server started here, when AWS is not the fake
  SMOKE_BROKER_URL=URL  wake the workers through this broker; without it through files

exit code: 0 all well, 1 a step failed, 2 smoke could not begin, 130 stopped."""


class Command(PlainHelp, BaseCommand):
    help = HELP
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document at the end")
        known = [one.slug for one in kinds.every()]
        parser.add_argument("--only", action="append", choices=known, help="this kind; repeatable")
        parser.add_argument("--inside", action="store_true", help=SUPPRESS)

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["inside"]:
            from policies.management.smoke import main

            facts = Path(os.environ[FACTS])
            code = main.run(facts, as_json=options["json"], only=options["only"] or ())
        else:
            arguments = ["--json"] if options["json"] else []
            arguments += [f"--only={one}" for one in options["only"] or ()]
            code = launcher.run(arguments)
        raise SystemExit(code)
