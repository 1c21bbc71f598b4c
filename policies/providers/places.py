"""From a target's row to the place a provider works on."""

from typing import Any

from policies.models import Cluster, Installation, Item, Key, Target, TargetKind
from policies.providers import managed
from policies.providers.protocol import Place

CLUSTERS = {TargetKind.CLUSTER_AUTH_MAP, TargetKind.CLUSTER_ACCESS_ENTRIES}


def of(target: Target) -> Place:
    return place(target.kind, target.account, target.region, target.object)


def place(kind: str, account: str, region: str, name: str) -> Place:
    """The place, with what the estate knows about reaching it."""
    config: dict[str, Any] = {}
    if kind in CLUSTERS:
        config = _cluster(account, region, name)
    if kind == TargetKind.CLUSTER_ACCESS_ENTRIES:
        config["known"] = _askers()
    if kind == TargetKind.PRINCIPAL_POLICY:
        config = {"managed": _managed(kind, account, name)}
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


def _askers() -> list[str]:
    """Whoever asked for a cluster: the identities whose access entries are looked into."""
    asked = Item.objects.filter(entitlement__kind="eks_user", principal__isnull=False)
    return sorted(set(asked.values_list("principal__arn", flat=True)))


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
