"""Clients for one account and region, as one of our two roles there: *read* or *write*.

The only file that knows the edges. Reads share one session per account, role and hour;
every plan that writes assumes the write role anew, with the plan's reference as session name.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from policies import aws, kubernetes, rates, rest, sessions
from policies.models import AwsAccount, calls
from policies.outcomes import Kind, Outcome

_WRITE_SESSION = 900  # seconds
_READ_SESSION = 3600  # a chained session lives one hour at most
_READ_SECONDS = _READ_SESSION - 300  # stop using it before it runs out
_HUB = "own"  # the account of our own credentials, whose rate AssumeRole uses up
_reads: dict[tuple[str, str, str], tuple[float, aws.Aws]] = {}
_locals: dict[str, aws.Aws] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Bounds:
    """What every call asks first. `until` (of `time.monotonic`): no call starts after it.
    `allowed`: whether a write may still go out; asked right before each, after any waiting."""

    account: str = ""
    until: float | None = None
    allowed: Callable[[], bool] = lambda: True

    @contextmanager
    def call(self, service: str, *, writing: bool) -> Iterator[None]:
        """Around one call. Raises Outcome; a call turned away by AWS slows its bucket down."""
        self.enter(service, writing=writing)
        try:
            with _counted(service.partition(":")[0]):
                yield
        except Outcome as error:
            self.turned_away(service, error, writing=writing)
            raise

    def enter(self, service: str, *, writing: bool) -> None:
        """Wait for a permit; refuse when the time is over, or when we may not write any more."""
        if self.account:
            rates.take(rates.Bucket(self.account, service, writing), until=self.until)
        if self.until is not None and time.monotonic() > self.until:
            raise Outcome(
                Kind.TRANSIENT,
                f"{service}: the pass ran out of time before this call; the next goes on (GH-342).",
            )
        if writing and not self.allowed():
            raise Outcome(Kind.CONFLICT, "Another worker has taken this target over (GH-343).")

    def turned_away(self, service: str, error: Outcome, *, writing: bool) -> None:
        if self.account and error.kind is Kind.THROTTLED and error.code:
            bucket = rates.Bucket(self.account, service, writing)
            rates.slow_down(bucket, retry_after=error.retry_after)


class AccountClients:
    """What providers are handed. Satisfies `providers.protocol.Clients`."""

    def __init__(self, session: aws.Aws, bounds: Bounds | None = None) -> None:
        self._aws = session
        self._bounds = bounds or Bounds()

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Request ids and dates of the calls that wrote or failed so far."""
        return self._aws.journal.entries

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        with _session_may_be_stale(), self._bounds.call(service, writing=not aws.reads(operation)):
            return self._aws.call(service, operation, **arguments)

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        def before() -> None:
            self._bounds.enter(service, writing=False)

        try:
            with _session_may_be_stale(), _counted(service):
                return self._aws.pages(service, operation, key, before=before, **arguments)
        except Outcome as error:
            self._bounds.turned_away(service, error, writing=False)
            raise

    def kubernetes(self, config: Mapping[str, Any]) -> "ClusterClient":
        """The cluster's API. EKS: endpoint and CA are asked for at each use."""
        if config.get("access") == "kubeconfig":
            found = kubernetes.Cluster.from_kubeconfig(
                _kubeconfig(str(config["kubeconfig"])), str(config["context"])
            )
            return ClusterClient(found, str(config["context"]), self._bounds)
        if not config.get("cluster"):
            raise Outcome(Kind.MISSING, "The catalogue does not know this cluster any more.")
        name = str(config["cluster"])
        about = self.call("eks", "describe_cluster", name=name)["cluster"]
        found = kubernetes.Cluster.from_eks(
            about["endpoint"],
            about["certificateAuthority"]["data"],
            self._aws.kubernetes_token(name),
            str((about.get("accessConfig") or {}).get("authenticationMode", "")),
        )
        return ClusterClient(found, name, self._bounds)

    def workspace(self, config: Mapping[str, Any]) -> "RestServer":
        """A Databricks workspace, by its token."""
        host = str(config.get("host", ""))
        rest.check_host(host, settings.OUTSIDE_HOSTS)
        token = rest.secret(settings.SECRETS_FOLDER, str(config["token_ref"]))
        return RestServer(rest.Rest(host, token), self._bounds)

    def domain(self, config: Mapping[str, Any]) -> "RestServer":
        """An OpenSearch domain, as the AWS identity we act as."""
        host = str(config.get("host", ""))
        rest.check_host(host, settings.OUTSIDE_HOSTS)

        def sign(method: str, url: str, body: bytes) -> Mapping[str, str]:
            headers = {"Content-Type": rest.JSON} if body else {}
            return self._aws.signed("es", method, url, body, headers)

        return RestServer(rest.Rest(host, sign=sign), self._bounds)

    def vouch(self) -> None:
        """That we act in the account these clients are for: else “not there” means nothing.

        Raises Outcome DENIED when the worker's credentials are of another account.
        """
        with self._bounds.call("sts", writing=False):
            found = self._aws.account()
        if self._bounds.account and found != self._bounds.account:
            raise Outcome(
                Kind.DENIED,
                f"The worker acts in account {found}, not in {self._bounds.account}: "
                "what it does not find there may well exist (GH-340).",
            )


