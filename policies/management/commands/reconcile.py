"""`manage.py reconcile`: look at targets now, or tell what the next pass would do."""

import json
import time
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models.functions import Now
from django.utils import timezone

from policies import reconcile
from policies.management.plain_help import PlainHelp
from policies.models import Phase, Target
from policies.outcomes import Outcome

HELP = """\
Read targets from AWS now and make them as they should be, as a worker does; or only tell.

  manage.py reconcile 12 --dry-run      what the next pass over target 12 would change
  manage.py reconcile --all --dry-run   the same for every target
  manage.py reconcile 12                passes over target 12 until it rests

Runs where the write worker runs: it needs the same AWS credentials. It decides nothing: freezes,
the brake and each target's choice of repair hold here, too.

Exit codes: 0 as it should be, 1 a target is not settled or would change, 2 wrong usage.
"""
AT_REST = {Phase.SETTLED, Phase.HELD, Phase.STUCK, Phase.WAITING}


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", nargs="?", type=int, metavar="TARGET", help="a target's id")
        parser.add_argument("--all", action="store_true", help="every target")
        parser.add_argument("--dry-run", action="store_true", help="read and tell, write nothing")
        parser.add_argument("--json", action="store_true", help="answer as JSON, for programs")
        parser.add_argument(
            "--seconds", type=float, default=900.0, help="how long to wait for a target to rest"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if (options["target"] is None) == (not options["all"]):
            raise CommandError("Name one TARGET, or --all.", returncode=2)
        targets = Target.objects.order_by("pk")
        if options["target"] is not None:
            targets = targets.filter(pk=options["target"])
            if not targets.exists():
                raise CommandError(f"There is no target {options['target']}.")
        found = []
        for target in targets.iterator():
            row = _foreseen(target) if options["dry_run"] else _rested(target, options["seconds"])
            found.append(row)
            if not options["json"]:
                self.stdout.write(_line(row))
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        open_ones = [row for row in found if not row["as_wanted"]]
        if open_ones:
            raise CommandError(f"{len(open_ones)} of {len(found)} are not as they should be.")


def _foreseen(target: Target) -> dict[str, Any]:
    row = {"target": target.pk, "what": str(target), "phase": str(target.phase)}
    try:
        seen = reconcile.foresee(target)
    except Outcome as error:
        return {**row, "error": str(error), "as_wanted": False}
    odd = any(seen[name] for name in ("changes", "drift", "conflicts", "orphans"))
    return {**row, **seen, "as_wanted": not odd}


def _rested(target: Target, seconds: float) -> dict[str, Any]:
    Target.objects.filter(pk=target.pk).update(next_look_at=Now())
    end = time.monotonic() + seconds
    while True:
        reconcile.converge(target.pk)
        target.refresh_from_db()
        if (target.phase in AT_REST and not _due_soon(target)) or time.monotonic() > end:
            break
        time.sleep(0.2)
    return {
        "target": target.pk,
        "what": str(target),
        "phase": str(target.phase),
        "text": target.outcome_text,
        "as_wanted": target.phase == Phase.SETTLED,
    }


def _due_soon(target: Target) -> bool:
    soon = timezone.now() + timedelta(seconds=2)
    return target.next_look_at is not None and target.next_look_at <= soon


def _line(row: dict[str, Any]) -> str:
    lines = [f"{row['target']}  {row['what']}  {row['phase']}"]
    lines += [f"    would: {one['say']}" for one in row.get("changes", [])]
    lines += [f"    changed by others: {key}" for key in row.get("drift", {})]
    lines += [f"    not ours, in the way: {key}" for key in row.get("conflicts", {})]
    lines += [f"    ours without an access: {key}" for key in row.get("orphans", [])]
    lines += [f"    {row[name]}" for name in ("held", "error", "text") if row.get(name)]
    return "\n".join(lines)
