"""`manage.py freeze`: stop writing to AWS, or go on."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from policies.access import operations
from policies.access.errors import Refused
from policies.management import acting
from policies.management.plain_help import PlainHelp
from policies.models import EVERYTHING, AwsAccount, Freeze, Target, account_scope, target_scope

HELP = """\
Stop every write to AWS until it is lifted. Reading goes on, so that pages keep telling the truth;
what waits is listed with its target.

  manage.py freeze --as ada@example.com --reason "restore from last night"
  manage.py freeze --account 111122223333 --as ada@example.com --reason "audit"
  manage.py freeze --target 12 --as ada@example.com --reason "who is it?"
  manage.py freeze --list
  manage.py freeze --lift 3 --as ada@example.com --reason "looked at"

Exit codes: 0 done, 1 refused and nothing changed, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--account", metavar="NUMBER", help="only this AWS account")
        what.add_argument("--target", metavar="ID", type=int, help="only this target")
        what.add_argument("--lift", metavar="ID", type=int, help="lift this freeze")
        what.add_argument("--list", action="store_true", help="what is frozen now")
        parser.add_argument("--json", action="store_true", help="answer as JSON, for programs")
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._say(options, [_facts(one) for one in Freeze.objects.standing()])
            return
        by = acting.actor(options)
        try:
            if options["lift"] is not None:
                row = self._find(Freeze, options["lift"])
                operations.lift(row, by=by, why=options["reason"])
                row.refresh_from_db()
            else:
                row = operations.freeze(self._scope(options), by=by, why=options["reason"])
                row.refresh_from_db()
        except Refused as error:
            raise CommandError(error.message) from error
        self._say(options, [_facts(row)])

    def _scope(self, options: dict[str, Any]) -> str:
        if options["account"]:
            if not AwsAccount.objects.filter(number=options["account"]).exists():
                raise CommandError(f"There is no AWS account {options['account']} here.")
            return account_scope(options["account"])
        if options["target"] is not None:
            return target_scope(self._find(Target, options["target"]))
        return EVERYTHING

    def _find(self, model: Any, pk: int) -> Any:
        row = model.objects.filter(pk=pk).first()
        if row is None:
            raise CommandError(f"There is no {model._meta.verbose_name} {pk}.")
        return row

    def _say(self, options: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        for row in rows:
            state = f"lifted {row['lifted_at']}" if row["lifted_at"] else f"since {row['since_at']}"
            self.stdout.write(f"{row['id']}: {row['scope']}, {state}: {row['why']}")
        if not rows:
            self.stdout.write("Nothing is frozen.")


def _facts(row: Freeze) -> dict[str, Any]:
    return {
        "id": row.pk,
        "scope": row.scope,
        "why": row.why,
        "restored": row.restored,
        "since_at": row.since_at.isoformat(),
        "lifted_at": row.lifted_at.isoformat() if row.lifted_at else None,
    }
