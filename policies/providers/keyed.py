"""What providers share whose keys are each written by a call of their own."""

from collections.abc import Callable, Sequence, Set
from typing import Any

from policies.outcomes import Outcome
from policies.plan import Change, State
from policies.providers.protocol import Clients, Part, Place


def clears(state: State, place: Place, parts: Sequence[Part]) -> Set[str]:
    return frozenset()


def writes(changes: Sequence[Change]) -> list[list[Change]]:
    """One key at a time; removals first."""
    return [[change] for change in sorted(changes, key=lambda one: one.after is not None)]


def unless(
    is_gone: Callable[[Outcome], bool],
    clients: Clients,
    service: str,
    operation: str,
    **arguments: Any,
) -> None:
    """A removal; what is not there any more was what was wanted. Whether it is, the looks tell."""
    try:
        clients.call(service, operation, **arguments)
    except Outcome as error:
        if not is_gone(error):
            raise
