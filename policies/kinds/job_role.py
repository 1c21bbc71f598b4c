"""Onboarding an execution role: its jobs on EMR on EKS may run in chosen virtual clusters.

Configuration: {"virtual_clusters": [slug, …], "by": "oidc" or "pod_identity"}. The asker chooses
some. The AWS identity of the request is the execution role itself. By `oidc` each pair of cluster
and namespace takes room in the role's trust; Pod Identity takes none after the first of a cluster.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Principal
from policies.documents import pods as pod_identity
from policies.documents import trust
from policies.kinds import choices, ends, support
from policies.kinds.ends import cut_parts as cut_parts
from policies.kinds.protocol import (
    BadTerms,
    EndFacts,
    Field,
    PlacedPart,
    Remaining,
    Terms,
)
from policies.models import Cluster, Entitlement, TargetKind, VirtualCluster

LABEL = gettext_lazy("execution role of jobs")
PROFILE = None
SUPPORT = support.ROLE

BY = ("oidc", "pod_identity")
CUT_ACTIONS = ()  # jobs that run have their credentials; no new ones come


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != {"virtual_clusters", "by"}:
        raise BadTerms("config", _("Write exactly two keys: virtual_clusters and by."))
    if config["by"] not in BY:
        raise BadTerms("config", _("Write by: oidc or pod_identity."))
    slugs = config["virtual_clusters"]
    if not isinstance(slugs, list) or not slugs:
        raise BadTerms("config", _("Name at least one virtual cluster."))
    known = {one.slug: one for one in VirtualCluster.objects.filter(slug__in=slugs)}
    for slug in slugs:
        if slug not in known:
            raise BadTerms("config", _("There is no virtual cluster “%s”.") % slug)
        _home(known[slug], "config", config["by"])


def fields(entitlement: Entitlement) -> Sequence[Field]:
    offered = VirtualCluster.objects.filter(slug__in=entitlement.config["virtual_clusters"])
    return (
        Field(
            "virtual_clusters",
            gettext_lazy("Virtual clusters"),
            {one.slug: one.name for one in offered},
            gettext_lazy("Where jobs may run as this role."),
        ),
    )


def clean(entitlement: Entitlement, terms: Terms) -> dict[str, Any]:
    return choices.clean(terms, "virtual_clusters", entitlement.config["virtual_clusters"])


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    by = entitlement.config.get("by", "oidc")  # rules of before there was a choice have none
    return [part for virtual in _chosen(terms) for part in _parts(virtual, principal, by)]


def _parts(virtual: VirtualCluster, principal: Principal, by: str) -> list[PlacedPart]:
    if principal.account != virtual.account_id:
        raise BadTerms(
            "principal",
            _("%(cluster)s is in account %(there)s, this role in %(here)s: its jobs cannot run.")
            % {
                "cluster": virtual.name,
                "there": virtual.account_id,
                "here": principal.account,
            },
        )
    cluster = _home(virtual, "principal", by)
    trusted = (TargetKind.ROLE_TRUST, principal.account, "", principal.arn)
    if by == "oidc":
        body = trust.job_pods(
            partition=virtual.account.partition,
            account=virtual.account_id,
            issuer=cluster.issuer,
            namespace=virtual.namespace,
            role=principal.name,
        )
        return [PlacedPart(*trusted, body)]
    arn = f"arn:{virtual.account.partition}:eks:{cluster.region}:{cluster.account_id}:cluster/"
    place = (TargetKind.POD_IDENTITIES, cluster.account_id, cluster.region, cluster.cluster_name)
    pods = (virtual.account_id, virtual.namespace, principal.name, principal.arn)
    return [
        PlacedPart(*trusted, pod_identity.trust(cluster.account_id, arn + cluster.cluster_name)),
        *(PlacedPart(*place, body, stage=1) for body in pod_identity.associations(*pods)),
    ]


def _home(virtual: VirtualCluster, field: str, by: str) -> Cluster:
    """The EKS cluster of a virtual cluster. Raises BadTerms where the catalogue lacks facts."""
    cluster = Cluster.objects.filter(slug=virtual.cluster, account=virtual.account_id).first()
    issuer = cluster is not None and (cluster.issuer or by != "oidc")
    if cluster is None or not issuer or not virtual.namespace:
        raise BadTerms(
            field,
            _(
                "Of the virtual cluster “%s” the catalogue must know “cluster” and “namespace”, "
                "and of that cluster its “issuer”."
            )
            % virtual.slug,
        )
    return cluster


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    return _("%(who)s may be what jobs on %(clusters)s run as.") % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "clusters": ", ".join(f"{one.name} ({one.account.name})" for one in _chosen(terms)),
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    return [
        _(
            "Whoever may create pods with a service account of EMR’s in that namespace can act "
            "as this role."
        )
    ]


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    virtual = _chosen(terms)[0]
    return (
        f"aws emr-containers start-job-run --region {virtual.region} "
        f"--virtual-cluster-id {virtual.virtual_cluster_id} "
        f"--execution-role-arn {principal.arn} …"
    )


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    running = Remaining(_("Jobs that were started before the end and are running."))
    return [*ends.sessions(ended_at, facts), running]


def _chosen(terms: Terms) -> list[VirtualCluster]:
    chosen = VirtualCluster.objects.filter(slug__in=terms["virtual_clusters"])
    return list(chosen.select_related("account").order_by("slug"))
