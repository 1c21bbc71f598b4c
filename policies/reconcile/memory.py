"""What is remembered of a target between passes: its keys, and plans that never finished."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from policies.models import Key, Plan, Target
from policies.plan import KeyMemory, Memory, Origin, State, Step


def recall(target: Target, *, now: datetime, ending: frozenset[str]) -> Memory:
    return Memory(
        keys={
            row.key: KeyMemory(
                Origin(row.origin), row.text, row.window_until, row.doubt, row.seen, row.replaced
            )
            for row in target.keys.all()
        },
        refused={
            key: refusal["text"]
            for key, refusal in target.refused.items()
            if refusal["retry_at"] is None or datetime.fromisoformat(refusal["retry_at"]) > now
        },
        written_at=target.written_at,
        agreed_at=target.agreed_at,
        agreed_digest=target.agreed_digest,
        round=target.round,
        ending=ending,
    )


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
    for key, text in step.found.items():
        Key.objects.get_or_create(
            target=target, key=key, defaults={"origin": Key.Origin.FOUND, "text": text}
        )


def confirm(target: Target, wanted: State, blocked: frozenset[str]) -> None:
    """Two looks agreed: our keys stand as wanted, whatever the last write there was to be.

    A write may have been lost, or undone by others, and a newer wish ask for what stands anyway.
    Were its text kept, a key given back would pass for removed, and one removed for ours.
    """
    agreed = target.keys.exclude(key__in=blocked)
    agreed.update(seen=True, doubt=False)
    for row in agreed.exclude(origin=Key.Origin.FOUND):
        if row.text != wanted.get(row.key):
            Key.objects.filter(pk=row.pk).update(text=wanted.get(row.key))


def forget_found(target: Target, step: Step) -> None:
    """Two looks agreed: keys found there that nobody wants are nobody's business again."""
    target.keys.filter(key__in=step.forget, origin=Key.Origin.FOUND).delete()


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
    }


def restore(target: Target, key: str, earlier: dict[str, Any] | None) -> None:
    """A refused change leaves no trace of ownership."""
    if earlier is None:
        Key.objects.filter(target=target, key=key).delete()
        return
    until = earlier["window_until"]
    Key.objects.filter(target=target, key=key).update(
        **{**earlier, "window_until": datetime.fromisoformat(until) if until else None}
    )
