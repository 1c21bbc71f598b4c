"""What the fake AWS holds, read from its own state: no boto3, no product code."""

import json
from collections.abc import Iterator
from typing import Any

from moto.eks.models import eks_backends
from moto.emrcontainers.models import emrcontainers_backends
from moto.iam.models import iam_backends
from moto.servicecatalog.models import servicecatalog_backends

from tests.fakes import servicecatalog
from tests.fakes.eks import auth_map_of
from tests.fakes.extend import ONE_AT_A_TIME


def collect() -> dict[str, Any]:
    """Every account that holds something, with its portfolios, roles, users and clusters."""
    with ONE_AT_A_TIME:
        found = {account: _account(account) for account in sorted(_accounts())}
    for cluster in [one for what in found.values() for one in what["clusters"]]:
        cluster["aws_auth"] = auth_map_of(cluster["name"])
    held = [{"id": account, **what} for account, what in found.items() if any(what.values())]
    return {"accounts": held}


def _accounts() -> set[str]:
    stores: list[Any] = [iam_backends, servicecatalog_backends, eks_backends]
    return {account for store in [*stores, emrcontainers_backends] for account in store}


def _account(account: str) -> dict[str, list[dict[str, Any]]]:
    iam = iam_backends[account]["aws"]
    return {
        "portfolios": list(_portfolios(account)),
        "roles": [_role(role) for role in sorted(iam.roles.values(), key=lambda one: one.arn)],
        "users": [_holder(user) for user in sorted(iam.users.values(), key=lambda one: one.arn)],
        "policies": [_managed(one) for one in iam.managed_policies.values()],
        "clusters": list(_clusters(account)),
        "virtual_clusters": list(_virtual_clusters(account)),
    }


def _portfolios(account: str) -> Iterator[dict[str, Any]]:
    for region, backend in list(servicecatalog_backends[account].items()):
        held = servicecatalog.held(backend)
        for one in backend.portfolios.values():
            pairs = sorted(held.get(one.id, ()))
            principals = [{"arn": arn, "type": kind} for arn, kind in pairs]
            about = {"id": one.id, "name": one.display_name, "region": region}
            yield about | {"principals": principals}


def _holder(one: Any) -> dict[str, Any]:
    return {
        "arn": one.arn,
        "tags": {tag["Key"]: tag["Value"] for tag in one.tags or []},
        "inline_policies": {name: json.loads(text) for name, text in one.policies.items()},
        "attached_policies": sorted(one.managed_policies),
    }


def _role(role: Any) -> dict[str, Any]:
    return _holder(role) | {"trust": json.loads(role.assume_role_policy_document)}


def _managed(policy: Any) -> dict[str, Any]:
    current = next(one for one in policy.versions if one.version_id == policy.default_version_id)
    return {"arn": policy.arn, "document": json.loads(current.document)}


def _clusters(account: str) -> Iterator[dict[str, Any]]:
    for region, backend in list(eks_backends[account].items()):
        clusters: list[Any] = list(backend.clusters.values())
        for one in clusters:
            mode = one.access_config["authenticationMode"]
            yield {"name": one.name, "region": region, "authentication_mode": mode}


def _virtual_clusters(account: str) -> Iterator[dict[str, Any]]:
    for region, backend in list(emrcontainers_backends[account].items()):
        for one in backend.virtual_clusters.values():
            yield {"id": one.id, "name": one.name, "region": region, "state": one.state}
