"""Where access is given in a run: portfolios, clusters and roles, in two accounts; plain values.

Everything is laid out from two numbers, so that a seed means the same world again.
"""

from dataclasses import dataclass
from typing import Any

HOME, OTHER = "111122223333", "222233334444"
ACCOUNTS = (HOME, OTHER)
REGION = "us-east-1"
PORTFOLIO, CLUSTER, POLICY = "portfolio", "cluster", "policy"
GROUPS = ("emr-users", "etl", "viewers")
EXECUTION_ROLES = 16  # per account; their names fit into one inline policy together
STRANGERS = 8  # per account: identities that only others give access to
CROWD = 84  # of a portfolio's 100 principals; the rest is for others
HEAD = """# nodes: do not touch
- rolearn: arn:aws:iam::{account}:role/nodes
  username: system:node:{{{{EC2PrivateDNSName}}}}   # by eksctl
  groups: [system:bootstrappers, system:nodes]
"""


@dataclass(frozen=True, order=True)
class Place:
    """One thing in AWS that the portal manages. `object`: portfolio id, cluster or role ARN."""

    kind: str
    account: str
    object: str
    slug: str  # of the entitlement that leads there


@dataclass(frozen=True, order=True)
class Holder:
    """Somebody who asks, by the role they have."""

    name: str
    account: str

    @property
    def arn(self) -> str:
        return role_arn(self.account, self.name)

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"


@dataclass(frozen=True)
class Estate:
    portfolios: tuple[Place, ...]
    clusters: tuple[Place, ...]
    policies: tuple[Place, ...]
    holders: tuple[Holder, ...]

    @property
    def places(self) -> tuple[Place, ...]:
        return (*self.portfolios, *self.clusters, *self.policies)

    def found(self, place: Place) -> set[str]:
        """ARNs that stand in a portfolio before the portal comes: left there whatever it does."""
        here = [one.arn for one in self.holders if one.account == place.account]
        return set(here[:2]) if place.kind == PORTFOLIO else set()


def laid_out(targets: int, grants: int) -> Estate:
    """About 35 % portfolios, 35 % clusters, 30 % roles whose policies are ours."""
    portfolios = max(1, round(targets * 0.35))
    clusters = max(1, round(targets * 0.35))
    policies = max(1, targets - portfolios - clusters)
    people = max(8, policies, round(grants / targets * 3.2))
    holders = tuple(
        Holder(f"p{number:03}", ACCOUNTS[number % 2]) for number in range(1, people + 1)
    )
    return Estate(
        tuple(_place(PORTFOLIO, n, f"port-{n:013}") for n in range(portfolios)),
        tuple(_place(CLUSTER, n, f"cluster-{n:02}") for n in range(clusters)),
        tuple(Place(POLICY, one.account, one.arn, f"jobs-{one.account}") for one in holders)[
            :policies
        ],
        holders,
    )


def _place(kind: str, number: int, name: str) -> Place:
    return Place(kind, ACCOUNTS[number % 2], name, f"{kind}-{number:02}")


def role_arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def execution_role(account: str, number: int) -> str:
    return role_arn(account, f"exec-{number:02}")


def virtual_cluster(account: str) -> str:
    """Its id: 25 letters and digits, as EMR on EKS gives them."""
    return f"vc{account}chaos000000"[:25]


def strangers(account: str) -> list[str]:
    return [role_arn(account, f"stranger-{number}") for number in range(STRANGERS)]


def seed(estate: Estate, account: str, external_id: str) -> dict[str, Any]:
    """What an account holds before the portal comes, as `/_fake/seed` takes it."""
    here = [one for one in estate.holders if one.account == account]
    tags = {"gatehouse": "managed"}
    roles = [{"name": one.name, "tags": tags, "trust": _trust("")} for one in here]
    roles += [{"name": f"stranger-{n}", "trust": _trust("")} for n in range(STRANGERS)]
    roles += [{"name": f"gatehouse-{w}", "trust": _trust(external_id)} for w in ("read", "write")]
    mine = [one for one in estate.places if one.account == account]
    return {
        "account": account,
        "region": REGION,
        "roles": roles,
        "portfolios": [
            {"id": one.object, "name": one.slug, "principals": sorted(estate.found(one))}
            for one in mine
            if one.kind == PORTFOLIO
        ],
        "clusters": [
            {
                "name": one.object,
                "role": role_arn(account, "nodes"),
                "aws_auth": {"mapRoles": HEAD.format(account=account), "mapAccounts": "[]\n"},
            }
            for one in mine
            if one.kind == CLUSTER
        ],
    }


def _trust(external_id: str) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{HOME}:root"},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}
