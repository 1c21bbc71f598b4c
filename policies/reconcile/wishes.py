"""What is wanted of a target, and all that is remembered of it: what one question needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from policies import plan
from policies.models import Target
from policies.plan import Memory, Reading, Rules, State, Step
from policies.providers import PROVIDERS, Place, Provider, Standing, places
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


def of(target: Target, holding: Holding, reading: Reading, *, now: datetime) -> Wish:
    provider, place = PROVIDERS[target.kind], places.of(target)
    ending = {provider.key_of(place, one.part) for one in holding.ended}
    for one in holding.ended:
        ending |= provider.keys_of(place, one.part, reading.state)
    remembered = memory.recall(target, now=now, ending=frozenset(ending))
    restoring = memory.restoring(target)
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
            clearing=provider.clears(reading.state, place, holding.parts),
        ),
    )
