"""What is remembered of a target between passes: its keys, and plans that never finished."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from policies.models import Key, Phase, Plan, Target
from policies.plan import KeyMemory, Memory, Origin, State, Step
from policies.reconcile import drift, retries

BATCH = 500  # rows in one statement
FIELDS = ("origin", "text", "replaced", "window_until", "doubt", "seen", "ordered")


REMEMBERED = ("origin", "text", "window_until", "doubt", "seen", "replaced")  # of `KeyMemory`


def recall(target: Target, *, now: datetime, ending: frozenset[str]) -> Memory:
    drifted, repairable = drift.recall(target, now=now)
    return Memory(
        keys={
            key: KeyMemory(Origin(origin), *rest)
            for key, origin, *rest in target.keys.values_list("key", *REMEMBERED)
        },
        refused={
            key: refusal["text"] for key, refusal in retries.in_force(target.refused, now).items()
        },
        written_at=target.written_at,
        agreed_at=target.agreed_at,
        agreed_digest=target.agreed_digest,
        round=target.round,
        settled=target.phase == Phase.SETTLED,
        drift=drifted,
        repairable=repairable,
        ending=ending,
    )


def restoring(target: Target) -> dict[str, str]:
    """Texts that an administrator wants back, by key (`access.operations.restore`)."""
    rows = target.keys.filter(restoring__isnull=False)
    return {row.key: str(row.restoring) for row in rows}


def written(memory: Memory) -> State:
    """The texts we last wrote under keys of ours."""
    return {
        key: one.text
        for key, one in memory.keys.items()
        if one.origin is not Origin.FOUND and one.text is not None
    }


def ours(target: Target) -> frozenset[str]:
    """The keys made or adopted by us."""
    rows = target.keys.exclude(origin=Key.Origin.FOUND)
    return frozenset(rows.values_list("key", flat=True))


def note(target: Target, step: Step) -> None:
    """Take down what the step learned: keys found there, removals that are over.

    Keys found there and wanted no more stay known until two looks agree: a release has to
    say why the key is still there.
    """
    over = target.keys.filter(key__in=step.forget)
    over.exclude(origin=Key.Origin.FOUND).delete()
    rows = [
        Key(
            target=target,
            key=key,
            origin=Key.Origin.MADE if key in step.claimed else Key.Origin.FOUND,
            text=text,
            seen=key in step.claimed,
        )
        for key, text in step.found.items()
    ]
    Key.objects.bulk_create(rows, BATCH, ignore_conflicts=True)


def forget_found(target: Target, step: Step, restored: Mapping[str, str]) -> None:
    """Two looks agreed: keys found there that nobody wants are nobody's business again.

    So are the `restored` ones, that this pass saw as they stood before us.
    """
    target.keys.filter(key__in=step.forget, origin=Key.Origin.FOUND).delete()
    for key, text in restored.items():
        target.keys.filter(key=key, restoring=text, seen=True, doubt=False).delete()


def confirm(target: Target, wanted: State, blocked: Collection[str]) -> None:
    """Two looks agreed: our keys stand as wanted, whatever the last write there was to be.

    A write may have been lost, or undone by others, and a newer wish ask for what stands anyway.
    Were its text kept, a key given back would pass for removed, and one removed for ours. What
    nobody wants and two looks saw gone is nobody's of ours either.
    """
    agreed = target.keys.exclude(key__in=blocked)
    agreed.update(seen=True, doubt=False)
    ours = agreed.exclude(origin=Key.Origin.FOUND)
    for pk, key, text in ours.values_list("pk", "key", "text"):
        if text != wanted.get(key):
            Key.objects.filter(pk=pk).update(text=wanted.get(key))


def follow(target: Target, wanted: State, blocked: Collection[str]) -> None:
    """Others made these keys as wanted: remembered as seen, so that a change is told as drift.

    They stay *found*: by the day we write here again, none of them has become ours.
    """
    seen = target.keys.filter(origin=Key.Origin.FOUND, key__in=wanted).exclude(key__in=blocked)
    for row in seen:
        if row.text != wanted[row.key]:
            Key.objects.filter(pk=row.pk).update(text=wanted[row.key])


def note_dead_plans(target: Target) -> None:
    """A plan without outcome is a pass that died: its answer is lost, its keys in doubt.

    The keys were put in doubt before anything was written, so only the plan needs closing.
    """
    for plan in target.plans.filter(finished_at__isnull=True):
        Plan.objects.filter(pk=plan.pk, finished_at__isnull=True).update(
            outcome=Plan.Outcome.LOST, finished_at=Now()
        )
        audit.record(
            What.TARGET_WRITE_LOST,
            by=system(correlation=plan.correlation),
            about=("target", target.pk),
            after={"plan": plan.ref, "why": "the pass died"},
        )


def window(target: Target, *, removing: bool) -> timedelta:
    giving, ending = settings.WINDOW_SECONDS[target.kind]
    return timedelta(seconds=(ending if removing else giving) * settings.PACE)


def snapshot(row: Key | None) -> dict[str, Any] | None:
    """A key's row as it is, to be restored should AWS refuse the change."""
    if row is None:
        return None
    return {
        "origin": str(row.origin),
        "text": row.text,
        "replaced": row.replaced,
        "window_until": row.window_until.isoformat() if row.window_until else None,
        "doubt": row.doubt,
        "seen": row.seen,
        "ordered": row.ordered,
        "restoring": row.restoring,
    }


def restore(target: Target, earlier: Mapping[str, dict[str, Any] | None]) -> None:
    """Refused changes leave no trace of ownership: {key: its snapshot, None: it had no row}."""
    new = [key for key, one in earlier.items() if one is None]
    target.keys.filter(key__in=new).delete()
    keep(
        Key(target=target, key=key, **{**one, "window_until": _moment(one["window_until"])})
        for key, one in earlier.items()
        if one is not None
    )


def keep(rows: Iterable[Key], *more: str) -> None:
    """Store these keys, known or new; of a known one only FIELDS and `more` change."""
    Key.objects.bulk_create(
        rows,
        BATCH,
        update_conflicts=True,
        unique_fields=["target", "key"],
        update_fields=[*FIELDS, *more],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
