"""The brake: whether one pass would change too much that nobody ordered. A pure question.

A change is *ordered* when a person decided it for itself: a new grant, a manual end, one
person's leaving, an approved end date. What is left comes from feeds, from others' changes
and from faults of ours; of that, a lot at once is stopped until a person has looked.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from policies.plan import Change

SHARE_FROM = 20  # below so many keys a share says nothing


@dataclass(frozen=True)
class Limits:
    """`changes`: most that one pass makes unordered; `percent`: most of the target's keys."""

    changes: int
    percent: int


@dataclass(frozen=True)
class Stop:
    """The brake is on: how many changes nobody ordered, of how many keys of ours."""

    removals: int
    gives: int
    keys: int

    @property
    def unordered(self) -> int:
        return max(self.removals, self.gives)


def check(changes: Sequence[Change], ordered: Set[str], keys: int, limits: Limits) -> Stop | None:
    """Stop when removals, or gives, that nobody ordered are more than a number or a share.

    `keys`: how many keys of ours the target has, before the change.
    """
    unordered = [change for change in changes if change.key not in ordered]
    removals = sum(change.after is None for change in unordered)
    stop = Stop(removals, len(unordered) - removals, keys)
    share = keys * limits.percent / 100 if keys >= SHARE_FROM else float("inf")
    return stop if stop.unordered > min(limits.changes, share) else None
