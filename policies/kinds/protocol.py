"""The shape every kind has: what people can ask for, in words and in parts.

Pure but for reading the estate; loaded by the web. A kind knows no other kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.functional import Promise

from accounts.arns import PrincipalType
from accounts.models import Principal
from accounts.models.principals import Profile
from policies.models import Entitlement

Terms = Mapping[str, Any]
Text = str | Promise


@dataclass(frozen=True)
class Field:
    """One thing the asker chooses: some of `choices` (value → label).

    Without choices one value is written freely; `sample` is one that fits.
    """

    name: str
    label: Text
    choices: Mapping[str, str]
    help: Text = ""
    sample: str = ""


@dataclass(frozen=True)
class Support:
    """Whether a type of principal can hold a kind; if not, why and what to do instead."""

    ok: bool
    why: Text = ""
    remedy: Text = ""


@dataclass(frozen=True)
class PlacedPart:
    """One canonical piece of a grant, and the target it belongs in.

    `stage`: written once everything of lower stages was seen, taken away before it.
    """

    kind: str
    account: str
    region: str
    object: str
    body: Mapping[str, Any]
    stage: int = 0

    def as_json(self) -> dict[str, Any]:
        """Stage 0 is not written, so that what was approved before there were stages stays."""
        stage = {"stage": self.stage} if self.stage else {}
        return {
            "kind": self.kind,
            "account": self.account,
            "region": self.region,
            "object": self.object,
            "body": dict(self.body),
            **stage,
        }


@dataclass(frozen=True)
class Remaining:
    """Something that may go on after an end; `until` None: until somebody ends it."""

    text: Text
    until: datetime | None = None


@dataclass(frozen=True)
class EndFacts:
    """What is known about the sessions of an ended grant's identity, and what its end cut."""

    session_seconds: int
    cuts_sessions: bool = False
    cuts_jobs: bool = False


class BadTerms(ValueError):
    """Terms or a configuration we refuse; `field` says which."""

    def __init__(self, field: str, message: Text) -> None:
        super().__init__(str(message))
        self.field = field
        self.message = str(message)


class Kind(Protocol):
    """One module per kind, listed in `policies.kinds.KINDS`."""

    @property
    def LABEL(self) -> Text:  # noqa: N802  (a constant of the module)
        """What people call it."""

    @property
    def PROFILE(self) -> type[Profile] | None:  # noqa: N802
        """What an identity becomes by holding it, if anything."""

    @property
    def SUPPORT(self) -> Mapping[PrincipalType, Support]:  # noqa: N802
        """Which types of identity can hold it."""

    def check_config(self, config: Mapping[str, Any]) -> None:
        """Raises BadTerms unless an entitlement may carry this configuration."""

    def fields(self, entitlement: Entitlement) -> Sequence[Field]: ...

    def clean(self, entitlement: Entitlement, terms: Terms) -> dict[str, Any]:
        """Terms in canonical form. Raises BadTerms."""

    def parts(
        self, entitlement: Entitlement, principal: Principal, terms: Terms
    ) -> list[PlacedPart]:
        """Raises BadTerms when the principal cannot be written there."""

    def sentence(
        self, entitlement: Entitlement, principal: Principal | None, terms: Terms
    ) -> str: ...

    def risk(self, entitlement: Entitlement, terms: Terms) -> list[str]: ...

    def how_to_use(self, entitlement: Entitlement, principal: Principal, terms: Terms) -> str: ...

    @property
    def CUT_ACTIONS(self) -> Sequence[str]:  # noqa: N802  (a constant of the module)
        """Actions that live sessions are denied when this access ends with a cut; none: its end
        needs no cut, or none would work."""

    def cut_parts(
        self, principal: Principal, parts: Sequence[Mapping[str, Any]], before: str
    ) -> list[PlacedPart]:
        """What else of a personal identity's is cut: what it began before an ISO date. Pure."""

    def remains(
        self, entitlement: Entitlement, ended_at: datetime, facts: EndFacts
    ) -> list[Remaining]:
        """What may go on after an end, and until when. Pure."""
