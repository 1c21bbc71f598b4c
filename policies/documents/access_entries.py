"""EKS access entries as canonical texts: a user name, groups, and AWS's own access policies.

An entry's text is JSON; a policy's scope is a sorted list of namespaces, empty for the whole
cluster. https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Entry = dict[str, Any]
Part = Mapping[str, Any]
STANDARD = "STANDARD"  # the one type that may carry groups and policies
# AmazonEKSClusterAdminPolicy is left out: nobody is made master of a cluster by a request.
POLICIES = {
    "view": "AmazonEKSViewPolicy",
    "edit": "AmazonEKSEditPolicy",
    "admin": "AmazonEKSAdminPolicy",
    "admin_view": "AmazonEKSAdminViewPolicy",
}
LIMIT = 3_000  # entries per cluster, not adjustable: EKS quotas


def policy_arn(partition: str, name: str) -> str:
    """The ARN of one of `POLICIES`. Raises KeyError."""
    return f"arn:{partition}:eks::aws:cluster-access-policy/{POLICIES[name]}"


def text(entry: Mapping[str, Any]) -> str:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"))


def entry(username: str, groups: Iterable[str], policies: Mapping[str, Iterable[str]]) -> Entry:
    scopes = {arn: sorted(set(namespaces)) for arn, namespaces in policies.items()}
    return {
        "type": STANDARD,
        "username": username,
        "groups": sorted(set(groups)),
        "policies": scopes,
    }


def from_eks(about: Mapping[str, Any], policies: Sequence[Mapping[str, Any]]) -> Entry:
    """What DescribeAccessEntry and ListAssociatedAccessPolicies say of one entry."""
    scopes = {
        one["policyArn"]: []
        if one["accessScope"]["type"] == "cluster"
        else one["accessScope"].get("namespaces", [])
        for one in policies
    }
    found = entry(about.get("username", ""), about.get("kubernetesGroups", ()), scopes)
    return {**found, "type": about.get("type", STANDARD)}


def united(parts: Iterable[Part]) -> dict[str, Entry]:
    """{ARN: entry} that say exactly these parts; the user name is the first part's."""
    found: dict[str, Entry] = {}
    for part in parts:
        one = entry(part["username"], part["groups"], part["policies"])
        there = found.get(part["arn"])
        found[part["arn"]] = _both(there, one) if there else one
    return found


def _both(one: Entry, other: Entry) -> Entry:
    mine, theirs = one["policies"], other["policies"]
    policies = {arn: _wider(mine.get(arn), theirs.get(arn)) for arn in mine.keys() | theirs.keys()}
    return entry(one["username"], [*one["groups"], *other["groups"]], policies)


def _wider(one: list[str] | None, other: list[str] | None) -> list[str]:
    """Both scopes together; the whole cluster holds every namespace."""
    if one is None or other is None:
        return one or other or []
    return [*one, *other] if one and other else []


def covers(found: str, part: Part) -> bool:
    """Whether an entry gives all that a part asks for, perhaps more."""
    one = json.loads(found)
    return (
        one.get("type") == STANDARD
        and one["username"] == part["username"]
        and set(part["groups"]) <= set(one["groups"])
        and all(
            _reaches(one["policies"].get(arn), wanted) for arn, wanted in part["policies"].items()
        )
    )


def _reaches(found: Sequence[str] | None, wanted: Sequence[str]) -> bool:
    if found is None:
        return False
    return not found or (bool(wanted) and set(wanted) <= set(found))
