"""One pass over one target, from lease to release."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, CharField, DateTimeField, F, Field, Q, Value, When
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from policies import clients, plan
from policies.models import Key, Phase, Target, hurry
from policies.outcomes import Outcome
from policies.plan import Memory, Reading, Step, Verdict
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
    remembered = memory.recall(target, now=now)
    rules = plan.Rules(whole_key=provider.WHOLE_KEY, pace=settings.PACE)
    step = plan.next_step(remembered, reading, wanted, now=now, rules=rules)
    if step.verdict is Verdict.WRITE:
        work = writing.Work(lease, provider, place, reading, holding.parts, deadline)
        writing.write(work, step)
    elif step.verdict is Verdict.LOOK:
        _look(lease, step, plan.digest(dict(wanted)))
    else:
        proof = deliveries.Proof(provider, place, reading, wanted, now)
        _agreed(lease, step, remembered, holding, proof)


@transaction.atomic
def _look(lease: Lease, step: Step, wanted_digest: str) -> None:
    """A look that proves nothing yet, or the first of two that agree."""
    values: dict[str, Any] = {
        "agreed_at": step.agreed_at,
        "agreed_digest": wanted_digest if step.agreed_at else "",
        "looks": F("looks") + 1,
        "next_look_at": step.next_look_at,
        "attempts": 0,
    }
    if lease.target.phase not in {Phase.STUCK, Phase.HELD}:
        values["phase"] = Phase.VERIFYING
    if _same_generation(lease, values):
        memory.note(lease.target, step)


@transaction.atomic
def _agreed(
    lease: Lease, step: Step, remembered: Memory, holding: Holding, proof: deliveries.Proof
) -> None:
    """Two agreeing looks: take down what they prove, and settle unless something blocks."""
    target = lease.target
    if step.verdict is Verdict.SETTLE:
        moved = lease.update(**_settled(target))
    else:
        moved = _same_generation(lease, _blocked(target, step, proof.reading))
    if not moved:
        return
    memory.note(target, step)
    target.keys.exclude(key__in=[*step.conflicts, *step.exhausted, *remembered.refused]).update(
        seen=True, doubt=False
    )
    found = target.keys.filter(origin=Key.Origin.FOUND).values_list("key", flat=True)
    deliveries.take_down(holding, replace(proof, found=frozenset(found)))
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
        "refused": {},
        "round": 0,
        "attempts": 0,
        "outcome": "",
        "outcome_text": "",
    }


def _blocked(target: Target, step: Step, reading: Reading) -> dict[str, Any]:
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
        "next_look_at": retry if _removal_waits(target, step, reading) else None,
    }


def _removal_waits(target: Target, step: Step, reading: Reading) -> bool:
    refused = any(one["text"] is None for one in target.refused.values())
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
    if _same_generation(lease, values) and became_stuck:
        audit.record(
            What.TARGET_STUCK,
            by=system(),
            about=("target", target.pk),
            after={"outcome": str(error.kind)},
            why=str(error),
        )


def _same_generation(lease: Lease, values: dict[str, Any]) -> bool:
    """Update the row; a generation raised meanwhile keeps its own “due now”."""
    raised = ~Q(generation=lease.target.generation)
    fields: dict[str, Field[Any, Any]] = {"phase": CharField(), "next_look_at": DateTimeField()}
    for name, field in fields.items():
        if name in values:
            values[name] = Case(When(raised, then=F(name)), default=Value(values[name], field))
    return lease.update(**values)


def _hurry_next(target_id: int) -> None:
    """A look that is due in a moment gets a message of its own; the sweep finds the others."""
    row = Target.objects.filter(pk=target_id, next_look_at__isnull=False)
    due = row.values_list("next_look_at", flat=True).first()
    if due is None:
        return
    seconds = (due - database_now()).total_seconds()
    if seconds <= HURRY_SECONDS:
        hurry(target_id, in_seconds=max(0.0, seconds))
