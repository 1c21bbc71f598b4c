"""`manage.py migrate_auth_map`: from `aws-auth` to access entries, what can be moved."""

import json
import time
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q

from policies import clients
from policies.access import moves
from policies.access.errors import Refused
from policies.documents import auth_map, auth_moves, auth_rows
from policies.documents.auth_moves import Move
from policies.management import acting
from policies.management.plain_help import PlainHelp
from policies.models import Cluster, Delivery, Grant, TargetKind
from policies.outcomes import Outcome
from policies.providers import PROVIDERS, places

HELP = """\
Move what Gatehouse manages in a cluster's aws-auth to access entries: each entry is given and
seen before its row is taken out, so nobody is without access in between. What cannot be moved,
and what is not managed here, is told with the reason and stays as it is.

  manage.py migrate_auth_map analytics --dry-run
  manage.py migrate_auth_map analytics --as ada@example.com --reason "T-512, entries only"

CLUSTER is its short name in the catalogue. The cluster must be in authentication mode
API_AND_CONFIG_MAP: its owners change the mode, which never goes back, and “auth_mode” in the
catalogue then says so, so that new access comes as entries. Workers do the writing; this waits
for them, and run again it goes on where it stopped.

Exit codes: 0 done, or nothing to move, 1 refused or not all moved, 2 wrong usage.
"""
MODES = {
    "CONFIG_MAP": "It knows no access entries yet. Its owners change its authentication mode to "
    "API_AND_CONFIG_MAP, which never goes back; then run this again.",
    "API": "It ignores aws-auth already: its rows give nothing. End the access that is left there.",
}


class Command(PlainHelp, BaseCommand):
    help = HELP

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cluster", metavar="CLUSTER", help="short name in the catalogue")
        parser.add_argument("--dry-run", action="store_true", help="tell, and change nothing")
        parser.add_argument("--json", action="store_true", help="answer as JSON, for programs")
        parser.add_argument(
            "--seconds", type=float, default=300.0, help="how long to wait for the workers"
        )
        acting.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        cluster = Cluster.objects.filter(slug=options["cluster"]).first()
        if cluster is None:
            known = ", ".join(Cluster.objects.order_by("slug").values_list("slug", flat=True))
            raise CommandError(f"There is no cluster {options['cluster']}. Known are: {known}.")
        mode, found = _look(cluster)
        if mode in MODES:
            self._tell(options, mode, found)
            raise CommandError(f"{cluster.cluster_name} is in mode {mode}. {MODES[mode]}")
        if not options["dry_run"]:
            self._move(cluster, [one.key for one in found if one.moves], options)
            mode, found = _look(cluster)
        self._tell(options, mode, found)
        left = [one.key for one in found if one.moves]
        if left and not options["dry_run"]:
            raise CommandError(f"Not moved: {', '.join(left)}. Run this again and it goes on.")

    def _move(self, cluster: Cluster, keys: Sequence[str], options: dict[str, Any]) -> None:
        by, why, until = acting.actor(options), options["reason"], options["seconds"]
        until += time.monotonic()
        try:
            given = moves.give_entries(cluster, keys, by=by, why=why)
            self._say(options, f"{len(given)} entries are given; waiting until they are seen …")
            _wait(cluster, TargetKind.CLUSTER_ACCESS_ENTRIES, until)
            taken = moves.take_rows(cluster, by=by, why=why)
            self._say(options, f"{len(taken)} were seen; their rows are taken out …")
            _wait(cluster, TargetKind.CLUSTER_AUTH_MAP, until)
        except Refused as error:
            raise CommandError(error.message) from error

    def _say(self, options: dict[str, Any], text: str) -> None:
        if not options["json"]:
            self.stdout.write(text)

    def _tell(self, options: dict[str, Any], mode: str, found: Sequence[Move]) -> None:
        if options["json"]:
            rows = [
                {"key": one.key, "username": one.username, "groups": one.groups}
                | {"moves": one.moves, "why": one.why}
                for one in found
            ]
            self.stdout.write(json.dumps({"mode": mode, "rows": rows}, indent=2))
            return
        for one in found:
            what = f"{one.key}  {one.username}  {', '.join(one.groups)}".rstrip()
            self.stdout.write(f"{'moves' if one.moves else 'stays'}  {what}")
            if one.why:
                self.stdout.write(f"       {one.why}")


def _look(cluster: Cluster) -> tuple[str, list[Move]]:
    """The cluster's real mode, and every key of its map."""
    where = (cluster.account_id, cluster.region, cluster.cluster_name)
    place = places.place(TargetKind.CLUSTER_AUTH_MAP, *where)
    reader = clients.reading(cluster.account_id, cluster.region)
    try:
        reading = PROVIDERS[TargetKind.CLUSTER_AUTH_MAP].read(reader, place)
    except Outcome as error:
        raise CommandError(f"{error}. {error.advice.remedy}") from error
    if reading.missing or not reading.raw:
        raise CommandError(f"{cluster.cluster_name}: {reading.missing or 'it has no aws-auth'}")
    data = dict(reading.raw["data"])
    state, broken = auth_map.readable_rows(data)
    state |= {f"account:{number}": number for number in auth_rows.accounts(data)}
    if broken:
        names = ", ".join(sorted(broken))
        raise CommandError(f"{names} cannot be read: {next(iter(broken.values()))} (GH-241)")
    mode = reading.raw["mode"] or cluster.auth_mode or "CONFIG_MAP"
    return mode, list(auth_moves.moves(state, moves.ours(cluster)))


def _wait(cluster: Cluster, kind: TargetKind, until: float) -> None:
    """Until workers have done what was asked of this place. Raises CommandError."""
    mine = Delivery.objects.gives().filter(
        target__kind=kind,
        target__account=cluster.account_id,
        target__region=cluster.region,
        target__object=cluster.cluster_name,
    )
    due = mine.filter(
        state=Delivery.State.DUE, grant__ended_at__isnull=True, grant__started_at__isnull=False
    )
    leaving = mine.unreleased().filter(wanted_until__isnull=False)
    while (left := mine.filter(Q(pk__in=due) | Q(pk__in=leaving))).exists():
        if time.monotonic() > until:
            refs = Grant.objects.filter(deliveries__in=left).values_list("ref", flat=True)
            raise CommandError(
                f"Workers have not done it yet for {', '.join(sorted(set(refs)))}: their pages say "
                "why. Nothing is half done; run this again and it goes on."
            )
        time.sleep(0.5)
