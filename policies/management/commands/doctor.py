"""`manage.py doctor`: can this installation do its job?"""

import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies import clients
from policies.management.doctor import accounts, installation
from policies.management.doctor.findings import Finding, State
from policies.management.plain_help import PlainHelp
from policies.models import AwsAccount

HELP = """\
Can this installation do its job? Every answer with what to do, and a number of the runbook.

  manage.py doctor
  manage.py doctor --json

Asked are the database and its migrations, the broker, the workers' signs of life, keys and
clocks; then, for each AWS account of the catalogue, both roles, one place of each kind as a
pass reads it, each cluster's Kubernetes API, IAM's own simulation of what our roles may do,
and the tags and boundaries of the identities that hold access. Nothing is changed.

Runs where the write worker runs: it needs the same AWS credentials. “unknown” is what could
not be checked (often the simulation, which a role must be allowed to ask for); it is told
and fails nothing.

Exit codes: 0 nothing fails, 1 something does, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="answer as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        found = []
        for one in findings():
            found.append(one)
            if not options["json"]:
                self.stdout.write(str(one))
        if options["json"]:
            rows = [one.as_json() for one in found]
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
        failing = sum(one.state is State.FAIL for one in found)
        if failing:
            raise CommandError(f"{failing} of {len(found)} answers fail.")


def findings() -> Iterator[Finding]:
    """From the ground up: without a database nothing else can be asked."""
    base = installation.database()
    yield from base
    if base[0].state is State.FAIL:
        return
    yield from installation.rest()
    clients.forget_sessions()
    for account in AwsAccount.objects.order_by("number"):
        yield from accounts.findings(account)
