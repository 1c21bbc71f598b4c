"""EKS Pod Identity: which role the pods of a service account of one cluster run as.

One association per namespace and service account; EKS refuses a second, so whoever was there
first stays. https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from django.utils.translation import gettext as _

from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State
from policies.providers import keyed
from policies.providers.keyed import clears as clears
from policies.providers.keyed import problems as problems
from policies.providers.keyed import quotas as quotas
from policies.providers.keyed import writes as writes
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = ("eks:ListPodIdentityAssociations", "eks:DescribePodIdentityAssociation")
WRITES = (
    "eks:CreatePodIdentityAssociation",
    "eks:UpdatePodIdentityAssociation",
    "eks:DeletePodIdentityAssociation",
)
WHOLE_KEY = True
TAG = "gatehouse"
UNREAD = ""  # one of a namespace in which nobody asks for jobs here: there, and not looked into
LIMIT = 5_000  # associations per cluster: EKS quotas


def read(clients: Clients, place: Place) -> Reading:
    """Every association; whose role it is only in namespaces the catalogue names.

    EKS lists no roles and tells each in a call more.
    """
    listing = ("eks", "list_pod_identity_associations", "associations")
    try:
        rows = clients.pages(*listing, clusterName=place.object)
    except Outcome as error:
        if _is_gone(error):
            return Reading({}, missing=error.message)
        raise
    known = set(place.config.get("namespaces", ()))
    state, ids, marked = {}, {}, set()
    for row in rows:
        key = f"{row['namespace']}:{row['serviceAccount']}"
        ids[key] = row["associationId"]
        if row["namespace"] not in known:
            state[key] = UNREAD
        elif told := _association(clients, place, row["associationId"]):
            state[key] = told["roleArn"]
            marked |= {key} if told.get("tags", {}).get(TAG) == place.installation else set()
    return Reading(state, {"ids": ids}, marked=frozenset(marked))


def _association(clients: Clients, place: Place, number: str) -> Mapping[str, Any] | None:
    """One association; None for one that the lagging list still names but that is gone."""
    which = {"clusterName": place.object, "associationId": number}
    try:
        answer = clients.call("eks", "describe_pod_identity_association", **which)
    except Outcome as error:
        if not _is_gone(error):
            raise
        return None
    found: Mapping[str, Any] = answer["association"]
    return found


def key_of(place: Place, part: Part) -> str:
    return f"{part['namespace']}:{part['service_account']}"


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    return {key_of(place, part): part["role"] for part in parts}


def holds(state: State, place: Place, part: Part) -> bool:
    return bool(state.get(key_of(place, part)) == part["role"])


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    return {"others": len(reading.state.keys() - {key_of(place, part) for part in parts})}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    used = basis["others"] + len({key_of(place, part) for part in parts})
    return [Load(_("Pod Identity associations of this cluster"), used, LIMIT)]


def untouchable(place: Place, key: str, text: str) -> str:
    if text == UNREAD:
        return _("Whose role it gives was not looked into: pods outside Gatehouse may need it.")
    return ""


def say(place: Place, change: Change) -> str:
    words = (
        _("pods of %(who)s on %(cluster)s run as no role any more")
        if change.after is None
        else _("pods of %(who)s on %(cluster)s run as %(role)s")
    )
    return words % {"who": change.key, "cluster": place.object, "role": change.after}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    for change in changes:
        if change.before is None:
            _create(clients, place, change)
            continue
        which = {"clusterName": place.object, "associationId": _id(reading, change.key)}
        if change.after is None:
            operation = "delete_pod_identity_association"
            keyed.unless(_is_gone, clients, "eks", operation, **which)
        else:
            operation = "update_pod_identity_association"
            clients.call("eks", operation, **which, roleArn=change.after)


def _create(clients: Clients, place: Place, change: Change) -> None:
    namespace, _colon, account = change.key.partition(":")
    clients.call(
        "eks",
        "create_pod_identity_association",
        clusterName=place.object,
        namespace=namespace,
        serviceAccount=account,
        roleArn=change.after,
        tags={TAG: place.installation},
    )


def _id(reading: Reading, key: str) -> str:
    """An association is changed by its id, which only a reading tells."""
    found = (reading.raw or {}).get("ids", {}).get(key)
    if found is None:
        raise Outcome(Kind.CONFLICT, f"EKS does not show the association of {key} yet.")
    return str(found)


def _is_gone(error: Outcome) -> bool:
    return error.code == "ResourceNotFoundException"
