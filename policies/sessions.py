"""What all identities of a region share: boto3's clients. Who signs is told call by call.

A client takes about 8 ms to make and every plan that writes is an identity of its own. So the
clients are kept, and the keys that sign are lent to them for one call at a time. Nobody's keys
are the default: a call for which none were lent is not signed at all, but refused.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from boto3 import Session as BotoSession
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials
from botocore.exceptions import NoCredentialsError

_acting: ContextVar[Credentials | None] = ContextVar("acting", default=None)
# A session may be used by many threads, but only one at a time may make a client of it.
_making = threading.Lock()
_CONNECTIONS = 50  # kept open by one client, which all threads of the process share


@dataclass(frozen=True)
class Timeouts:
    """Seconds; `tries` counts the first attempt too."""

    connect: float
    read: float
    tries: int


@contextmanager
def acting(credentials: Credentials | None) -> Iterator[None]:
    """Calls of this thread inside the block are signed with these credentials."""
    token = _acting.set(credentials)
    try:
        yield
    finally:
        _acting.reset(token)


class Session:
    """One region's clients, and the credentials the process itself has."""

    def __init__(self, region: str, timeouts: Timeouts) -> None:
        core = _session(region)
        core.register_component("credential_provider", CredentialResolver([_Lender()]))
        self.events = core.get_component("event_emitter")
        self.region = region
        self._timeouts = timeouts
        self._boto = BotoSession(botocore_session=core)
        self._clients: dict[tuple[str, bool], Any] = {}
        self._own: botocore.session.Session | None = None

    def own(self) -> Credentials | None:
        """The process's own, found the way every AWS tool finds them; they renew themselves."""
        own = self._own = self._own or _session(self.region)
        return own.get_credentials()

    def forget_own(self) -> None:
        """Look for the process's own credentials anew at the next call."""
        self._own = None

    def client(self, service: str, *, writing: bool = False) -> Any:
        """botocore re-sends reads `tries - 1` times, writes never.

        A write sent again could be throttled or refused after the first sending, its answer
        lost, was applied: then nobody would know. All further tries are ours, with a visible
        next time.
        """
        known = self._clients.get((service, writing))
        if known is None:
            with _making:
                known = self._boto.client(service, config=self._config(writing=writing))
            self._clients[service, writing] = known
        return known

    def _config(self, *, writing: bool) -> Config:
        return Config(
            retries={
                "mode": "standard",
                "total_max_attempts": 1 if writing else self._timeouts.tries,
            },
            max_pool_connections=_CONNECTIONS,
            connect_timeout=self._timeouts.connect,
            read_timeout=self._timeouts.read,
            user_agent_extra="gatehouse",
        )


class _Lent(Credentials):
    """Whoever's the call in hand is."""

    def __init__(self) -> None:
        super().__init__("", "", method="lent")

    def get_frozen_credentials(self) -> Any:
        lent = _acting.get()
        if lent is None:
            raise NoCredentialsError
        return lent.get_frozen_credentials()


class _Lender(CredentialProvider):
    METHOD = "lent"

    def load(self) -> Credentials:
        return _Lent()


def _session(region: str) -> botocore.session.Session:
    """With the one loader of the process: reading AWS's service models takes half a second."""
    made = botocore.session.get_session()
    made.set_config_variable("region", region)  # some credentials are asked for there
    made.register_component("data_loader", _loader())
    return made


@cache
def _loader() -> Any:
    return botocore.session.get_session().get_component("data_loader")
