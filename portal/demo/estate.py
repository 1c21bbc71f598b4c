"""What the demo's AWS held before Gatehouse came: an order for the fake's `/_fake/seed`."""

from typing import Any

from policies.models import AwsAccount

ACCOUNT, REGION = "111122223333", "us-east-1"
PORTFOLIO, CLUSTER = "port-2s6abcdq5wdh4", "analytics-prod"
VIRTUAL_CLUSTER = "0b0qvauoy3ch1nqodx7k2m9ze"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OUR_PATH = "/gatehouse/"
Document = dict[str, Any]

AUTH_MAP = {
    "mapRoles": f"""# nodes: do not touch, see the platform handbook
- rolearn: arn:aws:iam::{ACCOUNT}:role/eks/nodes
  username: system:node:{{{{EC2PrivateDNSName}}}}
  groups:
    - system:bootstrappers
    - system:nodes
- rolearn: arn:aws:iam::{ACCOUNT}:role/platform-admins   # on call
  username: platform-admin
  groups: [system:masters]
""",
    "mapAccounts": "[]\n",
}


def write_role() -> str:
    return f"arn:aws:iam::{ACCOUNT}:role{OUR_PATH}gatehouse-write"


def read_role() -> str:
    return f"arn:aws:iam::{ACCOUNT}:role{OUR_PATH}gatehouse-read"


def order(account: AwsAccount) -> Document:
    """Everybody's roles, others' things beside them, and our two roles that trust our workers."""
    ours = _trust({"AWS": ROOT}, {"StringEquals": {"sts:ExternalId": account.external_id}})
    return {
        "account": account.number,
        "region": account.region,
        "roles": [
            *(
                _role(one, "/gatehouse/", trust=ours)
                for one in ("gatehouse-write", "gatehouse-read")
            ),
            *(_person(one) for one in ("ana", "ben", "cleo", "dan", "lee")),
            *(_role(f"emr-exec-{one}", "/emr/") for one in ("sales", "logistics")),
            *(_role(one, "/") for one in ("platform-admins", "data-science-legacy", "quicksight")),
            _role("nodes", "/eks/", trust=_trust({"Service": "ec2.amazonaws.com"})),
        ],
        "portfolios": [
            {
                "id": PORTFOLIO,
                "name": "Spark cluster templates",
                "principals": [_arn("/", "data-science-legacy"), _arn("/", "quicksight")],
            }
        ],
        "clusters": [{"name": CLUSTER, "role": _arn("/eks/", "nodes"), "aws_auth": AUTH_MAP}],
        "virtual_clusters": [
            {
                "id": VIRTUAL_CLUSTER,
                "name": "nightly",
                "cluster": CLUSTER,
                "namespace": "emr-nightly",
            }
        ],
    }


def _person(name: str) -> Document:
    """A person's own role, tagged as ours to change, with a policy that is not ours."""
    notebooks = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::notebooks", f"arn:aws:s3:::notebooks/{name}/*"],
    }
    document = {"Version": "2012-10-17", "Statement": [notebooks]}
    tags = {"gatehouse": "managed", "team": "data"}
    return _role(name, "/people/", tags=tags, inline={"notebook-access": document})


def _role(name: str, path: str, **rest: Any) -> Document:
    return {"name": name, "path": path, "trust": _trust({"AWS": ROOT}), **rest}


def _trust(principal: Document, condition: Document | None = None) -> Document:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    statement |= {"Condition": condition} if condition else {}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _arn(path: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
