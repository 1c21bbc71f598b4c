"""What the catalogue names in one account, as the resources that our roles are bound to."""

from dataclasses import dataclass

from accounts.arns import PrincipalType
from accounts.models import Principal
from policies.models import (
    AwsAccount,
    Bucket,
    Cluster,
    Domain,
    Entitlement,
    Portfolio,
    Studio,
    VirtualCluster,
)


@dataclass(frozen=True)
class Facts:
    """ARNs, by what they are of. `own`: the roles that are ours, which nobody may change.

    `boundary`: the permissions boundary that whoever is written to must carry; empty: none.
    """

    number: str
    partition: str
    own: tuple[str, ...]
    boundary: str = ""
    portfolios: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    virtual_clusters: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    buckets: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()

    def iam(self, resource: str) -> str:
        return f"arn:{self.partition}:iam::{self.number}:{resource}"


def of(account: AwsAccount, *, hub: str, boundary: str) -> Facts:
    """What stands in the catalogue now. `hub`: the workers' own role."""
    mine = (account.write_role_arn, account.read_role_arn, hub)

    def arns(model: type, service: str, resource: str, *fields: str) -> tuple[str, ...]:
        rows = model.objects.filter(account=account).order_by("slug")  # type: ignore[attr-defined]
        head = f"arn:{account.partition}:{service}"
        return tuple(
            f"{head}:{one.region}:{account.number}:"
            + resource.format(*(getattr(one, name) for name in fields))
            for one in rows
        )

    buckets = Bucket.objects.filter(account=account).order_by("slug")
    return Facts(
        account.number,
        account.partition,
        tuple(sorted({arn for arn in mine if arn.split(":")[4:5] == [account.number]})),
        boundary,
        portfolios=arns(Portfolio, "catalog", "portfolio/{}", "portfolio_id"),
        clusters=arns(Cluster, "eks", "cluster/{}", "cluster_name"),
        virtual_clusters=arns(
            VirtualCluster, "emr-containers", "/virtualclusters/{}", "virtual_cluster_id"
        ),
        studios=arns(Studio, "elasticmapreduce", "studio/{}", "studio_id"),
        buckets=tuple(f"arn:{account.partition}:s3:::{one.bucket_name}" for one in buckets),
        keys=_keys(account),
        domains=arns(Domain, "es", "domain/{}", "domain_name"),
        roles=_job_roles(account),
    )


def _keys(account: AwsAccount) -> tuple[str, ...]:
    """Keys of this account that a bucket of the catalogue, wherever it is, encrypts with."""
    used = Bucket.objects.exclude(kms_key_arn="").values_list("kms_key_arn", flat=True)
    return tuple(sorted({arn for arn in used if arn.split(":")[4] == account.number}))


def _job_roles(account: AwsAccount) -> tuple[str, ...]:
    """Roles that somebody registered, where jobs are let in by Pod Identity; else none."""
    offered = Entitlement.objects.offered().filter(kind="job_role")
    if not offered.filter(config__by="pod_identity").exists():
        return ()
    known = Principal.objects.usable().filter(account=account.number)
    return tuple(sorted(known.filter(type=PrincipalType.IAM_ROLE).values_list("arn", flat=True)))
