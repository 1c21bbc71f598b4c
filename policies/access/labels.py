"""What others' entries of a cluster are, where their looks tell: words for administrators."""

import json

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from policies.documents.wellknown import Known, known
from policies.models import Foreign, TargetKind

LABELS: dict[Known, Promise] = {
    Known.EMR: gettext_lazy("EMR on EKS itself (AWSServiceRoleForAmazonEMRContainers)"),
    Known.SERVICE: gettext_lazy("a role linked to an AWS service"),
    Known.KARPENTER: gettext_lazy("nodes that Karpenter starts"),
    Known.FARGATE: gettext_lazy("pods on Fargate"),
    Known.NODES: gettext_lazy("nodes of a node group"),
    Known.ADMIN: gettext_lazy("administrators of the cluster (system:masters)"),
    Known.CREATION: gettext_lazy("whoever created the cluster"),
    Known.CLUSTER: gettext_lazy("the cluster’s own control plane"),
}


def of(foreign: Foreign) -> str:
    """The label of an entry that the cluster itself needs; empty: people's, or not of a cluster."""
    if foreign.target.kind == TargetKind.CLUSTER_AUTH_MAP:
        arn = foreign.key.partition(":")[2]
    elif foreign.target.kind == TargetKind.CLUSTER_ACCESS_ENTRIES:
        arn = foreign.key
    else:
        return ""
    try:
        told = json.loads(foreign.text)
        carried = [*told.get("groups", ()), str(told.get("type", ""))]
        label = known(arn, str(told.get("username", "")), carried)
    except (ValueError, AttributeError, TypeError):
        return ""  # no row in effect: whatever it is, it is shown as it stands
    return str(LABELS[label]) if label else ""
