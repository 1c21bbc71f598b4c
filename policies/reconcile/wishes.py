"""What is wanted of a target, and all that is remembered of it: what one question needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from policies import plan
from policies.models import ManagedBy, Target
from policies.plan import Memory, Reading, Rules, State, Step
from policies.providers import PROVIDERS, Place, Provider, Standing
from policies.reconcile import memory
from policies.reconcile.deliveries import Holding


@dataclass(frozen=True)
class Wish:
    """`restoring`: the part of `wanted` that is an administrator's, not a grant's."""

    target: Target
    provider: Provider
    place: Place
    memory: Memory
    wanted: State
    restoring: Mapping[str, str]
    rules: Rules

    def next_step(self, reading: Reading, *, now: datetime) -> Step:
        return plan.next_step(self.memory, reading, self.wanted, now=now, rules=self.rules)


def of(target: Target, place: Place, holding: Holding, reading: Reading, *, now: datetime) -> Wish:
    provider = PROVIDERS[target.kind]
    standing_still = set[str]()
    for one in holding.ended:
        standing_still |= provider.keys_of(place, one.part, reading.state)
    ending = standing_still | {provider.key_of(place, one.part) for one in holding.ended}
    remembered = memory.recall(target, now=now, ending=frozenset(ending))
    restoring = memory.restoring(target)
    watching = target.managed_by == ManagedBy.EXTERNAL
    clearing = provider.clears(reading.state, place, holding.parts)
    standing = Standing(reading, memory.written(remembered))
    return Wish(
        target,
        provider,
        place,
        remembered,
        {**restoring, **provider.desired(place, holding.parts, standing)},
        restoring,
        Rules(
            whole_key=provider.WHOLE_KEY,
            pace=settings.PACE,
            # Where others write, nothing was made by us, and what ended is to go all the same.
            clearing=clearing | standing_still if watching else clearing,
            watching=watching,
        ),
    )
