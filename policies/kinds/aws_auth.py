"""Kubernetes users: a row of a cluster's aws-auth map, with chosen groups.

Configuration: {"cluster": slug, "groups": [name, …]}. The asker chooses some of the groups.
The user name is the EKS user's own, the same on every cluster.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import EksUser, Principal
from policies.documents import names
from policies.kinds import choices, ends, support, usernames
from policies.kinds.ends import cut_parts as cut_parts
from policies.kinds.protocol import (
    BadTerms,
    EndFacts,
    Field,
    PlacedPart,
    Remaining,
    Terms,
)
from policies.models import Cluster, Entitlement, TargetKind

LABEL = gettext_lazy("Kubernetes access")
PROFILE = EksUser
SUPPORT = support.ANY_IAM

CUT_ACTIONS = ()  # Kubernetes asks the map at each request; no policy of AWS reaches it


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != {"cluster", "groups"}:
        raise BadTerms("config", _("Write exactly two keys: cluster and groups."))
    if not Cluster.objects.filter(slug=config["cluster"]).exists():
        raise BadTerms("config", _("There is no cluster “%s”.") % config["cluster"])
    groups = config["groups"]
    if not isinstance(groups, list) or not all(isinstance(one, str) for one in groups):
        raise BadTerms("config", _("Write the groups as a list of names."))
    if not groups:
        raise BadTerms("config", _("Name at least one group."))
    usernames.check_groups(groups)


def fields(entitlement: Entitlement) -> Sequence[Field]:
    groups = {group: group for group in entitlement.config["groups"]}
    return (Field("groups", gettext_lazy("Kubernetes groups"), groups),)


def clean(entitlement: Entitlement, terms: Terms) -> dict[str, Any]:
    return choices.clean(terms, "groups", entitlement.config["groups"])


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    cluster = _cluster(entitlement)
    try:
        arn = names.auth_map_arn(principal.arn)
    except names.BadName as error:
        raise BadTerms("principal", str(error)) from error
    username = usernames.of(principal)
    return [
        PlacedPart(
            TargetKind.CLUSTER_AUTH_MAP,
            cluster.account_id,
            cluster.region,
            cluster.cluster_name,
            {"arn": arn, "username": username, "group": group},
        )
        for group in terms["groups"]
    ]


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    cluster = _cluster(entitlement)
    return _(
        "%(who)s may sign in to the Kubernetes cluster %(cluster)s (%(account)s) "
        "as a member of %(groups)s."
    ) % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "cluster": cluster.name,
        "account": cluster.account.name,
        "groups": ", ".join(terms["groups"]),
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    return []


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    cluster = _cluster(entitlement)
    return f"aws eks update-kubeconfig --region {cluster.region} --name {cluster.cluster_name}"


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    return ends.streams()


def _cluster(entitlement: Entitlement) -> Cluster:
    return Cluster.objects.select_related("account").get(slug=entitlement.config["cluster"])
