"""Reaching a bucket in another account through a role there: every side's statements, as parts.

Both sides must allow: the caller's policy and the role's trust; the role and the bucket's policy.
https://docs.aws.amazon.com/IAM/latest/UserGuide/tutorial_cross-account-with-roles.html
"""

import re
from typing import Any

from policies.values import digest

Part = dict[str, Any]
_PREFIX = re.compile(r"(?:(?!\.\.?/)[A-Za-z0-9!_.'()=@+-]+/)*", re.ASCII)
LONGEST = 300
READ = ("s3:GetObject",)
WRITE = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")


def is_prefix(text: object) -> bool:
    """Whether a text names whole “folders” of a bucket: empty, or ending in /; no wildcards.

    What a policy would read as a wildcard or a variable (`*`, `?`, `$`) is not a name here.
    """
    return isinstance(text, str) and len(text) <= LONGEST and bool(_PREFIX.fullmatch(text))


def external_id(seed: str, caller: str) -> str:
    """What the caller must send along: made from a random seed and whom it is for, never chosen."""
    return "gatehouse-" + digest([seed, caller])[:40]


def trust(caller: str, external: str) -> Part:
    """`external`: the external id to demand; empty: none."""
    conditions = {"StringEquals": {"sts:ExternalId": [external]}} if external else {}
    return {
        "principals": {"AWS": [caller]},
        "actions": ["sts:AssumeRole"],
        "conditions": conditions,
    }


def bucket(partition: str, name: str, prefix: str, role: str, *, writes: bool) -> list[Part]:
    """The bucket's policy for the role: its place, its list, and its objects below `prefix`."""
    arn = f"arn:{partition}:s3:::{name}"
    listing = {"StringLike": {"s3:prefix": [f"{prefix}*"]}} if prefix else {}
    return [
        _allow(role, ["s3:GetBucketLocation"], arn, {}),
        _allow(role, ["s3:ListBucket"], arn, listing),
        _allow(role, list(WRITE if writes else READ), f"{arn}/{prefix}*", {}),
    ]


def _allow(role: str, actions: list[str], resource: str, conditions: Part) -> Part:
    return {
        "principals": {"AWS": [role]},
        "actions": actions,
        "resources": [resource],
        "conditions": conditions,
    }


def assume(role: str) -> Part:
    """The caller's own policy: take on exactly this role."""
    return {"statement": "allow", "actions": ["sts:AssumeRole"], "resources": [role]}


def pass_to_machines(role: str) -> Part:
    """What starts machines may start them as this role, and hand it to nothing else."""
    return {
        "statement": "allow",
        "actions": ["iam:PassRole"],
        "resources": [role],
        "conditions": {"StringEquals": {"iam:PassedToService": ["ec2.amazonaws.com"]}},
    }


def using(key: str, role: str, *, writes: bool) -> Part:
    """What S3 needs of a bucket's key when the role reads or writes there."""
    needed = ["Decrypt", "DescribeKey", *(["GenerateDataKey"] if writes else [])]
    return {"grantee": role, "operations": needed, "key": key}


def key_policy(key: str, *, writes: bool) -> Part:
    """The same for the role's own policy: across accounts a grant alone is not enough."""
    needed = ["kms:Decrypt", "kms:DescribeKey", *(["kms:GenerateDataKey"] if writes else [])]
    return {"statement": "allow", "actions": needed, "resources": [key]}


def spark(bucket_name: str, role: str) -> str:
    """The Spark settings that read one bucket as the role, and, behind #, all of S3."""
    provider = "org.apache.hadoop.fs.s3a.auth.AssumedRoleCredentialProvider"
    one = f"fs.s3a.bucket.{bucket_name}"
    lines = [
        f"{one}.aws.credentials.provider {provider}",
        f"{one}.assumed.role.arn {role}",
        f"# fs.s3a.aws.credentials.provider {provider}",
        f"# fs.s3a.assumed.role.arn {role}",
    ]
    return "\n".join(lines)
