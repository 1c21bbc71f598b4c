"""The shape every provider has, and the shape of what providers are handed.

A provider is a module, one file per target kind, listed in `policies.providers.PROVIDERS`.
Everything but `read` and `apply` is pure. Providers know no other provider and no kind.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

from policies.plan import Change, Reading, State

Part = Mapping[str, Any]
# What others hold in a place that counts against its quotas, and the limits: plain JSON.
Basis = Mapping[str, Any]


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
class Standing:
    """What stands in a target: as it was read, and the texts we last wrote under our keys."""

    reading: Reading
    ours: State


@dataclass(frozen=True)
class Load:
    """How full one AWS quota of a target is: `used` of `limit`, in `unit`."""

    quota: str
    used: int
    limit: int
    unit: str = ""


class KubernetesClient(Protocol):
    """One cluster's ConfigMaps. Raises only `outcomes.Outcome`."""

    @property
    def mode(self) -> str:
        """EKS's authenticationMode; empty where nobody told."""

    def read_config_map(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The whole object as the server gave it, or None when it does not exist."""

    def read_rbac(self, kind: str) -> list[dict[str, Any]]:
        """Every object of one of `documents.rbac.KINDS`, of the whole cluster."""

    def patch_config_map(
        self,
        namespace: str,
        name: str,
        *,
        data: Mapping[str, str | None],
        version: str,
        uid: str,
    ) -> dict[str, Any]:
        """Merge-patch `data` (None: drop the key), guarded by resourceVersion and uid.

        CONFLICT when either is stale.
        """


class RestClient(Protocol):
    """One JSON API of a server of its own. Raises only `outcomes.Outcome`."""

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """One request, sent once; the object that was answered."""


class Clients(Protocol):
    """AWS and Kubernetes for one account and region. Raises only `outcomes.Outcome`."""

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One AWS operation, named as boto3 names it; the parsed answer."""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """Every page of a paginated operation, its `key` lists joined."""

    def kubernetes(self, config: Mapping[str, Any]) -> KubernetesClient:
        """The Kubernetes API of the cluster that `Place.config` describes."""

    def workspace(self, config: Mapping[str, Any]) -> RestClient:
        """The Databricks workspace that `Place.config` describes."""

    def domain(self, config: Mapping[str, Any]) -> RestClient:
        """The OpenSearch domain that `Place.config` describes; every request is signed."""


class Provider(Protocol):
    """One target kind: a module of its own."""

    @property
    def READS(self) -> Sequence[str]:  # noqa: N802  (a constant of the module)
        """AWS actions our read role needs."""

    @property
    def WRITES(self) -> Sequence[str]:  # noqa: N802
        """AWS actions our write role needs."""

    @property
    def WHOLE_KEY(self) -> bool:  # noqa: N802
        """True where a key is ours from end to end; False where others edit inside it too,
        so that a text changed by others is a conflict and never overwritten."""

    def read(self, clients: Clients, place: Place) -> Reading:
        """What the target holds now. Changes nothing. MALFORMED when it cannot be understood.

        Where a part of it cannot, `Reading.unreadable` tells which keys that concerns.
        `missing` only when AWS's own answer to a question about this very target says that it
        does not exist: never for a refusal, a time-out or what the catalogue does not know.
        """

    def key_of(self, place: Place, part: Part) -> str:
        """The key a part folds into, where there is room under it."""

    def keys_of(self, place: Place, part: Part, state: State) -> Set[str]:
        """The keys of `state` that hold anything of the part. Pure."""

    def desired(
        self, place: Place, parts: Sequence[Part], standing: Standing | None = None
    ) -> State:
        """The state that holds exactly these parts. Pure.

        `standing` says how much room others leave, and where our own texts are, so that
        what may stay where it is does.
        """

    def holds(self, state: State, place: Place, part: Part) -> bool:
        """Whether a state gives what the part asks for. Pure."""

    def clears(self, state: State, place: Place, parts: Sequence[Part]) -> Set[str]:
        """Keys of `state` that these parts order to be cleared, whoever made them. Pure."""

    def quotas(self, clients: Clients, place: Place) -> Mapping[str, int]:
        """The limits AWS tells of for this place; those it does not, `load` knows. Raises Outcome.

        Asked for previews only, never at each pass.
        """

    def basis(
        self, reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
    ) -> Basis:
        """What `load` has to know of the place besides our parts. Pure.

        It is kept, so that a decision can be checked without reading AWS. `parts`: those
        known of now, living or asked for.
        """

    def load(self, basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
        """How full the target's quotas would be with all of `parts` of ours in it. Pure."""

    def problems(self, reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
        """Why these parts cannot or must not be written here, and what to do. Pure."""

    def untouchable(self, place: Place, key: str, text: str) -> str:
        """Why not even an administrator removes this foreign key here, in words; empty when
        one may. `text` is the key's text in the reading. Pure."""

    def say(self, place: Place, change: Change) -> str:
        """A change in words for plans and previews. Pure."""

    def writes(self, changes: Sequence[Change]) -> list[list[Change]]:
        """The changes in groups that are one write each, removals first. Pure."""

    def apply(
        self,
        clients: Clients,
        place: Place,
        reading: Reading,
        changes: Sequence[Change],
        parts: Sequence[Part],
    ) -> None:
        """Make one group of changes. Raises Outcome; with `each` where the rest was written.

        `parts` are all that is wanted here, for spellings that keys do not keep.
        """
