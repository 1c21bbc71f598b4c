"""A snapshot repository of an OpenSearch domain: whom the role trusts, what it and a person may.

https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-snapshots.html
"""

import json
from typing import Any

Part = dict[str, Any]
# Which of the two assumes the role depends on the generation of the API that made the domain.
SERVICES = ("es.amazonaws.com", "opensearchservice.amazonaws.com")


def domain(partition: str, region: str, account: str, name: str) -> str:
    """The domain's ARN; its prefix is `es` whichever engine it runs."""
    return f"arn:{partition}:es:{region}:{account}:domain/{name}"


def trust(domain_arn: str) -> Part:
    """The service, and only when it acts for this domain of this account."""
    return {
        "principals": {"Service": list(SERVICES)},
        "actions": ["sts:AssumeRole"],
        "conditions": {
            "StringEquals": {"aws:SourceAccount": [domain_arn.split(":")[4]]},
            "ArnLike": {"aws:SourceArn": [domain_arn]},
        },
    }


def storing(bucket_arn: str) -> list[Part]:
    """What the role needs to keep snapshots in a bucket."""
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    return [_allow(["s3:ListBucket"], bucket_arn), _allow(objects, f"{bucket_arn}/*")]


def registering(domain_arn: str, role: str) -> list[Part]:
    """What a person needs to register the repository: hand the role over, and ask the domain."""
    passing = {**_allow(["iam:PassRole"], role)}
    passing["conditions"] = {"StringEquals": {"iam:PassedToService": list(SERVICES)}}
    return [passing, _allow(["es:ESHttpPut", "es:ESHttpGet"], f"{domain_arn}/_snapshot/*")]


def holding(arn: str) -> Part:
    """Inside the domain: a role of IAM is a backend role there, a user of IAM a user."""
    return {"list": "users" if ":user/" in arn else "backend_roles", "arn": arn}


def _allow(actions: list[str], resource: str) -> Part:
    return {"statement": "allow", "actions": actions, "resources": [resource]}


def request(endpoint: str, name: str, bucket: str, region: str, role: str) -> str:
    """The signed call to paste (curl 7.75 or newer; the console cannot sign it)."""
    body = {"type": "s3", "settings": {"bucket": bucket, "region": region, "role_arn": role}}
    return (
        f'curl --aws-sigv4 "aws:amz:{region}:es" '
        '--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" '
        '-H "x-amz-security-token: $AWS_SESSION_TOKEN" -H "content-type: application/json" \\\n'
        f"  -X PUT https://{endpoint}/_snapshot/{name} -d '{json.dumps(body)}'"
    )
