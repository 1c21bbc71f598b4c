"""Trust that lets jobs of EMR on EKS run as an IAM role: what `update-role-trust-policy` means.

The pods' service accounts carry the role's name in base 36, as aws-cli computes it:
https://docs.aws.amazon.com/emr/latest/EMR-on-EKS-DevelopmentGuide/setting-up-trust-policy.html
"""

from typing import Any

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
AUDIENCE = "sts.amazonaws.com"


def base36(name: str) -> str:
    """A role's name (without path) as one big-endian number in base 36; “0” for none."""
    number, digits = int.from_bytes(name.encode(), "big"), ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits or "0"


def service_accounts(namespace: str, account: str, role: str) -> str:
    """The pattern of the service accounts that jobs of a role run as, in one namespace."""
    return f"system:serviceaccount:{namespace}:emr-containers-sa-*-*-{account}-{base36(role)}"


def job_pods(
    *, partition: str, account: str, issuer: str, namespace: str, role: str
) -> dict[str, Any]:
    """The part of a role's trust that lets its jobs run in a namespace of one cluster.

    `issuer`: the cluster's OIDC provider without https://. Unlike aws-cli we demand the audience.
    """
    return {
        "principals": {"Federated": [f"arn:{partition}:iam::{account}:oidc-provider/{issuer}"]},
        "actions": ["sts:AssumeRoleWithWebIdentity"],
        "conditions": {
            "StringEquals": {f"{issuer}:aud": [AUDIENCE]},
            "StringLike": {f"{issuer}:sub": [service_accounts(namespace, account, role)]},
        },
    }
