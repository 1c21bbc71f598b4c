"""What others made of keys of ours: confirmed, put back where the target's setting says so.

Drift is told apart from a wish by memory alone: what stands there is not what we last wrote
and saw, and nothing else is wanted. Put back three times in a day, a key is left to people.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from accounts.models import Person, PortalRole
from accounts.notices import tell
from policies.models import Drift, Plan, Repair, Target
from policies.plan import Reading, Step

WAR = 3  # put back so often within a day: somebody else keeps at it
DAY = timedelta(days=1)


def recall(target: Target, *, now: datetime) -> tuple[dict[str, str | None], frozenset[str]]:
    """Confirmed drift by key, and the keys that may be put back now."""
    rows = list(target.drifts.filter(over_at__isnull=True))
    return {row.key: row.there for row in rows}, _repairable(target, rows, now)


def _repairable(target: Target, rows: list[Drift], now: datetime) -> frozenset[str]:
    if target.repair == Repair.REPORT or not rows:
        return frozenset()
    due = {
        row.key for row in rows if target.repair == Repair.AT_ONCE or _due_at(target, row) <= now
    }
    return frozenset(due - wars(target, now))


def _due_at(target: Target, row: Drift) -> datetime:
    return row.first_seen_at + timedelta(hours=target.repair_hours) * settings.PACE


def wars(target: Target, now: datetime) -> set[str]:
    """Keys put back so often today that somebody else must be keeping at it."""
    put_back = target.drifts.filter(over=Drift.Over.PUT_BACK, over_at__gt=now - DAY)
    often = put_back.values("key").annotate(times=Count("pk")).filter(times__gte=WAR)
    return {row["key"] for row in often}


def next_repair(target: Target, now: datetime) -> datetime | None:
    """When the first of the changes by others is to be put back; None: when a person says."""
    if target.repair != Repair.LATER:
        return None
    fought = wars(target, now)
    rows = target.drifts.filter(over_at__isnull=True)
    return min((_due_at(target, row) for row in rows if row.key not in fought), default=None)


def confirm(target: Target, step: Step, reading: Reading, wanted: Mapping[str, str]) -> None:
    """Two looks agreed that others changed keys of ours: on record, administrators told."""
    open_rows = {row.key: row for row in target.drifts.filter(over_at__isnull=True)}
    for key, there in step.drift.items():
        row = open_rows.get(key)
        if row is not None and row.there == there:
            continue
        Drift.objects.update_or_create(
            target=target,
            key=key,
            over_at=None,
            defaults={
                "wanted": wanted.get(key),
                "there": there,
                "writer": reading.writer[:200],
                "last_seen_at": Now(),
            },
        )
        audit.record(
            What.TARGET_DRIFTED,
            by=system(),
            about=("target", target.pk),
            before={key: wanted.get(key)},
            after={key: there},
        )
    if step.drift.keys() - open_rows.keys():
        for person in Person.objects.holding_role(PortalRole.Role.ADMINISTRATOR):
            tell(person.pk, "changed_outside", target=target.pk)


def words(target: Target, step: Step, *, now: datetime) -> str:
    """Which keys, what the target's setting says, and who keeps at it."""
    keys = ", ".join(sorted(step.drift))
    fought = wars(target, now) & step.drift.keys()
    if not fought:
        return f"Changed outside Gatehouse: {keys} (GH-203)."
    writers = {row.writer for row in target.drifts.filter(key__in=fought) if row.writer}
    by = f" Last written by {', '.join(sorted(writers))}." if writers else ""
    return (
        f"Changed outside Gatehouse again and again: {', '.join(sorted(fought))}. It was put back "
        f"{WAR} times within a day, so somebody else keeps changing it.{by} Find them first "
        "(GH-204)."
    )


def written_over(target: Target, step: Step, plan: Plan, wanted: Mapping[str, str]) -> None:
    """A plan writes over what others made: that is never silent, and can be undone."""
    put_back = {
        change.key for change in step.changes if step.drift.get(change.key, "") == change.before
    }
    for key, there in step.overwrites.items():
        over = Drift.Over.PUT_BACK if key in put_back else Drift.Over.OVERWRITTEN
        row, created = Drift.objects.get_or_create(
            target=target,
            key=key,
            over_at=None,
            defaults={"wanted": wanted.get(key), "there": there},
        )
        Drift.objects.filter(pk=row.pk).update(over=over, over_at=Now(), plan=plan, there=there)
        if created:
            audit.record(
                What.TARGET_DRIFTED,
                by=system(correlation=plan.correlation),
                about=("target", target.pk),
                after={key: there, "written_over_by": plan.ref},
            )


def note_undone(target: Target, step: Step) -> None:
    """Changes by others that are not there any more, without our doing."""
    target.drifts.filter(over_at__isnull=True).exclude(key__in=step.drift).update(
        over=Drift.Over.REVERTED, over_at=Now()
    )
