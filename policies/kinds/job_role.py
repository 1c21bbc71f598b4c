"""Onboarding an execution role: its jobs on EMR on EKS may run in chosen virtual clusters.

Configuration: {"virtual_clusters": [slug, …]}. The asker chooses some. The AWS identity of the
request is the execution role itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Principal
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

CUT_ACTIONS = ()  # jobs that run have their credentials; no new ones come


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != {"virtual_clusters"}:
        raise BadTerms("config", _("Write exactly one key: virtual_clusters."))
    slugs = config["virtual_clusters"]
    if not isinstance(slugs, list) or not slugs:
        raise BadTerms("config", _("Name at least one virtual cluster."))
    known = {one.slug: one for one in VirtualCluster.objects.filter(slug__in=slugs)}
    for slug in slugs:
        if slug not in known:
            raise BadTerms("config", _("There is no virtual cluster “%s”.") % slug)
        _home(known[slug], "config")


def fields(entitlement: Entitlement) -> Sequence[Field]:
    offered = VirtualCluster.objects.filter(slug__in=entitlement.config["virtual_clusters"])
    return (
        Field(
            "virtual_clusters",
            gettext_lazy("Virtual clusters"),
            {one.slug: one.name for one in offered},
            gettext_lazy("Where jobs may run as this role. Each takes room in its trust policy."),
        ),
    )


def clean(entitlement: Entitlement, terms: Terms) -> dict[str, Any]:
    return choices.clean(terms, "virtual_clusters", entitlement.config["virtual_clusters"])


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    return [_part(cluster, principal) for cluster in _chosen(terms)]


def _part(virtual: VirtualCluster, principal: Principal) -> PlacedPart:
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
    body = trust.job_pods(
        partition=virtual.account.partition,
        account=virtual.account_id,
        issuer=_home(virtual, "principal").issuer,
        namespace=virtual.namespace,
        role=principal.name,
    )
    return PlacedPart(TargetKind.ROLE_TRUST, principal.account, "", principal.arn, body)


def _home(virtual: VirtualCluster, field: str) -> Cluster:
    """The EKS cluster of a virtual cluster. Raises BadTerms where the catalogue lacks facts."""
    cluster = Cluster.objects.filter(slug=virtual.cluster, account=virtual.account_id).first()
    if cluster is None or not cluster.issuer or not virtual.namespace:
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