class ClusterClient:
    """One cluster's ConfigMaps, within the bounds of who asks."""

    def __init__(self, cluster: kubernetes.Cluster, name: str, bounds: Bounds) -> None:
        self._cluster = cluster
        self._service = f"kubernetes:{name}"
        self._bounds = bounds

    @property
    def mode(self) -> str:
        """EKS's authenticationMode; empty where nobody told."""
        return self._cluster.mode

    def read_config_map(self, namespace: str, name: str) -> dict[str, Any] | None:
        with self._bounds.call(self._service, writing=False):
            return self._cluster.read_config_map(namespace, name)

    def read_rbac(self, kind: str) -> list[dict[str, Any]]:
        with self._bounds.call(self._service, writing=False):
            return self._cluster.read_rbac(kind)

    def patch_config_map(
        self, namespace: str, name: str, *, data: Mapping[str, str | None], version: str, uid: str
    ) -> dict[str, Any]:
        with self._bounds.call(self._service, writing=True):
            return self._cluster.patch_config_map(
                namespace, name, data=data, version=version, uid=uid
            )


class RestServer:
    """One workspace or domain, within the bounds of who asks."""

    def __init__(self, server: rest.Rest, bounds: Bounds) -> None:
        self._server = server
        self._bounds = bounds

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        with self._bounds.call(f"rest:{self._server.host}", writing=method != "GET"):
            return self._server.call(method, path, body)


def reading(account: str, region: str, *, until: float | None = None) -> AccountClients:
    """Clients that may only read, until a moment of `time.monotonic`. Raises Outcome."""
    row, bounds = _account(account), Bounds(account, until)
    region = region or row.region
    key = (row.number, row.read_role_arn, region)
    with _lock:
        known = _reads.get(key)
    if known is not None and known[0] > time.monotonic():
        return AccountClients(known[1].fresh(), bounds)
    session = _session(
        row, row.read_role_arn, region, bounds, name="gatehouse-read", seconds=_READ_SESSION
    )
    with _lock:
        _reads[key] = (time.monotonic() + _READ_SECONDS, session)
    return AccountClients(session.fresh(), bounds)


def writing(
    account: str,
    region: str,
    *,
    plan: str,
    until: float | None = None,
    allowed: Callable[[], bool] = lambda: True,
) -> AccountClients:
    """Clients that may write, named after the plan they carry out. Raises Outcome."""
    row, bounds = _account(account), Bounds(account, until, allowed)
    region = region or row.region
    session = _session(row, row.write_role_arn, region, bounds, name=plan, seconds=_WRITE_SESSION)
    return AccountClients(session, bounds)


def own(region: str) -> AccountClients:
    """Clients with this process's own credentials, whatever account those are of."""
    return AccountClients(_local(region))


def forget_sessions() -> None:
    """Drop the shared sessions, for example when a role or our own credentials were changed."""
    with _lock:
        _reads.clear()
        for one in _locals.values():
            one.forget_own()


def forget_clients() -> None:
    """Drop boto3's clients, too: AWS is to be reached in another way."""
    forget_sessions()
    with _lock:
        _locals.clear()


@contextmanager
def _session_may_be_stale() -> Iterator[None]:
    """A session AWS refuses may have expired, or its role been changed: assume it anew next."""
    try:
        yield
    except Outcome as error:
        if error.kind is Kind.DENIED or error.code.startswith(("ExpiredToken", "RequestExpired")):
            forget_sessions()
        raise


@contextmanager
def _counted(service: str) -> Iterator[None]:
    """One call for the metrics, by how it went; a paged read counts once."""
    try:
        yield
    except Outcome as error:
        calls.count(service, error.kind)
        raise
    calls.count(service, "ok")


def _account(number: str) -> AwsAccount:
    row = AwsAccount.objects.filter(number=number).first()
    if row is None:
        raise Outcome(Kind.MISSING, f"The catalogue does not know the AWS account {number}.")
    return row


def _session(
    row: AwsAccount, role: str, region: str, bounds: Bounds, *, name: str, seconds: int
) -> aws.Aws:
    local = _local(region)
    if not role:
        return local
    hub = replace(bounds, account=_HUB)
    with _session_may_be_stale(), hub.call("sts", writing=False):
        return local.assume(role, session_name=name, external_id=row.external_id, seconds=seconds)


def _local(region: str) -> aws.Aws:
    """This process's own identity, with a journal for whoever asks."""
    with _lock:
        if region not in _locals:
            _locals[region] = aws.local(region, _timeouts())
        return _locals[region].fresh()


def _timeouts() -> sessions.Timeouts:
    return sessions.Timeouts(
        settings.AWS_CONNECT_TIMEOUT_SECONDS,
        settings.AWS_READ_TIMEOUT_SECONDS,
        settings.AWS_TRIES,
    )


def _kubeconfig(name: str) -> Path:
    """A file directly in KUBECONFIG_FOLDER; the catalogue gives its name, never a path."""
    folder = settings.KUBECONFIG_FOLDER
    if not folder:
        raise Outcome(Kind.PERMANENT, "KUBECONFIG_FOLDER is not set on this worker.")
    if not name or Path(name).name != name:
        raise Outcome(Kind.PERMANENT, f"“{name}” is not the name of a file in KUBECONFIG_FOLDER.")
    return Path(folder) / name
