"""How far Kubernetes groups reach, for whoever decides: read from the cluster, changed by nobody.

A group's name says nothing: its bindings do. And whoever starts pods in a namespace can act as
every execution role whose jobs run there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from policies import clients
from policies.documents import access_entries, rbac
from policies.documents.rbac import Bound
from policies.models import Cluster, Entitlement, Grant, ManagedRole, TargetKind, VirtualCluster
from policies.outcomes import Outcome
from policies.providers import Part, Place

KINDS = {TargetKind.CLUSTER_AUTH_MAP, TargetKind.CLUSTER_ACCESS_ENTRIES}
_STARTS_PODS = ("edit", "admin")  # of AWS's own access policies


def risks(place: Place, parts: Sequence[Part], *, until: float | None = None) -> list[str]:
    """What these parts would let somebody do in a cluster, in words. Empty for other places."""
    if place.kind not in KINDS or not parts:
        return []
    cluster = place.object
    groups = sorted({group for part in parts for group in _groups_of(part)})
    namespaces = _namespaces(place)
    try:
        held = rbac.held(groups, _lists(place, until)) if groups else {}
    except Outcome as error:
        text = _("What the groups may do on %(cluster)s could not be looked at: %(why)s")
        return [text % {"cluster": cluster, "why": error.message}, *_by_policies(parts, namespaces)]
    found = [text for group, bound in held.items() for text in _told(cluster, group, bound)]
    open_ = {
        namespace: roles
        for namespace, roles in namespaces.items()
        if any(one.runs_pods(namespace) or one.is_master for all_ in held.values() for one in all_)
    }
    return [*found, *_reached(open_), *_by_policies(parts, namespaces)]


def _groups_of(part: Part) -> Iterable[str]:
    return [part["group"]] if "group" in part else part.get("groups", ())


def _lists(place: Place, until: float | None) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    kubernetes = clients.reading(place.account, place.region, until=until).kubernetes(place.config)
    return {kind: kubernetes.read_rbac(kind) for kind in rbac.KINDS}


def _told(cluster: str, group: str, bound: Sequence[Bound]) -> list[str]:
    if not bound:
        text = _("Nothing is bound to %(group)s on %(cluster)s: it gives nothing yet (GH-249).")
        return [text % {"group": group, "cluster": cluster}]
    if any(one.is_master for one in bound):
        text = _("High risk: %(group)s may do everything on %(cluster)s, whatever its name says.")
        return [text % {"group": group, "cluster": cluster}]
    roles = ", ".join(f"{one.role} ({one.namespace or _('whole cluster')})" for one in bound)
    text = _("%(group)s holds on %(cluster)s: %(roles)s.")
    return [text % {"group": group, "cluster": cluster, "roles": roles}]


def _by_policies(parts: Sequence[Part], namespaces: Mapping[str, Sequence[str]]) -> list[str]:
    """AWS's access policies that let pods be started, and where."""
    wide = {access_entries.POLICIES[name] for name in _STARTS_PODS}
    scopes = [
        scope
        for part in parts
        for arn, scope in part.get("policies", {}).items()
        if arn.rpartition("/")[2] in wide
    ]
    reached = {
        namespace: roles
        for namespace, roles in namespaces.items()
        if any(not scope or namespace in scope for scope in scopes)
    }
    return _reached(reached)


def _reached(namespaces: Mapping[str, Sequence[str]]) -> list[str]:
    text = _("Whoever starts pods in %(namespace)s can act as: %(roles)s.")
    return [
        text % {"namespace": namespace, "roles": ", ".join(roles)}
        for namespace, roles in sorted(namespaces.items())
        if roles
    ]


def _namespaces(place: Place) -> dict[str, list[str]]:
    """{namespace: execution roles whose jobs run there}, as far as Gatehouse knows them."""
    slugs = Cluster.objects.filter(account=place.account, cluster_name=place.object).values("slug")
    found: dict[str, set[str]] = {}
    for one in VirtualCluster.objects.filter(account=place.account, cluster__in=slugs):
        if one.namespace:
            found.setdefault(one.namespace, set()).update(_roles(one.slug))
    return {namespace: sorted(roles) for namespace, roles in found.items()}


def _roles(virtual_cluster: str) -> set[str]:
    """Onboarded by a living grant, or offered to start jobs with."""
    offered = Entitlement.objects.offered().filter(
        kind="execution_roles", config__virtual_cluster=virtual_cluster
    )
    slugs = [slug for one in offered for slug in one.config["roles"]]
    names = set(ManagedRole.objects.filter(slug__in=slugs).values_list("name", flat=True))
    onboarded = Grant.objects.filter(entitlement__kind="job_role", ended_at__isnull=True)
    for one in onboarded.select_related("principal"):
        if virtual_cluster in one.terms.get("virtual_clusters", ()):
            names.add(one.principal.name)
    return names
