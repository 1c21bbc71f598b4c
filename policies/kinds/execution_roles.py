"""Jobs on EMR on EKS: start them on one virtual cluster, with chosen execution roles only.

Configuration: {"virtual_cluster": slug, "roles": [slug, …]}. The asker chooses some of the roles.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import DataEngineer, Principal
from policies.kinds import choices, ends, support
from policies.kinds.protocol import (
    BadTerms,
    EndFacts,
    Field,
    PlacedPart,
    Remaining,
    Terms,
)
from policies.models import Entitlement, ManagedRole, TargetKind, VirtualCluster

LABEL = gettext_lazy("jobs on EMR on EKS")
PROFILE = DataEngineer
SUPPORT = support.OWN_POLICY

CUT_ACTIONS = ("emr-containers:*",)


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != {"virtual_cluster", "roles"}:
        raise BadTerms("config", _("Write exactly two keys: virtual_cluster and roles."))
    cluster = VirtualCluster.objects.filter(slug=config["virtual_cluster"]).first()
    if cluster is None:
        text = _("There is no virtual cluster “%s”.") % config["virtual_cluster"]
        raise BadTerms("config", text)
    slugs = config["roles"]
    if not isinstance(slugs, list) or not slugs:
        raise BadTerms("config", _("Name at least one execution role."))
    known = {role.slug: role for role in ManagedRole.objects.filter(slug__in=slugs)}
    for slug in slugs:
        if slug not in known:
            raise BadTerms("config", _("There is no role “%s”.") % slug)
        # "job submitter and execution role must be in the same account": EMR on EKS guide.
        if known[slug].account_id != cluster.account_id:
            text = _("The role “%s” is not in the virtual cluster’s account.") % slug
            raise BadTerms("config", text)


def fields(entitlement: Entitlement) -> Sequence[Field]:
    roles = ManagedRole.objects.filter(slug__in=entitlement.config["roles"])
    return (
        Field(
            "roles",
            gettext_lazy("Execution roles"),
            {role.slug: role.name for role in roles},
            gettext_lazy("What a job may touch is what its execution role may touch."),
        ),
    )


def clean(entitlement: Entitlement, terms: Terms) -> dict[str, Any]:
    return choices.clean(terms, "roles", entitlement.config["roles"])


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    cluster = _cluster(entitlement)
    if principal.account != cluster.account_id:
        # A policy of one account cannot start jobs in another: the caller must be there.
        raise BadTerms(
            "principal",
            _(
                "Jobs run in account %(there)s, this identity is of account %(here)s. "
                "Ask with a role of account %(there)s."
            )
            % {"there": cluster.account_id, "here": principal.account},
        )
    arn = (
        f"arn:{cluster.account.partition}:emr-containers:{cluster.region}:{cluster.account_id}:"
        f"/virtualclusters/{cluster.virtual_cluster_id}"
    )
    return [
        PlacedPart(
            TargetKind.PRINCIPAL_POLICY,
            principal.account,
            "",
            principal.arn,
            {
                "statement": "emr_eks_jobs",
                "virtual_cluster": arn,
                "execution_role": role.arn,
            },
        )
        for role in _roles(terms)
    ]


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    return _(
        "%(who)s may start, watch and cancel jobs on %(cluster)s (%(account)s), "
        "with %(roles)s and with no other execution role."
    ) % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "cluster": _cluster(entitlement).name,
        "account": _cluster(entitlement).account.name,
        "roles": ", ".join(role.name for role in _roles(terms)),
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    return [_("Jobs of other people on the same virtual cluster can be cancelled, too.")]


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    cluster = _cluster(entitlement)
    return (
        f"aws emr-containers start-job-run --region {cluster.region} "
        f"--virtual-cluster-id {cluster.virtual_cluster_id} "
        f"--execution-role-arn {_roles(terms)[0].arn} …"
    )


def cut_parts(
    principal: Principal, parts: Sequence[Mapping[str, Any]], before: str
) -> list[PlacedPart]:
    """The identity's runs with the execution roles that end, per virtual cluster."""
    roles: dict[str, list[str]] = {}
    for part in parts:
        body = part["body"]
        roles.setdefault(body["virtual_cluster"], []).append(body["execution_role"])
    return [
        PlacedPart(
            TargetKind.JOB_RUNS,
            principal.account,
            arn.split(":")[3],
            f"{arn.rsplit('/', 1)[-1]}/{principal.arn}",
            {"before": before, "execution_roles": sorted(named)},
        )
        for arn, named in sorted(roles.items())
    ]


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    found = ends.sessions(ended_at, facts)
    if not facts.cuts_jobs:
        found.append(Remaining(_("Jobs that were started before the end and are running.")))
    return found


def _cluster(entitlement: Entitlement) -> VirtualCluster:
    return VirtualCluster.objects.select_related("account").get(
        slug=entitlement.config["virtual_cluster"]
    )


def _roles(terms: Terms) -> list[ManagedRole]:
    return list(ManagedRole.objects.filter(slug__in=terms["roles"]).order_by("arn"))
