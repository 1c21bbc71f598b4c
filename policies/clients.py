"""Clients for one account and region, as one of our two roles there: *read* or *write*.

The only file that knows the edges. Reads share one session per account, role and hour;
every plan that writes assumes the write role anew, with the plan's reference as session name.
"""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from policies import aws, kubernetes
from policies.models import AwsAccount
from policies.outcomes import Kind, Outcome

_WRITE_SESSION = 900  # seconds
_READ_SESSION = 3600  # a chained session lives one hour at most
_READ_SECONDS = _READ_SESSION - 300  # stop using it before it runs out
_reads: dict[tuple[str, str, str], tuple[float, aws.Aws]] = {}
_locals: dict[str, aws.Aws] = {}
_lock = threading.Lock()


class AccountClients:
    """What providers are handed. Satisfies `providers.protocol.Clients`."""

    def __init__(self, session: aws.Aws) -> None:
        self._aws = session

    @property
    def journal(self) -> list[dict[str, Any]]:
        """Request ids and dates of the calls that wrote or failed so far."""
        return self._aws.journal.entries

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            return self._aws.call(service, operation, **arguments)
        except Outcome as error:
            _forget_refused(error)
            raise

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        try:
            return self._aws.pages(service, operation, key, **arguments)
        except Outcome as error:
            _forget_refused(error)
            raise

    def kubernetes(self, config: Mapping[str, Any]) -> kubernetes.Cluster:
        """The cluster's API. EKS: endpoint and CA are asked for at each use."""
        if config.get("access") == "kubeconfig":
            return kubernetes.Cluster.from_kubeconfig(
                _kubeconfig(str(config["kubeconfig"])), str(config["context"])
            )
        if not config.get("cluster"):
            raise Outcome(Kind.MISSING, "The catalogue does not know this cluster any more.")
        name = str(config["cluster"])
        found = self.call("eks", "describe_cluster", name=name)["cluster"]
        return kubernetes.Cluster.from_eks(
            found["endpoint"],
            found["certificateAuthority"]["data"],
            self._aws.kubernetes_token(name),
        )


def reading(account: str, region: str) -> AccountClients:
    """Clients that may only read. Raises Outcome."""
    row = _account(account)
    region = region or row.region
    key = (row.number, row.read_role_arn, region)
    with _lock:
        known = _reads.get(key)
    if known is not None and known[0] > time.monotonic():
        return AccountClients(known[1].fresh())
    session = _session(row, row.read_role_arn, region, name="gatehouse-read", seconds=_READ_SESSION)
    with _lock:
        _reads[key] = (time.monotonic() + _READ_SECONDS, session)
    return AccountClients(session.fresh())


def writing(account: str, region: str, *, plan: str) -> AccountClients:
    """Clients that may write, named after the plan they carry out. Raises Outcome."""
    row = _account(account)
    region = region or row.region
    session = _session(row, row.write_role_arn, region, name=plan, seconds=_WRITE_SESSION)
    return AccountClients(session)


def own(region: str) -> AccountClients:
    """Clients with this process's own credentials, whatever account those are of."""
    return AccountClients(_local(region))


def forget_sessions() -> None:
    """Drop the shared sessions, for example when a role or our own credentials were changed."""
    with _lock:
        _reads.clear()
        _locals.clear()


def _forget_refused(error: Outcome) -> None:
    """A session that AWS refuses may have expired or its role been changed: assume it anew."""
    if error.kind is Kind.DENIED:
        forget_sessions()


def _account(number: str) -> AwsAccount:
    row = AwsAccount.objects.filter(number=number).first()
    if row is None:
        raise Outcome(Kind.MISSING, f"The catalogue does not know the AWS account {number}.")
    return row


def _session(row: AwsAccount, role: str, region: str, *, name: str, seconds: int) -> aws.Aws:
    local = _local(region)
    if not role:
        return local
    try:
        return local.assume(role, session_name=name, external_id=row.external_id, seconds=seconds)
    except Outcome as error:
        _forget_refused(error)
        raise


def _local(region: str) -> aws.Aws:
    """This process's own identity, with a journal for whoever asks."""
    with _lock:
        if region not in _locals:
            _locals[region] = aws.local(region, _timeouts())
        return _locals[region].fresh()


def _timeouts() -> aws.Timeouts:
    return aws.Timeouts(
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
