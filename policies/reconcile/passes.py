"""One pass over one target, from lease to release."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Coalesce, Now

from accounts import audit, context
from accounts.actors import system
from accounts.audit import What
from policies import plan
from policies.models import Freeze, ManagedBy, Phase, Target, hurry
from policies.outcomes import Kind, Outcome
from policies.plan import Step, Verdict
from policies.providers import PROVIDERS, places
from policies.reconcile import (
    deliveries,
    drift,
    foreign,
    holds,
    identities,
    memory,
    retries,
    wishes,
    writing,
)
from policies.reconcile.deliveries import Holding
from policies.reconcile.lease import Lease, acquire, database_now, from_now
from policies.reconcile.reading import read

HURRY_SECONDS = 2.0


def converge(target_id: int) -> None:
    """Make one pass over a target if it is due and nobody else is at it. The one way to AWS."""
    lease = acquire(target_id)
    if lease is None:
        return
    try:
        with context.bound(lease.target.correlation):
            _pass(lease, began=time.monotonic())
    except Exception as error:
        _broke(lease, error)
        raise
    finally:
        lease.release()
    _hurry_next(target_id)


def _pass(lease: Lease, *, began: float) -> None:
    target = lease.target
    provider, place = PROVIDERS[target.kind], places.of(target)
    with transaction.atomic():
        memory.note_dead_plans(target)
    now = database_now()  # before the reading: what it shows is at least as old as this
    holding = deliveries.load(target, now=now)
    try:
        reading = read(place, until=began + settings.PASS_DEADLINE_SECONDS)
    except Outcome as error:
        _unreadable(lease, holding, error)
        return
    holding = identities.without_strangers(holding, reading)
    wish = wishes.of(target, place, holding, reading, now=now)
    step = wish.next_step(reading, now=now)
    if step.verdict is Verdict.WRITE:
        hold = holds.check(wish, reading, step, holding)
        if hold is not None:
            _held(lease, hold, holds.told(provider, place, step.changes))
            return
        work = writing.Work(lease, provider, place, reading, holding.parts, wish, _deadline(began))
        writing.write(work, step)
    elif step.verdict is Verdict.LOOK:
        _look(lease, step)
    else:
        proof = deliveries.Proof(
            provider,
            place,
            reading,
            wish.wanted,
            now,
            # What others made by our wish is not “found”, and is to be seen gone.
            ours=frozenset(reading.state) if wish.rules.watching else _ours(target, step),
            blocked=frozenset(
                {
                    *step.conflicts,
                    *step.exhausted,
                    *step.hidden,
                    *step.drift,
                    *(one.key for one in step.theirs),
                    *wish.memory.refused,
                }
            ),
            hidden=frozenset(step.hidden),
            restored=wish.restoring,
        )
        _agreed(lease, step, holding, proof)


def _ours(target: Target, step: Step) -> frozenset[str]:
    return memory.ours(target) - step.forget


def _deadline(began: float) -> float:
    """When a pass that has read begins no more writes.

    Reading alone may have used the pass up (1,000 principals are 50 pages). Writing then has as
    long again, but never longer than the task's limit allows: a target that is slow to read
    would otherwise be read for ever and never written.
    """
    limit = settings.PASS_DEADLINE_SECONDS
    one = settings.AWS_CONNECT_TIMEOUT_SECONDS + settings.AWS_READ_TIMEOUT_SECONDS
    last = began + settings.TASK_LIMIT_SECONDS - settings.AWS_TRIES * one
    return max(began + limit, min(time.monotonic() + limit, last))


@transaction.atomic
def _look(lease: Lease, step: Step) -> None:
    """A look that proves nothing yet, or the first of two that agree."""
    values: dict[str, Any] = {
        "agreed_at": step.agreed_at,
        "agreed_digest": step.agreed_digest,
        "looks": F("looks") + 1,
        "next_look_at": step.next_look_at,
        "attempts": 0,
    }
    if lease.target.phase not in {Phase.STUCK, Phase.HELD, Phase.SETTLED}:
        values["phase"] = Phase.VERIFYING
    if lease.update_unless_raised(**values):
        memory.note(lease.target, step)


@transaction.atomic
def _agreed(lease: Lease, step: Step, holding: Holding, proof: deliveries.Proof) -> None:
    """Two agreeing looks: take down what they prove, and settle unless something blocks."""
    target = lease.target
    if step.verdict is Verdict.SETTLE:
        moved = lease.update(**_settled(target))
    elif step.verdict is Verdict.DRIFT:
        moved = lease.update_unless_raised(**_drifted(target))
    else:
        moved = lease.update_unless_raised(**_blocked(target, step, proof))
    if not moved:
        return
    memory.note(target, step)
    if step.verdict is Verdict.DRIFT:
        # Nothing is said of the other keys: a write of theirs may still be under way.
        deliveries.miss(holding, proof, step.drift.keys())
        drift.confirm(target, step, proof.reading, proof.wanted)
        return
    memory.confirm(target, proof.wanted, proof.blocked)
    if target.managed_by == ManagedBy.EXTERNAL:
        memory.follow(target, proof.wanted, proof.blocked)
    deliveries.take_down(holding, proof)
    memory.forget_found(target, step, proof.restored)
    drift.note_undone(target, step)
    foreign.note(target, proof.reading)
    if step.verdict is Verdict.SETTLE and target.settled_generation < target.generation:
        audit.record(
            What.TARGET_SETTLED,
            by=system(),
            about=("target", target.pk),
            after={"generation": target.generation},
        )


def _settled(target: Target) -> dict[str, Any]:
    """The generation that was read is settled; one raised since then is due at once."""
    current = When(generation=target.generation, then=Value(None, output_field=DateTimeField()))
    return {
        "settled_generation": target.generation,
        "applied_generation": target.generation,
        "phase": Case(
            When(generation=target.generation, then=Value(Phase.SETTLED)),
            default=Value(Phase.DUE),
        ),
        "next_look_at": Case(current, default=Now()),
        "unsettled_since": Case(current, default=F("unsettled_since")),
        "settled_at": Now(),
        "scanned_at": Now(),
        "pending": [],
        "agreed_at": None,
        "agreed_digest": "",
        "refused": {},
        "round": 0,
        "attempts": 0,
        "outcome": "",
        "outcome_text": "",
    }


def _drifted(target: Target) -> dict[str, Any]:
    """Taken down, then looked at again at once: to put it back, or to wait for a person."""
    return {
        "phase": Phase.DUE,
        "next_look_at": Now(),
        "unsettled_since": Coalesce(F("unsettled_since"), Now()),
        "agreed_at": None,
        "agreed_digest": "",
    }


@transaction.atomic
def _held(lease: Lease, hold: holds.Hold, changes: list[dict[str, object]]) -> None:
    """A freeze or the brake stands between a plan and AWS: shown, and left to people."""
    target = lease.target
    values: dict[str, Any] = {
        "phase": Phase.HELD,
        "outcome": hold.outcome,
        "outcome_text": hold.text,
        "pending": changes,
        "agreed_at": None,
        "agreed_digest": "",
        "next_look_at": None,
        "scanned_at": Now(),
    }
    if hold.outcome == "frozen" and not Freeze.objects.of(target).exists():
        values["next_look_at"] = Now()  # lifted while this pass was under way
    elif hold.outcome == "external":
        values["next_look_at"] = from_now(retries.WATCH.total_seconds() * settings.PACE)
    elif _has_ended(target):
        values["next_look_at"] = from_now(retries.REMOVAL_RETRY.total_seconds() * settings.PACE)
    is_new = (target.phase, target.outcome) != (Phase.HELD, hold.outcome)
    if lease.update_unless_raised(**values) and is_new:
        audit.record(
            What.TARGET_BRAKED if hold.outcome == "brake" else What.TARGET_HELD,
            by=system(),
            about=("target", target.pk),
            after={"outcome": hold.outcome, "changes": changes},
            why=hold.text,
        )


def _blocked(target: Target, step: Step, proof: deliveries.Proof) -> dict[str, Any]:
    """Held by a conflict or a change of others, or left to others; or by what AWS refuses: stuck,
    or waiting for the refusal's next time."""
    now = proof.at
    refused = retries.in_force(target.refused, now)
    if step.conflicts:
        key, there = sorted(step.conflicts.items())[0]
        phase, kind = Phase.HELD, "conflict"
        text = f"{key} already holds something that is not managed here: {there}"
    elif step.hidden:
        phase, kind = Phase.STUCK, "malformed"
        text = next(iter(step.hidden.values()))
    elif step.theirs:
        hold = holds.left_to_others(len(step.theirs))
        phase, kind, text = Phase.HELD, hold.outcome, hold.text
    elif step.drift:
        phase, kind, text = Phase.HELD, "drift", drift.words(target, step, now=now)
    elif refused:
        refusal = next(iter(refused.values()))
        young = retries.are_young(refused) and not step.exhausted
        phase = Phase.WAITING if young else Phase.STUCK
        kind, text = refusal["kind"], refusal["message"]
    else:
        phase, kind = Phase.STUCK, "permanent"
        text = f"AWS took {', '.join(sorted(step.exhausted))} three times and never showed it."
    if phase not in {target.phase, Phase.WAITING}:
        audit.record(
            What.TARGET_HELD if phase == Phase.HELD else What.TARGET_STUCK,
            by=system(),
            about=("target", target.pk),
            after={"outcome": kind},
            why=text,
        )
    times = [
        retries.first_time(refused),
        _removal_turn(target, step, now),
        drift.next_repair(target, now) if not step.theirs else None,
        now + retries.WATCH * settings.PACE if step.theirs else None,
    ]
    return {
        "pending": holds.told(proof.provider, proof.place, step.theirs),
        "phase": phase,
        "outcome": kind,
        "outcome_text": text,
        "agreed_at": None,
        "agreed_digest": "",
        "next_look_at": min(filter(None, times), default=None),
        "scanned_at": Now(),
    }


