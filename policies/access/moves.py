"""Access of `aws-auth` that becomes access entries: the entry first, and once it was seen the row.

What was approved stays what it was: the same identity, user name and groups in the same cluster;
only the place changes. AWS follows through `wake`.
"""

from collections.abc import Iterable

from django.db import transaction
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from policies.access import texts
from policies.access.operations import administrator
from policies.documents import auth_rows
from policies.models import Cluster, Delivery, Grant, Target, TargetKind, wake

ROWS, ENTRIES = TargetKind.CLUSTER_AUTH_MAP, TargetKind.CLUSTER_ACCESS_ENTRIES


def ours(cluster: Cluster) -> dict[str, str]:
    """{key of the map: the identity's whole ARN} of what living grants have there."""
    return {auth_rows.row_key(one.part["arn"]): one.grant.principal.arn for one in _rows(cluster)}


@transaction.atomic
def give_entries(cluster: Cluster, keys: Iterable[str], *, by: Actor, why: str) -> list[Grant]:
    """An entry for every grant that has rows of these keys and no entry yet. Its grants.

    Raises Refused for anybody but an administrator.
    """
    administrator(by)
    why = texts.check(why, "why")
    wanted = set(keys)
    target = _target(cluster, ENTRIES)
    made = []
    for grant, rows in _by_grant(cluster).items():
        mine = [one for one in rows if auth_rows.row_key(one.part["arn"]) in wanted]
        if not mine or grant.deliveries.filter(target=target).exists():
            continue
        groups = sorted({one.part["group"] for one in mine})
        body = {
            "arn": grant.principal.arn,
            "username": mine[0].part["username"],
            "groups": groups,
            "policies": {},
        }
        # Not below what already stands on the row, or that would be taken away until it is seen.
        stage = max(grant.deliveries.gives().values_list("stage", flat=True))
        Delivery.objects.create(grant=grant, target=target, part=body, stage=stage)
        _record(grant, by, why, {"entry": body})
        made.append(grant)
    if made:
        wake([target])
    return made


@transaction.atomic
def take_rows(cluster: Cluster, *, by: Actor, why: str) -> list[Grant]:
    """The rows of every grant whose entry was seen are wanted no longer. Its grants."""
    administrator(by)
    why = texts.check(why, "why")
    entries = _target(cluster, ENTRIES)
    taken = []
    for grant, rows in _by_grant(cluster).items():
        entry = grant.deliveries.filter(target=entries).first()
        if entry is None or not (entry.state == Delivery.State.SEEN or _has_not_begun(grant)):
            continue
        Delivery.objects.filter(pk__in=[one.pk for one in rows]).update(wanted_until=Now())
        _record(grant, by, why, {"rows": [one.part for one in rows]})
        taken.append(grant)
    if taken:
        wake([_target(cluster, ROWS)])
    return taken


def _rows(cluster: Cluster) -> list[Delivery]:
    """Deliveries of living grants in the cluster's map that were not taken out yet."""
    found = (
        Delivery.objects.gives()
        .unreleased()
        .filter(
            target__kind=ROWS,
            target__account=cluster.account_id,
            target__region=cluster.region,
            target__object=cluster.cluster_name,
            grant__ended_at__isnull=True,
            wanted_until__isnull=True,
        )
    )
    return list(found.select_related("grant__principal").order_by("grant_id", "pk"))


def _has_not_begun(grant: Grant) -> bool:
    """Nobody gets in by its rows yet, so nothing has to be seen before they go."""
    return grant.started_at is None


def _by_grant(cluster: Cluster) -> dict[Grant, list[Delivery]]:
    found: dict[Grant, list[Delivery]] = {}
    for one in _rows(cluster):
        found.setdefault(one.grant, []).append(one)
    return found


def _target(cluster: Cluster, kind: TargetKind) -> Target:
    return Target.objects.get_or_create(
        kind=kind,
        account=cluster.account_id,
        region=cluster.region,
        object=cluster.cluster_name,
    )[0]


def _record(grant: Grant, by: Actor, why: str, after: dict[str, object]) -> None:
    audit.record(
        What.GRANT_MOVED,
        by=by,
        about=("grant", grant.ref),
        person=grant.person_id,
        after=after,
        why=why,
    )
