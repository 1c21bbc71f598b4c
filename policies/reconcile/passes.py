"""One pass over one target, from lease to release."""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Value, When
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from policies import clients, plan
from policies.models import Phase, Target, hurry
from policies.outcomes import Kind, Outcome
from policies.plan import Step, Verdict
from policies.providers import PROVIDERS, places
from policies.reconcile import deliveries, memory, writing
from policies.reconcile.deliveries import Holding
from policies.reconcile.lease import Lease, acquire, database_now

HURRY_SECONDS = 2.0


def converge(target_id: int) -> None:
    """Make one pass over a target if it is due and nobody else is at it. The one way to AWS."""
    lease = acquire(target_id)
    if lease is None:
        return
    deadline = time.monotonic() + settings.PASS_DEADLINE_SECONDS
    try:
        _pass(lease, deadline)
    except Exception as error:
        _broke(lease, error)
        raise
    finally:
        lease.release()
    _hurry_next(target_id)


def _pass(lease: Lease, deadline: float) -> None:
    target = lease.target
    provider, place = PROVIDERS[target.kind], places.of(target)
    with transaction.atomic():
        memory.note_dead_plans(target)
    holding = deliveries.load(target, now=database_now())
    try:
        reading = provider.read(clients.reading(target.account, target.region), place)
    except Outcome as error:
        _unreadable(lease, holding, error)
        return
    now = database_now()
    wanted = provider.desired(place, holding.parts)
    ending = frozenset(provider.key_of(place, one.part) for one in holding.ended)
    remembered = memory.recall(target, now=now, ending=ending)
    rules = plan.Rules(whole_key=provider.WHOLE_KEY, pace=settings.PACE)
    step = plan.next_step(remembered, reading, wanted, now=now, rules=rules)
    if step.verdict is Verdict.WRITE:
        work = writing.Work(lease, provider, place, reading, holding.parts, ending, deadline)
        writing.write(work, step)
    elif step.verdict is Verdict.LOOK:
        _look(lease, step)
    else:
        proof = deliveries.Proof(
            provider,
            place,
            reading,
            wanted,
            now,
            ours=memory.ours(target) - step.forget,
            blocked=frozenset({*step.conflicts, *step.exhausted, *remembered.refused}),
        )
        _agreed(lease, step, holding, proof)


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
    if lease.target.phase not in {Phase.STUCK, Phase.HELD}:
        values["phase"] = Phase.VERIFYING
    if lease.update_unless_raised(**values):
        memory.note(lease.target, step)


@transaction.atomic
def _agreed(lease: Lease, step: Step, holding: Holding, proof: deliveries.Proof) -> None:
    """Two agreeing looks: take down what they prove, and settle unless something blocks."""
    target = lease.target
    if step.verdict is Verdict.SETTLE:
        moved = lease.update(**_settled(target))
    else:
        moved = lease.update_unless_raised(**_blocked(target, step))
    if not moved:
        return
    memory.note(target, step)
    memory.confirm(target, proof.wanted, proof.blocked)
    deliveries.take_down(holding, proof)
    memory.forget_found(target, step)
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
        "agreed_at": None,
        "agreed_digest": "",
        "refused": {},
        "round": 0,
        "attempts": 0,
        "outcome": "",
        "outcome_text": "",
    }


def _blocked(target: Target, step: Step) -> dict[str, Any]:
    """Held by a conflict, or stuck on what AWS refuses; removals get a next time."""
    if step.conflicts:
        key, there = sorted(step.conflicts.items())[0]
        phase, kind = Phase.HELD, "conflict"
        text = f"{key} already holds something that is not managed here: {there}"
    elif target.refused:
        refusal = next(iter(target.refused.values()))
        phase, kind, text = Phase.STUCK, refusal["kind"], refusal["message"]
    else:
        phase, kind = Phase.STUCK, "permanent"
        text = f"AWS took {', '.join(sorted(step.exhausted))} three times and never showed it."
    if target.phase != phase:
        audit.record(
            What.TARGET_HELD if phase == Phase.HELD else What.TARGET_STUCK,
            by=system(),
            about=("target", target.pk),
            after={"outcome": kind},
            why=text,
        )
    retry = database_now() + timedelta(seconds=plan.REMOVAL_RETRY_SECONDS * settings.PACE)
    return {
        "phase": phase,
        "outcome": kind,
        "outcome_text": text,
        "agreed_at": None,
        "agreed_digest": "",
        "next_look_at": retry if _removal_waits(target, step) else None,
    }


def _removal_waits(target: Target, step: Step) -> bool:
    refused = any(one["retry_at"] is not None for one in target.refused.values())
    ended = target.deliveries.unreleased().filter(grant__ended_at__isnull=False).exists()
    return refused or (ended and bool(step.conflicts or step.exhausted))


@transaction.atomic
def _unreadable(lease: Lease, holding: Holding, error: Outcome) -> None:
    """AWS could not be read, so nothing was changed: try again, or wait for a person."""
    target, now = lease.target, database_now()
    values: dict[str, Any] = {"outcome": error.kind, "outcome_text": str(error)}
    if error.kind in writing.PASSING:
        values |= writing.waiting(target, now)
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
    values = writing.waiting(target, database_now()) | {
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
    due = row.values_list("next_look_at", flat=True).first()
    if due is None:
        return
    seconds = (due - database_now()).total_seconds()
    if seconds <= HURRY_SECONDS:
        hurry(target_id, in_seconds=max(0.0, seconds))