def _removal_turn(target: Target, step: Step, now: datetime) -> datetime | None:
    """When a removal that something else is in the way of has its next turn."""
    waits = _has_ended(target) and bool(step.conflicts or step.exhausted or step.hidden)
    return now + retries.REMOVAL_RETRY * settings.PACE if waits else None


def _has_ended(target: Target) -> bool:
    """Whether something ended here is not yet seen gone: that is never given up."""
    return target.deliveries.unreleased().filter(grant__ended_at__isnull=False).exists()


@transaction.atomic
def _unreadable(lease: Lease, holding: Holding, error: Outcome) -> None:
    """AWS could not be read, so nothing was changed: try again, or wait for a person."""
    target, now = lease.target, database_now()
    values: dict[str, Any] = {"outcome": error.kind, "outcome_text": error.message}
    if error.kind in writing.PASSING:
        values |= retries.waiting(target, now, error)
    else:
        retry = now + timedelta(seconds=plan.REMOVAL_RETRY_SECONDS * settings.PACE)
        values |= {"phase": Phase.STUCK, "next_look_at": retry if holding.ended else None}
    became_stuck = values["phase"] == Phase.STUCK != target.phase
    if lease.update_unless_raised(**values) and became_stuck:
        audit.record(
            What.TARGET_STUCK,
            by=system(),
            about=("target", target.pk),
            after={"outcome": str(error.kind)},
            why=str(error),
        )


@transaction.atomic
def _broke(lease: Lease, error: Exception) -> None:
    """A fault of our own, not of AWS: on record, and tried more and more seldom, never hot.

    Its text may hold anything, so only its type is told; the worker's log has the rest.
    """
    target = lease.target
    text = f"The pass itself failed ({type(error).__name__}); the worker's log tells more."
    values = retries.waiting(target, database_now()) | {
        "phase": Phase.STUCK,
        "outcome": Kind.PERMANENT,
        "outcome_text": text,
    }
    if lease.update_unless_raised(**values) and target.phase != Phase.STUCK:
        audit.record(
            What.TARGET_STUCK,
            by=system(),
            about=("target", target.pk),
            after={"outcome": str(Kind.PERMANENT)},
            why=text,
        )


def _hurry_next(target_id: int) -> None:
    """A look that is due in a moment gets a message of its own; the sweep finds the others."""
    row = Target.objects.filter(pk=target_id, next_look_at__isnull=False)
    times = row.annotate(now=Now()).values_list("next_look_at", "now").first()
    due, now = times or (None, None)
    if due is None or now is None:
        return
    seconds = (due - now).total_seconds()
    if seconds <= HURRY_SECONDS:
        hurry(target_id, in_seconds=max(0.0, seconds))
