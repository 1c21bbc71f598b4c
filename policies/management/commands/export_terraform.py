"""`manage.py export_terraform`: what is given, in Terraform's language."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies.documents import hcl
from policies.documents.hcl import Block
from policies.management.plain_help import PlainHelp
from policies.management.terraform import writers
from policies.models import Delivery, Grant, Target
from policies.providers import PROVIDERS, places

HELP = """\
Write what living access means in AWS, Databricks and OpenSearch as Terraform (HCL): to hand a
place over to it, to compare, or to have it reviewed. Nothing is read from AWS, and nothing is
changed: it is what Gatehouse wants there now.

  manage.py export_terraform --grant G-4KQ7MPW2
  manage.py export_terraform --target 12 --output ana.tf
  manage.py export_terraform --all > gatehouse.tf

Where a document or list is shared with others (trust and bucket policies, aws-auth, role
mappings) only our part is written, as a document to merge. To let Terraform write a place from
then on, choose on its target's page that others manage it.

Exit codes: 0 written, 1 there is nothing of that name, 2 wrong usage.
"""


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--grant", metavar="REF", help="one access, like G-4KQ7MPW2")
        what.add_argument("--target", metavar="ID", type=int, help="one place, by its id")
        what.add_argument("--all", action="store_true", help="everything")
        parser.add_argument("--output", metavar="FILE", help="a new file instead of the terminal")
        parser.add_argument("--json", action="store_true", help="blocks as JSON, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [one for target in _targets(options) for one in _blocks(target, options["grant"])]
        found = found or [Block("", comment="Nothing is given here now.")]
        text = _as_json(found) if options["json"] else hcl.written(found)
        if not options["output"]:
            self.stdout.write(text.rstrip("\n"))
            return
        try:
            with Path(options["output"]).open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror}.") from error


def _targets(options: dict[str, Any]) -> list[Target]:
    rows = Target.objects.order_by("kind", "account", "region", "object")
    if options["target"] is not None:
        rows = rows.filter(pk=options["target"])
        if not rows:
            raise CommandError(
                f"There is no target {options['target']}. Administration → Targets shows each id."
            )
    if options["grant"]:
        if not Grant.objects.filter(ref=options["grant"]).exists():
            raise CommandError(
                f"There is no access {options['grant']}. Its page, and Administration → Grants, "
                "show its reference."
            )
        rows = rows.filter(deliveries__grant__ref=options["grant"]).distinct()
    return list(rows)


def _blocks(target: Target, ref: str | None) -> list[Block]:
    """What living access, or one of it, wants of a place."""
    rows = Delivery.objects.unreleased().filter(target=target).select_related("grant")
    if ref:
        rows = rows.filter(grant__ref=ref)
    now = timezone.now()
    parts = [one.part for one in rows.order_by("grant_id", "pk") if one.lives(now)]
    place = places.of(target)
    return writers.blocks(place, PROVIDERS[target.kind].desired(place, parts)) if parts else []


def _as_json(blocks: list[Block]) -> str:
    told = [
        {"type": one.type, "labels": list(one.labels), "text": hcl.written([one])}
        for one in blocks
        if one.type
    ]
    return json.dumps(told, indent=2, ensure_ascii=False)
