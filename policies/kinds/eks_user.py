"""An EKS user: into the cluster by its authentication mode, and what finding it takes.

Configuration: {"cluster": slug, "groups": [name, …], "policies": [{"policy": one of
`access_entries.POLICIES`, "namespaces": [name, …]}, …]}. Nothing to choose. A cluster in mode
CONFIG_MAP gets rows of aws-auth and knows no policies; any other gets one access entry.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.arns import PrincipalType
from accounts.models import EksUser, Principal
from policies.documents import access_entries, names
from policies.kinds import ends, support, usernames
from policies.kinds.ends import cut_parts as cut_parts
from policies.kinds.protocol import (
    BadTerms,
    EndFacts,
    PlacedPart,
    Remaining,
    Terms,
)
from policies.kinds.unasked import clean as clean
from policies.kinds.unasked import fields as fields
from policies.models import Cluster, Entitlement, TargetKind

LABEL = gettext_lazy("EKS cluster")
PROFILE = EksUser
SUPPORT = support.ANY_IAM

CUT_ACTIONS = ()  # Kubernetes asks at each request; no policy of AWS reaches what is under way


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != {"cluster", "groups", "policies"}:
        raise BadTerms("config", _("Write exactly three keys: cluster, groups and policies."))
    cluster = Cluster.objects.filter(slug=config["cluster"]).first()
    if cluster is None:
        raise BadTerms("config", _("There is no cluster “%s”.") % config["cluster"])
    for key, what in (("groups", str), ("policies", dict)):
        if not isinstance(config[key], list) or not all(isinstance(x, what) for x in config[key]):
            raise BadTerms("config", _("Write the %s as a list.") % key)
    if not (config["groups"] or config["policies"]):
        raise BadTerms("config", _("Name at least one group or policy."))
    if config["policies"] and not _has_entries(cluster):
        raise BadTerms(
            "config",
            _("“%s” knows no access entries, and so no policies: name groups only.") % cluster.slug,
        )
    usernames.check_groups(config["groups"])
    for one in config["policies"]:
        _check_policy(one)


def _check_policy(one: Mapping[str, Any]) -> None:
    if set(one) != {"policy", "namespaces"} or not isinstance(one["namespaces"], list):
        raise BadTerms("config", _("Write of each policy exactly: policy and namespaces."))
    for namespace in one["namespaces"]:
        if not names.is_namespace(namespace):
            raise BadTerms("config", _("“%s” is not the name of a namespace.") % namespace)
    if one["policy"] not in access_entries.POLICIES:
        allowed = ", ".join(access_entries.POLICIES)
        raise BadTerms("config", _("Write for policy one of: %s.") % allowed)


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    cluster = _cluster(entitlement)
    username = usernames.of(principal)
    into = _entry if _has_entries(cluster) else _rows
    return [*into(cluster, entitlement, principal, username), *_finding(cluster, principal)]


def _entry(
    cluster: Cluster, entitlement: Entitlement, principal: Principal, username: str
) -> list[PlacedPart]:
    partition = cluster.account.partition
    policies: dict[str, list[str]] = {}
    for one in entitlement.config["policies"]:
        policies[access_entries.policy_arn(partition, one["policy"])] = sorted(one["namespaces"])
    body = {
        "arn": principal.arn,
        "username": username,
        "groups": sorted(entitlement.config["groups"]),
        "policies": policies,
    }
    return [_placed(TargetKind.CLUSTER_ACCESS_ENTRIES, cluster, body)]


def _rows(
    cluster: Cluster, entitlement: Entitlement, principal: Principal, username: str
) -> list[PlacedPart]:
    try:
        arn = names.auth_map_arn(principal.arn)
    except names.BadName as error:
        raise BadTerms("principal", str(error)) from error
    bodies = (
        {"arn": arn, "username": username, "group": group} for group in entitlement.config["groups"]
    )
    return [_placed(TargetKind.CLUSTER_AUTH_MAP, cluster, body) for body in bodies]


def _placed(kind: TargetKind, cluster: Cluster, body: Mapping[str, Any]) -> PlacedPart:
    return PlacedPart(kind, cluster.account_id, cluster.region, cluster.cluster_name, body)


def _finding(cluster: Cluster, principal: Principal) -> list[PlacedPart]:
    """What a kubeconfig and the console need. Not for whom no policy can be written, or help."""
    if principal.arn_type is PrincipalType.SSO_ROLE or principal.account != cluster.account_id:
        return []
    arn = (
        f"arn:{cluster.account.partition}:eks:{cluster.region}:{cluster.account_id}:"
        f"cluster/{cluster.cluster_name}"
    )
    body = {
        "statement": "allow",
        "actions": ["eks:AccessKubernetesApi", "eks:DescribeCluster"],
        "resources": [arn],
    }
    place = (TargetKind.PRINCIPAL_POLICY, principal.account, "", principal.arn)
    return [PlacedPart(*place, body, stage=1)]


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    cluster, config = _cluster(entitlement), entitlement.config
    given = [*config["groups"], *(_policy_words(one) for one in config["policies"])]
    return _(
        "%(who)s may use the Kubernetes cluster %(cluster)s (%(account)s) with: %(given)s."
    ) % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "cluster": cluster.name,
        "account": cluster.account.name,
        "given": ", ".join(given),
    }


def _policy_words(one: Mapping[str, Any]) -> str:
    where = ", ".join(one["namespaces"]) or _("whole cluster")
    return f"{access_entries.POLICIES[one['policy']]} ({where})"


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    wide = [one for one in entitlement.config["policies"] if one["policy"] in {"edit", "admin"}]
    found = []
    if wide:
        found.append(
            _(
                "Whoever may create pods can act as every service account of the namespace, and so "
                "as every execution role that trusts one of them."
            )
        )
    if any(not one["namespaces"] for one in wide):
        found.insert(0, _("High risk: this is every namespace of the cluster."))
    return found


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    cluster = _cluster(entitlement)
    line = f"aws eks update-kubeconfig --region {cluster.region} --name {cluster.cluster_name}"
    if _finding(cluster, principal):
        return line
    needed = _(
        "This needs eks:DescribeCluster in account %s, which Gatehouse cannot give this identity: "
        "ask for it in its permission set, or use a kubeconfig file you were given."
    )
    return f"{line}\n{needed % cluster.account_id}"


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    return ends.streams()


def _has_entries(cluster: Cluster) -> bool:
    return cluster.auth_mode in {Cluster.Mode.BOTH, Cluster.Mode.API}


def _cluster(entitlement: Entitlement) -> Cluster:
    return Cluster.objects.select_related("account").get(slug=entitlement.config["cluster"])
