"""From a target's row to the place a provider works on."""

from typing import Any

from policies.models import (
    Cluster,
    Delivery,
    Domain,
    Installation,
    Item,
    Key,
    Target,
    TargetKind,
    VirtualCluster,
    Workspace,
)
from policies.providers import managed
from policies.providers.protocol import Place

WORKSPACES = {TargetKind.INSTANCE_PROFILES, TargetKind.INSTANCE_PROFILE_USERS}
CLUSTERS = {TargetKind.CLUSTER_AUTH_MAP, TargetKind.CLUSTER_ACCESS_ENTRIES}


def of(target: Target) -> Place:
    return place(target.kind, target.account, target.region, target.object)


def place(kind: str, account: str, region: str, name: str) -> Place:
    """The place, with what the estate knows about reaching it."""
    config: dict[str, Any] = {}
    if kind in CLUSTERS:
        config = _cluster(account, region, name)
    if kind == TargetKind.CLUSTER_ACCESS_ENTRIES:
        config["known"] = _askers(account, name)
    if kind == TargetKind.PRINCIPAL_POLICY:
        config = {"managed": _managed(kind, account, name)}
    if kind == TargetKind.POD_IDENTITIES:
        config = {"namespaces": _namespaces(account, name)}
    if kind in WORKSPACES:
        config = _workspace(account, region, name)
    if kind == TargetKind.INSTANCE_PROFILE_USERS:
        config["known"] = _assigned(kind, account, region, name)
    if kind == TargetKind.DOMAIN_ROLES:
        config = _domain(account, region, name)
    return Place(kind, account, region, name, Installation.current(), config)


def _cluster(account: str, region: str, name: str) -> dict[str, Any]:
    cluster = Cluster.objects.filter(account_id=account, region=region, cluster_name=name).first()
    if cluster is None:
        return {}
    return {
        "cluster": cluster.cluster_name,
        "access": str(cluster.access),
        "kubeconfig": cluster.kubeconfig,
        "context": cluster.context,
    }


def _namespaces(account: str, cluster: str) -> list[str]:
    """Where jobs of EMR on EKS run in a cluster: the associations that are looked into."""
    slugs = Cluster.objects.filter(account=account, cluster_name=cluster).values("slug")
    found = VirtualCluster.objects.filter(account=account, cluster__in=slugs).exclude(namespace="")
    return sorted(set(found.values_list("namespace", flat=True)))


def _workspace(account: str, region: str, host: str) -> dict[str, Any]:
    found = Workspace.objects.filter(account=account, region=region, host=host).first()
    return {"host": found.host, "token_ref": found.token_ref} if found else {}


def _domain(account: str, region: str, name: str) -> dict[str, Any]:
    found = Domain.objects.filter(account=account, region=region, domain_name=name).first()
    return {"host": found.endpoint} if found else {}


def _assigned(kind: str, account: str, region: str, name: str) -> list[str]:
    """The users and groups whom a grant, living or just ended, gives anything here."""
    rows = Delivery.objects.unreleased().filter(
        target__kind=kind, target__account=account, target__region=region, target__object=name
    )
    return sorted({part["who"] for part in rows.values_list("part", flat=True)})


def _askers(account: str, cluster: str) -> list[str]:
    """Whoever asked for a cluster, or has an entry by us: whose access entries are looked into."""
    asked = Item.objects.filter(entitlement__kind="eks_user", principal__isnull=False)
    given = Delivery.objects.filter(
        target__kind=TargetKind.CLUSTER_ACCESS_ENTRIES,
        target__account=account,
        target__object=cluster,
    )
    arns = set(asked.values_list("principal__arn", flat=True))
    return sorted(arns | set(given.values_list("grant__principal__arn", flat=True)))


def _managed(kind: str, account: str, name: str) -> list[str]:
    """Managed policies of ours that AWS may hold without listing them: not attached yet, or any
    more."""
    ours = Key.objects.exclude(origin=Key.Origin.FOUND).filter(
        target__kind=kind,
        target__account=account,
        target__object=name,
        key__startswith=managed.PREFIX,
    )
    return list(ours.values_list("key", flat=True))
