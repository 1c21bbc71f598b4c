"""From a target's row to the place a provider works on."""

from typing import Any

from policies.models import Cluster, Installation, Target, TargetKind
from policies.providers.protocol import Place


def of(target: Target) -> Place:
    return place(target.kind, target.account, target.region, target.object)


def place(kind: str, account: str, region: str, name: str) -> Place:
    """The place, with what the estate knows about reaching it."""
    config: dict[str, Any] = {}
    if kind == TargetKind.CLUSTER_AUTH_MAP:
        cluster = Cluster.objects.filter(
            account_id=account, region=region, cluster_name=name
        ).first()
        if cluster is not None:
            config = {
                "cluster": cluster.cluster_name,
                "access": str(cluster.access),
                "kubeconfig": cluster.kubeconfig,
                "context": cluster.context,
            }
    return Place(kind, account, region, name, Installation.current(), config)
