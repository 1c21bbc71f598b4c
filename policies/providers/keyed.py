"""What providers share whose keys are each written by a call of their own.

A provider takes by name what is true of it, and says itself what is not.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

from policies.outcomes import Outcome
from policies.plan import Change, Reading, State
from policies.providers.protocol import Basis, Clients, Load, Part, Place


def clears(state: State, place: Place, parts: Sequence[Part]) -> Set[str]:
    return frozenset()


def quotas(clients: Clients, place: Place) -> Mapping[str, int]:
    """AWS tells no account of a limit of its own here."""
    return {}


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    """Nothing others hold counts against ours, because nothing is limited."""
    return {}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    return []


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    return []


def untouchable(place: Place, key: str, text: str) -> str:
    return ""


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
