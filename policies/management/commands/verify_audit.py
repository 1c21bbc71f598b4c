"""`manage.py verify_audit`: has anybody changed the record?"""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.seals import verify
from accounts.seals.findings import Report
from accounts.seals.trust import BadKeys, keys_in
from policies.management.plain_help import PlainHelp

USAGE = 2

HELP = """\
Check every event, position, seal and signature of the record, and say what is wrong where.

  manage.py verify_audit --keys keys.txt --seals seals.ndjson
  manage.py verify_audit --export record.ndjson --keys keys.txt --seals seals.ndjson
  manage.py verify_audit --print-keys > keys.txt

The first reads this installation's database. The second reads a file of export_audit and
needs no database and no private key: it can be run anywhere. The third prints the public keys
that the record knows; keep that file, from the first day on, where the database's owner
cannot write.

--keys   public keys, one a line. Later keys that these hand over to are believed. Without it
         the record's own first key is believed: whoever owns the database could then have
         made a whole new record.
--seals  copies of seals: AUDIT_SEAL_FILE, a worker's log, or an earlier export. Only they
         tell when the end of the record was cut off or all of it was sealed anew.

What each finding means: docs/audit.md. Nothing is changed.

Exit codes: 0 verified, 1 something was found, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--export", metavar="FILE", help="read this export, not the database")
        parser.add_argument("--keys", metavar="FILE", help="public keys that are trusted")
        parser.add_argument("--seals", metavar="FILE", help="copies of seals to hold against")
        parser.add_argument("--json", action="store_true", help="answer as JSON, for programs")
        parser.add_argument(
            "--print-keys", action="store_true", help="print the public keys and check nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["print_keys"]:
            self._print_keys()
            return
        if options["export"] and not options["keys"]:
            raise CommandError(
                "An export is checked against public keys that came another way than the export: "
                "name them with --keys FILE.",
                returncode=USAGE,
            )
        report = self._verify(options)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
        else:
            self._say(report)
        if not report.is_clean:
            raise CommandError(
                f"The record does not verify: {report.found} found. Do not repair anything; keep "
                "this output, the database and the copies (GH-310)."
            )

    def _verify(self, options: dict[str, Any]) -> Report:
        with ExitStack() as stack:
            keys = _keys(options["keys"]) if options["keys"] else None
            copies = stack.enter_context(_open(options["seals"])) if options["seals"] else None
            if not options["export"]:
                return verify.database(keys, copies)
            lines = stack.enter_context(_open(options["export"]))
            return verify.export(lines, keys or (), copies)

    def _print_keys(self) -> None:
        lines = list(verify.public_keys())
        if not lines:
            raise CommandError("Nothing was sealed yet, so there is no key: start a write worker.")
        self.stdout.write("\n".join(lines))

    def _say(self, report: Report) -> None:
        for finding in report.findings:
            self.stdout.write(f"FOUND  {finding}")
        if report.found > len(report.findings):
            self.stdout.write(f"… and {report.found - len(report.findings)} more")
        for remark in report.remarks:
            self.stdout.write(f"note   {remark}")
        for line in _summary(report):
            self.stdout.write(line)


def _summary(report: Report) -> Iterable[str]:
    yield (
        f"{report.events} events under {report.seals} seals; {report.unsealed} wait for the "
        f"sealer; {report.erased_notes} notes not there; {report.withheld} shown as digests only."
    )
    for one in report.keys:
        yield f"Key {one['id']} signed seals {one['first_seal']} to {one['last_seal']}."
    if report.head:
        head = report.head
        yield f"Last seal {head['number']}, position {head['last_position']}, {head['at']}:"
        yield f"  {head['digest']}"
    if report.is_clean:
        yield "Verified: nothing that was sealed has changed."


def _keys(name: str) -> set[str]:
    with _open(name) as file:
        try:
            return keys_in(file.read(1_000_000))
        except BadKeys as error:
            raise CommandError(f"{name}: {error}.", returncode=USAGE) from error


def _open(name: str) -> IO[str]:
    try:
        return Path(name).open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}.", returncode=USAGE) from error
