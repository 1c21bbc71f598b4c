"""`manage.py apply_catalogue FILE`: bring the catalogue to what a file says."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import actors
from accounts.actors import Actor, Assurance, Channel
from accounts.models import Person
from policies import lifecycle
from policies.access.catalogue import apply, document
from policies.access.catalogue.file import LARGEST
from policies.access.catalogue.problems import BadCatalogue
from policies.management import catalogue_words as words
from policies.management.plain_help import PlainHelp

USAGE = 2

HELP = """\
Read a catalogue file (YAML), show what it would change, and change it.

The file says which AWS accounts, portfolios, clusters, virtual clusters, roles, people,
services, AWS identities, approval policies, entitlements and bundles there are. Every key is
explained in docs/catalogue.md; docs/catalogue.example.yaml is a whole file to start from.

  manage.py apply_catalogue company.yaml --dry-run
  manage.py apply_catalogue company.yaml
  manage.py apply_catalogue company.yaml --as ada@example.com --reason "new cluster, T-512"

Facts (accounts, places, people) change at once. Rules (approval policies, account roles,
entitlements, bundles, portal roles) become proposals that a second administrator accepts,
and new AWS identities wait for a second administrator's confirmation. While there are not
yet two administrators, rules change at once, too: so the first file needs no --as, and its
people with the portal role “administrator” are the first administrators.

What the database has and the file does not name is left alone. To end an entitlement or a
bundle, write “ended: true” in it. Applying the same file again does nothing.

Exit codes: 0 applied (or nothing to do), 1 refused and nothing changed, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the catalogue file (UTF-8, YAML)")
        parser.add_argument(
            "--dry-run", action="store_true", help="show the difference and change nothing"
        )
        parser.add_argument("--json", action="store_true", help="answer as JSON, for programs")
        parser.add_argument(
            "--as",
            dest="as_email",
            metavar="EMAIL",
            help="the administrator who answers for the change; needed once there is one",
        )
        parser.add_argument(
            "--reason",
            metavar="TEXT",
            default="",
            help="why; kept in the record (with --as, unless --dry-run)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = str(options["file"])
        try:
            with Path(name).open("rb") as source:
                data = source.read(LARGEST + 1)
        except OSError as error:
            raise CommandError(f"{name}: {error.strerror}.", returncode=USAGE) from error
        by = _actor(options["as_email"], options["reason"] or options["dry_run"] * "dry run")
        try:
            self._apply(name, data, by, options)
        except BadCatalogue as error:
            if options["json"]:
                self.stdout.write(json.dumps(words.refusal_json(error), ensure_ascii=False))
            raise CommandError(words.refusal(name, error)) from error
        except IntegrityError as error:
            raise CommandError(
                f"{name}: the database refused ({error}). Nothing was changed. If somebody else "
                "was changing the catalogue, run this again; if two entries trade a name or an "
                "ARN, do it in two files."
            ) from error

    def _apply(self, name: str, data: bytes, by: Actor, options: dict[str, Any]) -> None:
        """Everything in one transaction; a dry run does all of it and takes it back."""
        wish = document.read(data)
        show = not options["json"]
        with transaction.atomic():
            plan = apply.plan(wish, by=by)
            if show and plan.changes:
                self.stdout.write(words.difference(plan))
            result = apply.carry_out(
                plan,
                by=by,
                now=timezone.now(),
                reason=options["reason"] or f"catalogue file {Path(name).name}",
                digest=hashlib.sha256(data).hexdigest(),
                lives=lifecycle,
            )
            if options["dry_run"]:
                transaction.set_rollback(True)
        if show:
            self.stdout.write(words.summary(name, plan, result, dry_run=options["dry_run"]))
        else:
            answer = words.result_json(plan, result, dry_run=options["dry_run"])
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))


def _actor(email: str | None, reason: str) -> Actor:
    """Who answers for it: a named administrator, or the system before there is any."""
    if not email:
        if apply.needs_person():
            raise CommandError(
                "This installation has administrators: say who changes it and why, with "
                "--as EMAIL --reason TEXT.",
                returncode=USAGE,
            )
        return actors.system(channel=Channel.COMMAND)
    if not reason.strip():
        raise CommandError("Say why, with --reason TEXT.", returncode=USAGE)
    person = Person.objects.get_queryset().filter(email__iexact=email.strip()).first()
    if person is None or not person.is_administrator:
        raise CommandError(
            f"{email} is not an administrator here. Nothing was changed. Name an administrator "
            "who works here; on an empty installation, leave --as out."
        )
    return actors.of_person(person, Channel.COMMAND, assurance=Assurance.NONE)
