"""What the demo's AWS held before Gatehouse came: orders for the fake's `/_fake/seed`."""

from typing import Any

from policies.models import AwsAccount

ACCOUNT, LAKE, REGION = "111122223333", "444455556666", "us-east-1"
PORTFOLIO, CLUSTER = "port-2s6abcdq5wdh4", "analytics-prod"
VIRTUAL_CLUSTER = "0b0qvauoy3ch1nqodx7k2m9ze"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
OUR_PATH = "/gatehouse/"
MANAGED = {"gatehouse": "managed"}
Document = dict[str, Any]

AUTH_MAP = {
    "mapRoles": f"""# nodes: do not touch, see the platform handbook
- rolearn: arn:aws:iam::{ACCOUNT}:role/nodes
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


def write_role(account: str) -> str:
    return f"arn:aws:iam::{account}:role{OUR_PATH}gatehouse-write"


def read_role(account: str) -> str:
    return f"arn:aws:iam::{account}:role{OUR_PATH}gatehouse-read"


def orders(main: AwsAccount, lake: AwsAccount) -> list[Document]:
    return [_main(main), _lake(lake)]


def _ours(account: AwsAccount) -> list[Document]:
    """Our two roles, which trust our workers with the account's external id."""
    trust = _trust({"AWS": ROOT}, {"StringEquals": {"sts:ExternalId": account.external_id}})
    return [_role(one, OUR_PATH, trust=trust) for one in ("gatehouse-write", "gatehouse-read")]


def _lake(account: AwsAccount) -> Document:
    """The account that owns the data: a role to take on, which trusts its own account only."""
    own = _trust({"AWS": f"arn:aws:iam::{account.number}:root"})
    return {
        "account": account.number,
        "region": account.region,
        "roles": [*_ours(account), _role("lake-reader", "/", tags=MANAGED, trust=own)],
        "buckets": ["example-data-lake"],
    }


def _main(account: AwsAccount) -> Document:
    """Everybody's roles, others' things beside them, and our two roles that trust our workers."""
    return {
        "account": account.number,
        "region": account.region,
        "roles": [
            *_ours(account),
            *(_person(one) for one in ("ana", "ben", "cleo", "dan", "lee")),
            *(_role(f"emr-exec-{one}", "/emr/") for one in ("sales", "logistics")),
            *(_role(one, "/") for one in ("platform-admins", "data-science-legacy", "quicksight")),
            _role("nodes", "/", trust=_trust({"Service": "ec2.amazonaws.com"})),
            _role("emr-exec-reports", "/emr/", tags=MANAGED),
            _role("search-snapshots", "/", tags=MANAGED),
        ],
        "buckets": ["example-search-snapshots"],
        "studios": [{"id": "es-7K2M9ZEQ5WDH4ABCDEFGHIJKL", "mode": "IAM"}],
        "portfolios": [
            {
                "id": PORTFOLIO,
                "name": "Spark cluster templates",
                "principals": [_arn("/", "data-science-legacy"), _arn("/", "quicksight")],
            }
        ],
        "clusters": [
            {
                "name": CLUSTER,
                "role": _arn("/", "nodes"),
                "aws_auth": AUTH_MAP,
                "rbac": _bindings(),
            }
        ],
        "virtual_clusters": [
            {
                "id": VIRTUAL_CLUSTER,
                "name": "nightly",
                "cluster": CLUSTER,
                "namespace": "emr-nightly",
            }
        ],
    }


def _bindings() -> Document:
    """Viewers look at everything; EMR's users may also start pods where its jobs run."""
    looking = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
    starting = {"apiGroups": [""], "resources": ["pods", "pods/exec"], "verbs": ["create"]}
    return {
        "clusterroles": [_cluster_role("view", looking), _cluster_role("emr-users", starting)],
        "clusterrolebindings": [_bound("viewers", "view")],
        "rolebindings": [_bound("emr-users", "emr-users", namespace="emr-nightly")],
    }


def _cluster_role(name: str, rule: Document) -> Document:
    return {"metadata": {"name": name}, "rules": [rule]}


def _bound(group: str, role: str, **where: str) -> Document:
    return {
        "metadata": {"name": f"{group}-{role}", **where},
        "subjects": [{"kind": "Group", "name": group}],
        "roleRef": {"kind": "ClusterRole", "name": role},
    }


def _person(name: str) -> Document:
    """A person's own role, tagged as ours to change, with a policy that is not ours."""
    notebooks = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::notebooks", f"arn:aws:s3:::notebooks/{name}/*"],
    }
    document = {"Version": "2012-10-17", "Statement": [notebooks]}
    tags = {**MANAGED, "team": "data"}
    return _role(name, "/people/", tags=tags, inline={"notebook-access": document})


def _role(name: str, path: str, **rest: Any) -> Document:
    return {"name": name, "path": path, "trust": _trust({"AWS": ROOT}), **rest}


def _trust(principal: Document, condition: Document | None = None) -> Document:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    statement |= {"Condition": condition} if condition else {}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _arn(path: str, name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
