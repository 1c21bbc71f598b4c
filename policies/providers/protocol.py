"""The shape every provider has, and the shape of what providers are handed.

A provider is a module, one file per target kind, listed in `policies.providers.PROVIDERS`.
Everything but `read` and `apply` is pure. Providers know no other provider and no kind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from policies.plan import Change, Reading, State

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """One target as a provider sees it: where it is, without any database row.

    `object` is the canonical name inside (kind, account, region): a portfolio id,
    a principal's ARN, a cluster's name. `config` holds what the estate knows about it.
    """

    kind: str
    account: str
    region: str
    object: str
    installation: str
    config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """How full one AWS quota of a target is: `used` of `limit`, in `unit`."""

    quota: str
    used: int
    limit: int
    unit: str = ""


class KubernetesClient(Protocol):
    """One cluster's ConfigMaps. Raises only `outcomes.Outcome`."""

    def read_config_map(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The whole object as the server gave it, or None when it does not exist."""

    def patch_config_map(
        self,
        namespace: str,
        name: str,
        *,
        data: Mapping[str, str],
        version: str,
        uid: str,
    ) -> dict[str, Any]:
        """Merge-patch `data`, guarded by resourceVersion and uid; CONFLICT when either is stale."""


class Clients(Protocol):
    """AWS and Kubernetes for one account and region. Raises only `outcomes.Outcome`."""

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One AWS operation, named as boto3 names it; the parsed answer."""

    def pages(
        self, service: str, operation: str, key: str, **arguments: Any
    ) -> list[Any]:
        """Every page of a paginated operation, its `key` lists joined."""

    def kubernetes(self, config: Mapping[str, Any]) -> KubernetesClient:
        """The Kubernetes API of the cluster that `Place.config` describes."""


class Provider(Protocol):
    """One target kind. See DESIGN §4 for the table of kinds."""

    # AWS actions our own role needs: (for reading, for writing).
    READS: Sequence[str]
    WRITES: Sequence[str]
    # Seconds after a write during which a contrary look proves nothing: (giving, ending).
    WINDOW: tuple[float, float]
    # True where a key is ours from end to end; False where others edit inside it too,
    # so that a text changed by others is a conflict and never overwritten.
    WHOLE_KEY: bool

    def read(self, clients: Clients, place: Place) -> Reading: ...

    def desired(self, place: Place, parts: Iterable[Part]) -> State: ...

    def holds(self, state: State, place: Place, part: Part) -> bool: ...

    def key_of(self, place: Place, part: Part) -> str: ...

    def load(
        self, reading: Reading, place: Place, extra: Iterable[Part]
    ) -> list[Load]: ...

    def say(self, change: Change) -> str: ...

    def writes(self, changes: Sequence[Change]) -> list[list[Change]]: ...

    def apply(
        self,
        clients: Clients,
        place: Place,
        reading: Reading,
        changes: Sequence[Change],
    ) -> None: ...
