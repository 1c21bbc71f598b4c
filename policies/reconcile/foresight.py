"""What the next pass over a target would do, without doing any of it."""

from typing import Any

from policies.models import Target
from policies.providers import places
from policies.reconcile import deliveries, holds, wishes
from policies.reconcile.lease import database_now
from policies.reconcile.reading import read


def foresee(target: Target) -> dict[str, Any]:
    """{"verdict", "changes", "drift", "conflicts", "orphans", "held"}. Raises Outcome.

    Reads AWS with the read role; writes nothing, here or there.
    """
    place = places.of(target)
    reading = read(place)
    now = database_now()
    holding = deliveries.load(target, now=now)
    wish = wishes.of(target, place, holding, reading, now=now)
    step = wish.next_step(reading, now=now)
    hold = holds.check(wish, reading, step, holding) if step.changes or step.theirs else None
    return {
        "verdict": str(step.verdict),
        "changes": holds.told(wish.provider, wish.place, step.changes or step.theirs),
        "drift": dict(step.drift),
        "conflicts": dict(step.conflicts),
        "orphans": sorted(reading.marked - wish.wanted.keys() - wish.memory.keys.keys()),
        "held": hold.text if hold else "",
    }
