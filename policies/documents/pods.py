"""Pod Identity for jobs of EMR on EKS: three service accounts, and a trust that names the cluster.

The accounts are the ones `aws emr-containers create-role-associations` makes for job runs.
https://docs.aws.amazon.com/emr/latest/EMR-on-EKS-DevelopmentGuide/setting-up-enable-IAM.html
"""

from typing import Any

from policies.documents.trust import base36

SERVICE = "pods.eks.amazonaws.com"
_PODS = ("client", "driver", "executor")


def service_accounts(account: str, role: str) -> list[str]:
    """What the pods of a role's job runs are called: those that submit, drive and work."""
    return [f"emr-containers-sa-spark-{pod}-{account}-{base36(role)}" for pod in _PODS]


def trust(account: str, cluster_arn: str) -> dict[str, Any]:
    """The part of a role's trust that lets EKS hand it to pods of this one cluster."""
    return {
        "principals": {"Service": [SERVICE]},
        "actions": ["sts:AssumeRole", "sts:TagSession"],
        "conditions": {
            "StringEquals": {"aws:SourceAccount": [account]},
            "ArnEquals": {"aws:SourceArn": [cluster_arn]},
        },
    }


def associations(account: str, namespace: str, role: str, role_arn: str) -> list[dict[str, Any]]:
    return [
        {"namespace": namespace, "service_account": name, "role": role_arn}
        for name in service_accounts(account, role)
    ]
