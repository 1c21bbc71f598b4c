"""Filling the fake at once: what a company's AWS holds before the portal first sees it.

Written into the fake's state directly, so that the journal shows only what callers really did.

`POST /_fake/seed` takes one account and region:
    {"account", "region",
     "roles": [{"name", "path", "tags": {}, "trust": {}, "inline": {NAME: {}}}],
     "portfolios": [{"id", "name", "principals": [ARN]}],
     "clusters": [{"name", "role", "aws_auth": {KEY: TEXT}, "rbac": {KIND: [OBJECT]}}],
     "virtual_clusters": [{"id", "name", "cluster", "namespace"}],
     "studios": [{"id", "mode"}], "buckets": [NAME]}
"""

import json
from typing import Any

from moto.eks.models import eks_backends
from moto.emrcontainers.models import emrcontainers_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.servicecatalog.models import servicecatalog_backends

from tests.fakes import eks, emr, servicecatalog

Order = dict[str, Any]


def fill(account: str, order: Order) -> dict[str, Any]:
    """Add everything an order names. `KeyError`, `ValueError` when it lacks or garbles something;
    what came before that in the order is there already.
    """
    region = str(order["region"])
    for role in order.get("roles", ()):
        _role(account, role)
    for portfolio in order.get("portfolios", ()):
        _portfolio(account, region, portfolio)
    for cluster in order.get("clusters", ()):
        _cluster(account, region, cluster)
    for virtual in order.get("virtual_clusters", ()):
        _virtual_cluster(account, region, virtual)
    for bucket in order.get("buckets", ()):
        s3_backends[account]["aws"].create_bucket(bucket, region)
    for studio in order.get("studios", ()):
        emr.add_studio(account, region, studio["id"], studio["mode"])
    return {"seeded": {name: len(many) for name, many in order.items() if isinstance(many, list)}}


def _role(account: str, role: Order) -> None:
    backend = iam_backends[account]["aws"]
    tags = [{"Key": key, "Value": value} for key, value in role.get("tags", {}).items()]
    backend.create_role(
        role_name=role["name"],
        assume_role_policy_document=json.dumps(role["trust"]),
        path=role.get("path", "/"),
        permissions_boundary=None,
        description=role.get("description", ""),
        tags=tags,
        max_session_duration="3600",
    )
    for name, document in role.get("inline", {}).items():
        backend.put_role_policy(role["name"], name, json.dumps(document))


def _portfolio(account: str, region: str, portfolio: Order) -> None:
    wanted, name = portfolio["id"], portfolio["name"]
    found = servicecatalog.add_portfolio(account, region, name, wanted)
    pairs = servicecatalog.held(servicecatalog_backends[account][region])
    known = pairs.setdefault(found, set())
    known.update((arn, "IAM") for arn in portfolio.get("principals", ()))


def _cluster(account: str, region: str, cluster: Order) -> None:
    made = eks_backends[account][region].create_cluster(
        name=cluster["name"], role_arn=cluster["role"], resources_vpc_config={}
    )
    eks.answer_for(made, data=cluster.get("aws_auth"))
    eks.bind(cluster["name"], cluster.get("rbac", {}))


def _virtual_cluster(account: str, region: str, virtual: Order) -> None:
    backend = emrcontainers_backends[account][region]
    info = {"eksInfo": {"namespace": virtual["namespace"]}}
    provider = {"type": "EKS", "id": virtual["cluster"], "info": info}
    made = backend.create_virtual_cluster(virtual["name"], provider, "")
    del backend.virtual_clusters[made.id]
    made.arn = made.arn.replace(made.id, virtual["id"])
    made.id = virtual["id"]
    backend.virtual_clusters[made.id] = made
