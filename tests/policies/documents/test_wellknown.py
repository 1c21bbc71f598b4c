"""Which rows and entries are the cluster's own, by name, user name, group or type."""

import pytest

from policies.documents.wellknown import Known, known

ROLE = "arn:aws:iam::111122223333:role/"
TABLE = [
    (f"{ROLE}AWSServiceRoleForAmazonEMRContainers", "emr-containers", (), Known.EMR),
    (f"{ROLE}x", "emr-containers", (), Known.EMR),
    (f"{ROLE}aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS", "", (), Known.SERVICE),
    (f"{ROLE}KarpenterNodeRole-main", "system:node:{{EC2PrivateDNSName}}", (), Known.KARPENTER),
    (f"{ROLE}x", "system:node:{{SessionName}}", (), Known.FARGATE),
    (f"{ROLE}AmazonEKSFargatePodExecutionRole", "", (), Known.FARGATE),
    (f"{ROLE}x", "", ("system:node-proxier", "system:nodes"), Known.FARGATE),
    (f"{ROLE}x", "", ("FARGATE_LINUX",), Known.FARGATE),
    (f"{ROLE}x", "system:node:{{EC2PrivateDNSName}}", (), Known.NODES),
    (f"{ROLE}eksctl-main-nodegroup-a-NodeInstanceRole-1ABC", "", (), Known.NODES),
    (f"{ROLE}x", "", ("EC2_LINUX",), Known.NODES),
    (f"{ROLE}x", "boss", ("devs", "system:masters"), Known.ADMIN),
    (f"{ROLE}Stack-ClusterCreationRole360249B6-1ABC", "", (), Known.CREATION),
    (f"{ROLE}x", "kubernetes-admin", (), Known.CREATION),
    (f"{ROLE}eksClusterRole", "", (), Known.CLUSTER),
    (f"{ROLE}AmazonEKSAutoClusterRole", "", (), Known.CLUSTER),
    (f"{ROLE}eksctl-main-cluster-ServiceRole-1ABC", "", (), Known.CLUSTER),
    (f"{ROLE}people/ana", "ana", ("viewers", "STANDARD"), None),
    (f"{ROLE}creation-team", "", (), None),
    (f"{ROLE}ReportCreationRole", "", (), None),
    (f"{ROLE}node-developers", "", ("nodes",), None),
    ("arn:aws:iam::111122223333:user/kubernetes", "ana", (), None),
]


@pytest.mark.parametrize(("arn", "username", "groups", "label"), TABLE)
def test_what_it_is(arn, username, groups, label):
    assert known(arn, username, groups) is label
