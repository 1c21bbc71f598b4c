"""Eventual consistency: reads that show the state of some seconds ago [D: IAM consistency].

While a `stale` fault stands, each write keeps a copy of what its backend held just before. A read
at time t then sees the oldest copy whose write ended after t - lag: no write younger than the lag
shows, every older one does.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from moto.eks.models import eks_backends
from moto.emr.models import emr_backends
from moto.iam.models import iam_backends
from moto.servicecatalog.models import servicecatalog_backends

from tests.fakes.faults import Fault, faults, pace
from tests.fakes.wire import Call

Key = tuple[str, str, str]
_past: dict[Key, list[tuple[float, Any]]] = {}
_now = threading.local()  # what the call of this thread meets


@contextmanager
def met(found: list[Fault]) -> Iterator[None]:
    """While one call is answered: the `stale` faults that it met by chance."""
    _now.seconds = max((one.seconds for one in found if one.kind == "stale"), default=0.0) * pace()
    try:
        yield
    finally:
        _now.seconds = 0.0


def before(call: Call) -> Any | None:
    """A copy of what the call's backend holds; None when its reads do not lag."""
    if call.service not in _COPIERS or not faults.lag(call.service, call.account, some=True):
        return None
    backends, copier = _COPIERS[call.service]
    return copier(backends[call.account][_key(call)[2]])


def after(call: Call, copy: Any | None) -> None:
    """Keep the copy taken before a write that has just been applied."""
    if copy is not None:
        _past.setdefault(_key(call), []).append((time.monotonic(), copy))


def view(service: str, account: str, region: str, live: Any) -> Any:
    """What a read sees now: `live`, or the copy that the standing lag calls for."""
    key = (service, account, "aws" if service == "iam" else region)
    now = time.monotonic()
    oldest = now - faults.lag(service, account, some=True)
    _past[key] = [(ended, copy) for ended, copy in _past.get(key, []) if ended > oldest]
    horizon = now - max(faults.lag(service, account), getattr(_now, "seconds", 0.0))
    young = [copy for ended, copy in _past[key] if ended > horizon]
    return young[0] if young else live


def reset() -> None:
    """Forget every copy."""
    _past.clear()


def _key(call: Call) -> Key:
    return (call.service, call.account, "aws" if call.service == "iam" else call.region)


def _clone(thing: Any, **changes: Any) -> Any:
    # Not copy.copy: moto's models register every instance made through __new__, for ever.
    twin = object.__new__(type(thing))
    twin.__dict__.update(thing.__dict__ | changes)
    return twin


def _holder(thing: Any) -> Any:
    changes: dict[str, Any] = {
        "policies": dict(thing.policies),
        "managed_policies": dict(thing.managed_policies),
    }
    if "tags" in thing.__dict__:
        changes["tags"] = list(thing.tags)
    return _clone(thing, **changes)


def _iam(live: Any) -> Any:
    return _clone(
        live,
        roles={key: _holder(role) for key, role in live.roles.items()},
        users={key: _holder(user) for key, user in live.users.items()},
        groups={key: _holder(group) for key, group in live.groups.items()},
        managed_policies={
            arn: _clone(policy, versions=[_clone(version) for version in policy.versions])
            for arn, policy in live.managed_policies.items()
        },
    )


def _servicecatalog(live: Any) -> Any:
    held = getattr(live, "principals", {})
    return _clone(
        live,
        portfolios=dict(live.portfolios),
        principals={portfolio: set(pairs) for portfolio, pairs in held.items()},
    )


def _cluster(live: Any) -> Any:
    entries = {
        arn: {"about": dict(one["about"]), "policies": dict(one["policies"])}
        for arn, one in getattr(live, "entries", {}).items()
    }
    associations = dict(getattr(live, "associations", {}))
    return _clone(live, entries=entries, associations=associations)


def _eks(live: Any) -> Any:
    return _clone(
        live,
        clusters={name: _cluster(cluster) for name, cluster in live.clusters.items()},
    )


def _emr(live: Any) -> Any:
    studios = getattr(live, "studios", {})
    copies = {name: {**one, "mappings": dict(one["mappings"])} for name, one in studios.items()}
    return _clone(live, studios=copies)


_COPIERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "iam": (iam_backends, _iam),
    "servicecatalog": (servicecatalog_backends, _servicecatalog),
    "eks": (eks_backends, _eks),
    "emr": (emr_backends, _emr),
}
