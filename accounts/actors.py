"""Who does something: the value every verb takes as `by=`.

An actor is always one of a person, a machine client or the system itself, arriving by
one channel. Verbs never look at a web request; edges build the actor and hand it down.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from accounts import context

if TYPE_CHECKING:
    from accounts.models import Person


class Channel(StrEnum):
    PAGE = "page"
    API = "api"
    ADMIN = "admin"
    COMMAND = "command"
    SYSTEM = "system"


class ActorKind(StrEnum):
    PERSON = "person"
    CLIENT = "client"
    SYSTEM = "system"


class Assurance(StrEnum):
    """How sure we are that the actor is who it says."""

    NONE = "none"
    PASSWORD = "password"  # noqa: S105  (a name, not a secret)
    SECOND_FACTOR = "second_factor"
    TOKEN = "token"  # noqa: S105


def _correlation() -> str:
    """The id of the request or task that is going on, else a new one."""
    return context.correlation() or context.new()


@dataclass(frozen=True)
class Actor:
    """`id` is the person's or client's primary key as text, empty for the system."""

    kind: ActorKind
    channel: Channel
    id: str = ""
    person: "Person | None" = None
    assurance: Assurance = Assurance.NONE
    correlation: str = field(default_factory=_correlation)

    @property
    def is_person(self) -> bool:
        return self.kind is ActorKind.PERSON


def of_person(
    person: "Person",
    channel: Channel,
    *,
    assurance: Assurance = Assurance.PASSWORD,
    correlation: str = "",
) -> Actor:
    return Actor(
        ActorKind.PERSON,
        channel,
        str(person.pk),
        person,
        assurance,
        correlation or _correlation(),
    )


def of_client(client_id: int | str, *, correlation: str = "") -> Actor:
    return Actor(
        ActorKind.CLIENT,
        Channel.API,
        str(client_id),
        None,
        Assurance.TOKEN,
        correlation or _correlation(),
    )


def system(*, channel: Channel = Channel.SYSTEM, correlation: str = "") -> Actor:
    return Actor(ActorKind.SYSTEM, channel, correlation=correlation or _correlation())
