"""Where smoke happens, and what it asks of each kind."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from policies.management.smoke.company import Company
from policies.management.smoke.outside import Outside
from policies.management.smoke.seeds import Seeds
from policies.management.smoke.sight import Sight


@dataclass
class Stage:
    """Where everything happens."""

    outside: Outside
    seeds: Seeds
    company: Company
    sight: Sight
    roles: dict[str, str] = field(default_factory=dict)
    wait: Callable[..., Any] = lambda **_: None


class Kind(Protocol):
    """`slug`: the entitlement's. `terms`: what is asked of it."""

    slug: str
    terms: dict[str, Any]

    def prepare(self, stage: Stage) -> None:
        """Make the place in AWS and offer it. Raises Outcome."""

    def holds(self, stage: Stage, arn: str) -> bool:
        """Whether AWS gives the role what was asked."""

    def foreign(self, stage: Stage) -> Any:
        """Everything in the place that is not the portal's, to compare before and after."""
