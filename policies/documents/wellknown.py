"""Roles that a cluster or a service brings with it, by what they are called and what they carry.

One table. What it names is labelled where people meet it, and is nobody's to remove from here:
without it nodes leave, or the cluster loses its administrators. Pure.
Sources: EKS guide (creating clusters, node roles, Fargate, access entry types), eksctl's and
Karpenter's templates, EMR on EKS guide (cluster access), CDK's aws-eks construct.
"""

import re
from collections.abc import Iterable
from enum import StrEnum


class Known(StrEnum):
    """What it is; in words for people in `access.labels`."""

    EMR = "emr"  # EMR on EKS itself
    SERVICE = "service"  # linked to another AWS service
    KARPENTER = "karpenter"  # nodes that it starts
    FARGATE = "fargate"
    NODES = "nodes"  # of a node group
    ADMIN = "admin"  # system:masters
    CREATION = "creation"  # whoever created the cluster, as CDK names the role
    CLUSTER = "cluster"  # its control plane


# (label, pattern of the role's path and name, pattern of the user name, one of these groups or
# types). The first that fits counts; all in lower case.
_TABLE: tuple[tuple[Known, str, str, frozenset[str]], ...] = (
    (Known.EMR, r"awsserviceroleforamazonemrcontainers", r"emr-containers", frozenset()),
    (Known.SERVICE, r"aws-service-role/.*|(.*/)?awsservicerolefor.*", "", frozenset()),
    (Known.KARPENTER, r"(.*/)?karpenter(instance)?noderole.*", "", frozenset()),
    (
        Known.FARGATE,
        r"(.*/)?((amazon)?eksfargatepodexecutionrole.*|eksctl-.*-fargatepodexecutionrole-.*)",
        r"system:node:\{\{sessionname\}\}",
        frozenset({"system:node-proxier", "fargate_linux"}),
    ),
    (
        Known.NODES,
        r"(.*/)?(eksctl-.*-nodeinstancerole-.*|amazoneks(auto)?noderole.*)",
        r"system:node:.*",
        frozenset(
            {"system:nodes", "system:bootstrappers", "eks:kube-proxy-windows"}
            | {"ec2", "ec2_linux", "ec2_windows", "hybrid_linux", "hyperpod_linux"}
        ),
    ),
    (Known.ADMIN, "", "", frozenset({"system:masters"})),
    (
        Known.CREATION,
        r".*clustercreationrole[a-z0-9]*(-[a-z0-9]+)?",
        "kubernetes-admin",
        frozenset(),
    ),
    (
        Known.CLUSTER,
        r"(.*/)?(amazon)?eks(auto)?clusterrole|(.*/)?eksctl-.*-cluster-servicerole-.*",
        "",
        frozenset(),
    ),
)


def known(arn: str, username: str = "", groups: Iterable[str] = ()) -> Known | None:
    """What a row or entry belongs to; None: people's, as far as its looks tell.

    `groups`: Kubernetes groups, or an access entry's type.
    """
    name = arn.lower().partition(":role/")[2]
    carried = {one.lower() for one in groups}
    for label, role, user, marks in _TABLE:
        if role and re.fullmatch(role, name):
            return label
        if user and re.fullmatch(user, username.lower()):
            return label
        if marks & carried:
            return label
    return None


def is_service_linked(arn: str) -> bool:
    """Whether its role is one that an AWS service made for itself, and alone may change."""
    return known(arn) in {Known.EMR, Known.SERVICE}
