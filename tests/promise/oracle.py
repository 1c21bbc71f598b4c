"""What should be in AWS, from the terms of the living grants alone: no provider is asked."""

import json
from collections.abc import Iterable
from typing import Any

from policies.models import Delivery, Grant
from tests import factories as f
from tests.promise.truth import MAP, POLICY, PORTFOLIO, Key, Truth, sorted_text
from tests.world import PORTFOLIO as PORTFOLIO_ID

CLUSTER = (
    f"arn:aws:emr-containers:{f.REGION}:{f.ACCOUNT}:/virtualclusters/0b0qvauoy3ch1nqodxxxxxxxx"
)


def key_of(grant: Grant, installation: str) -> Key:
    """The one key in AWS that carries what this grant gives."""
    arn = grant.principal.arn
    return key(grant.entitlement.kind, arn, installation)


def key(kind: str, arn: str, installation: str) -> Key:
    if kind == "portfolio":
        return (PORTFOLIO, PORTFOLIO_ID, f"IAM:{arn}")
    if kind == "execution_roles":
        return (POLICY, arn, f"gatehouse-{installation}")
    return (MAP, "main", f"role:{pathless(arn)}".lower())


def pathless(arn: str) -> str:
    return f"{arn.split('/')[0]}/{arn.rsplit('/', 1)[-1]}"


def username(arn: str) -> str:
    return "aws-user:" + arn.rsplit("/", 1)[-1]


def wanted(grants: Iterable[Grant], installation: str) -> dict[Key, Any]:
    """The union of what these grants give, as truth would hold it (policies: `atoms`)."""
    roles: dict[Key, set[str]] = {}
    groups: dict[Key, set[str]] = {}
    found: dict[Key, Any] = {}
    for grant in grants:
        where = key_of(grant, installation)
        if where[0] == PORTFOLIO:
            found[where] = "associated"
        elif where[0] == POLICY:
            roles.setdefault(where, set()).update(grant.terms["roles"])
            found[where] = frozenset(atoms_of(roles[where]))
        else:
            groups.setdefault(where, set()).update(grant.terms["groups"])
            row = {"username": username(grant.principal.arn), "groups": sorted(groups[where])}
            found[where] = sorted_text(row)
    return found


def atoms_of(slugs: Iterable[str]) -> set[tuple[str, str, str]]:
    """(action, resource, execution role) of everything that starting jobs takes."""
    found = {
        (f"emr-containers:{action}", resource, "")
        for resource, actions in {
            f"{CLUSTER}/jobruns/*": ("DescribeJobRun", "CancelJobRun"),
            CLUSTER: ("DescribeVirtualCluster", "ListJobRuns", "ListManagedEndpoints"),
            "*": ("ListVirtualClusters",),
        }.items()
        for action in actions
    }
    for slug in slugs:
        role = f"arn:aws:iam::{f.ACCOUNT}:role/emr-exec-{slug}"
        found.add(("emr-containers:StartJobRun", CLUSTER, role))
    return found


def atoms(document: Any) -> frozenset[tuple[str, str, str]]:
    """The same of a policy document; whatever else stands in it shows as a strange atom."""
    found = set()
    for one in document["Statement"]:
        condition = one.get("Condition", {})
        values = condition.get("ArnEquals", {}).get("emr-containers:ExecutionRoleArn", [""])
        rest = {name for name in one if name not in {"Sid", "Effect", "Action", "Resource"}}
        if one["Effect"] != "Allow" or rest - {"Condition"} or len(condition) > 1:
            found.add((sorted_text(one), "", ""))
        found |= {
            (action, resource, value)
            for action in _listed(one["Action"])
            for resource in _listed(one["Resource"])
            for value in _listed(values)
        }
    return frozenset(found)


def gives(truth: Truth, delivery: Delivery, installation: str) -> bool:
    """Whether AWS holds this one part now."""
    part, grant = delivery.part, delivery.grant
    text = truth.held.get(key_of(grant, installation))
    if text is None or grant.entitlement.kind == "portfolio":
        return text is not None
    if grant.entitlement.kind == "execution_roles":
        slug = part["execution_role"].rsplit("emr-exec-", 1)[-1]
        return atoms(json.loads(text)) >= atoms_of([slug])
    row = json.loads(text)
    return bool(row["username"] == username(grant.principal.arn) and part["group"] in row["groups"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
