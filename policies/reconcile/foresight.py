"""What the next pass over a target would do, without doing any of it."""

from typing import Any

from django.conf import settings

from policies import clients, plan
from policies.models import Target
from policies.providers import PROVIDERS, places
from policies.reconcile import deliveries, holds, memory
from policies.reconcile.lease import database_now


def foresee(target: Target) -> dict[str, Any]:
    """{"verdict", "changes", "drift", "conflicts", "orphans", "held"}. Raises Outcome.

    Reads AWS with the read role; writes nothing, here or there.
    """
    provider, place = PROVIDERS[target.kind], places.of(target)
    holding = deliveries.load(target, now=database_now())
    reading = provider.read(clients.reading(target.account, target.region), place)
    now = database_now()
    wanted = {**memory.restoring(target), **provider.desired(place, holding.parts)}
    rules = plan.Rules(whole_key=provider.WHOLE_KEY, pace=settings.PACE)
    remembered = memory.recall(target, now=now)
    step = plan.next_step(remembered, reading, wanted, now=now, rules=rules)
    hold = holds.check(target, provider, place, step, holding) if step.changes else None
    return {
        "verdict": str(step.verdict),
        "changes": holds.told(provider, place, step.changes),
        "drift": dict(step.drift),
        "conflicts": dict(step.conflicts),
        "orphans": sorted(reading.marked - wanted.keys() - remembered.keys.keys()),
        "held": hold.text if hold else "",
    }
