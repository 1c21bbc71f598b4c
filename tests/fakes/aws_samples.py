"""Documents and small deeds that the fake AWS's tests share."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

Clients = Callable[..., Any]
HUB, MEMBER = "123456789012", "222222222222"
ANYONE_IN_HUB = f"arn:aws:iam::{HUB}:root"


def trust(*principals: str, **condition: Any) -> str:
    """A trust policy for these AWS principals."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": list(principals)},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = {"StringEquals": condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(characters: int = 0, action: str = "s3:GetObject") -> str:
    """An identity policy; with `characters`, of exactly that size without white space."""
    statement = {"Effect": "Allow", "Action": action, "Resource": ["arn:aws:s3:::"]}
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": [statement]}
    compact = json.dumps(document, separators=(",", ":"))
    if characters:
        statement["Resource"] = ["arn:aws:s3:::" + "x" * (characters - len(compact))]
    return json.dumps(document, indent=2)


def role(iam: Any, name: str = "Engineer", path: str = "/", trusted: str = "") -> str:
    """A new role's ARN."""
    document = trusted or trust(ANYONE_IN_HUB)
    made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def refusal(error: ClientError) -> tuple[str, int]:
    """The wire code and HTTP status of a refusal."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return error.response["Error"]["Code"], status
