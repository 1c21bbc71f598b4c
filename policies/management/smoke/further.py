"""The kinds beyond the customer's three: cluster users, Studios, onboarding, buckets, snapshots,
templates."""

import json
from typing import Any

from policies.management.smoke.stage import Kind, Stage
from policies.models import Bucket, Cluster, Domain, ManagedRole, Studio, VirtualCluster

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/GATEHOUSESMOKE"
STUDIO = {"level": "intermediate", "shared": False, "templates": "tagged", "reason": ""}
LAKE = {"access": "read", "prefix": "smoke/", "external_id": True, "workspace": "", "group": ""}

REPORTS = {
    "Statement": {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": {"join": ["arn:aws:s3:::smoke-reports/", {"parameter": "folder"}, "*"]},
    }
}


def _others(statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in statements if not str(one.get("Sid", "")).startswith("Gatehouse")]


class ClusterUser:
    """A row of aws-auth, and the right to find the cluster."""

    slug = "cluster"

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {}

    def prepare(self, stage: Stage) -> None:
        outside = stage.outside
        stage.company.know_cluster(outside.cluster, outside.kubeconfig, outside.context)
        config = {"cluster": "main", "groups": ["smoke-viewers"], "policies": []}
        stage.company.offer(self.slug, "eks_user", config)

    def holds(self, stage: Stage, arn: str) -> bool:
        found = "eks:DescribeCluster" in str(stage.sight.policies(arn))
        return found and "smoke-viewers" in stage.sight.auth_map().get("mapRoles", "")

    def foreign(self, stage: Stage) -> Any:
        return stage.sight.auth_map()


class StudioUser:
    slug = "studio"

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {}

    def prepare(self, stage: Stage) -> None:
        company = stage.company
        names = ("service_role_arn", "emr_service_role_arn", "instance_profile_role_arn")
        roles = {name: company.role_arn(f"gatehouse-smoke-{name[:3]}") for name in names}
        facts = {"studio_id": "es-GATEHOUSESMOKE", "auth_mode": "IAM", **roles}
        company.place(Studio, "studio", template_bucket="gatehouse-smoke-templates", **facts)
        company.offer(self.slug, "emr_studio", {"studio": "studio", **STUDIO})

    def holds(self, stage: Stage, arn: str) -> bool:
        return "elasticmapreduce:CreateStudioPresignedUrl" in str(stage.sight.policies(arn))

    def foreign(self, stage: Stage) -> Any:
        return None  # the same policies that stand beside those of jobs


class Onboarding:
    slug = "onboarding"

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {"virtual_clusters": ["batch"]}

    def prepare(self, stage: Stage) -> None:
        company = stage.company
        company.place(Cluster, "batch", cluster_name="gatehouse-smoke-batch", issuer=ISSUER)
        facts = {"virtual_cluster_id": "gatehousesmokebatch", "cluster": "batch"}
        company.place(VirtualCluster, "batch", namespace="smoke", **facts)
        company.offer(self.slug, "job_role", {"virtual_clusters": ["batch"], "by": "oidc"})

    def holds(self, stage: Stage, arn: str) -> bool:
        return ISSUER in str(stage.sight.trust(arn))

    def foreign(self, stage: Stage) -> Any:
        return {arn: _others(stage.sight.trust(arn)) for arn in sorted(stage.roles.values())}


class Lake:
    """A bucket through a role; here both are of the one account smoke has."""

    slug = "lake"
    bucket, reader = "", ""

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {}

    def prepare(self, stage: Stage) -> None:
        self.bucket, self.reader = stage.seeds.bucket("lake"), stage.seeds.role("reader")
        stage.company.place(Bucket, "lake", bucket_name=self.bucket)
        stage.company.place(ManagedRole, "reader", arn=self.reader)
        config = {"bucket": "lake", "role": "reader", **LAKE}
        stage.company.offer(self.slug, "cross_account_s3", config)

    def holds(self, stage: Stage, arn: str) -> bool:
        trusted = arn in str(stage.sight.trust(self.reader))
        opened = self.reader in str(stage.sight.bucket(self.bucket))
        return trusted and opened and self.reader in str(stage.sight.policies(arn))

    def foreign(self, stage: Stage) -> Any:
        return _others(stage.sight.trust(self.reader)), _others(stage.sight.bucket(self.bucket))


class Snapshots:
    slug = "snapshots"
    keeper = ""

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {}

    def prepare(self, stage: Stage) -> None:
        company, self.keeper = stage.company, stage.seeds.role("keeper")
        company.place(Bucket, "snapshots", bucket_name=stage.seeds.bucket("snapshots"))
        company.place(ManagedRole, "keeper", arn=self.keeper)
        endpoint = "search-gatehouse-smoke.us-east-1.es.amazonaws.com"
        company.place(Domain, "logs", domain_name="gatehouse-smoke", endpoint=endpoint)
        config = {"domain": "logs", "role": "keeper", "bucket": "snapshots"}
        company.offer(self.slug, "snapshot_repository", config)

    def holds(self, stage: Stage, arn: str) -> bool:
        trusted = "es.amazonaws.com" in str(stage.sight.trust(self.keeper))
        return trusted and "es:ESHttpPut" in str(stage.sight.policies(arn))

    def foreign(self, stage: Stage) -> Any:
        return _others(stage.sight.trust(self.keeper))


class Folder:
    """What an administrator's own template gives."""

    slug = "folder"

    def __init__(self) -> None:
        self.terms: dict[str, Any] = {"folder": ["smoke/daily/"]}

    def prepare(self, stage: Stage) -> None:
        parameter = {"name": "folder", "label": "Folder", "type": "prefix", "choices": []}
        config = {"document": json.dumps(REPORTS), "parameters": [parameter], "reason": ""}
        stage.company.offer(self.slug, "template", {**config, "how_to_use": ""})

    def holds(self, stage: Stage, arn: str) -> bool:
        return "arn:aws:s3:::smoke-reports/smoke/daily/*" in str(stage.sight.policies(arn))

    def foreign(self, stage: Stage) -> Any:
        return None  # the same policies that stand beside those of jobs


def every() -> list[Kind]:
    return [ClusterUser(), StudioUser(), Onboarding(), Lake(), Snapshots(), Folder()]
