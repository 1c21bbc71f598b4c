"""People's rows in one cluster's aws-auth map, spliced into the text others edit, too.

Kubernetes has compare-and-set (metadata.resourceVersion), so no other writer's edit is lost.
"""

import json
from collections.abc import Mapping, Sequence, Set

from django.utils.translation import gettext as _

from policies.documents import auth_map, auth_rows, auth_splice
from policies.documents.auth_text import Refused
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = ("eks:DescribeCluster",)
WRITES = ()
WHOLE_KEY = False
NAMESPACE, NAME = "kube-system", "aws-auth"


def read(clients: Clients, place: Place) -> Reading:
    found = clients.kubernetes(place.config).read_config_map(NAMESPACE, NAME)
    if found is None:
        raise Outcome(
            Kind.MISSING,
            "The cluster has no aws-auth map. A cluster in API mode has none: use access entries.",
        )
    data = dict(found.get("data") or {})
    try:
        state = auth_map.rows_state(data, (auth_rows.MAP_ROLES, auth_rows.MAP_USERS))
    except Refused as error:
        raise Outcome(Kind.MALFORMED, f"aws-auth of {place.object}: {error}") from error
    meta = found["metadata"]
    raw = {"data": data, "uid": meta["uid"]}
    return Reading(state, raw, str(meta["resourceVersion"]))


def key_of(place: Place, part: Part) -> str:
    return auth_rows.row_key(part["arn"])


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    """One row per ARN, groups united; the user name is the first part's."""
    rows: dict[str, tuple[str, set[str]]] = {}
    for part in parts:
        _username, groups = rows.setdefault(key_of(place, part), (part["username"], set()))
        groups.add(part["group"])
    return {key: auth_map.row_text(username, groups) for key, (username, groups) in rows.items()}


def holds(state: State, place: Place, part: Part) -> bool:
    text = state.get(key_of(place, part))
    if text is None:
        return False
    row = json.loads(text)
    return bool(row["username"] == part["username"] and part["group"] in row["groups"])


def clears(state: State, place: Place, parts: Sequence[Part]) -> Set[str]:
    return frozenset()


def quotas(clients: Clients, place: Place) -> Mapping[str, int]:
    return {}  # Kubernetes' own limit is the same everywhere


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    there = desired(place, parts).keys() & reading.state.keys()
    return {"size": auth_map.size_bytes(reading.raw["data"]), "there": sorted(there)}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    there = set(basis["there"])
    missing = {key: text for key, text in desired(place, parts).items() if key not in there}
    # A row's own bytes: its text, its ARN and the YAML around them (less than 120).
    extra = sum(len(key.encode()) + len(text.encode()) + 120 for key, text in missing.items())
    used = basis["size"] + extra
    return [Load(_("size of aws-auth"), used, auth_map.LIMIT_BYTES, _("bytes"))]


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    """Rows that are not ours to change, and user names that two grants disagree on."""
    found = []
    wanted = desired(place, parts)
    arns = {key_of(place, part): part["arn"] for part in parts}
    names: dict[str, set[str]] = {}
    for part in parts:
        names.setdefault(key_of(place, part), set()).add(part["username"])
    for key, text in wanted.items():
        if len(names[key]) > 1:
            found.append(
                _("%(who)s already has another user name on this cluster: %(names)s.")
                % {"who": key.partition(":")[2], "names": ", ".join(sorted(names[key]))}
            )
        try:
            auth_splice.splice(reading.raw["data"], {key: _row(arns[key], text)})
        except Refused as error:
            found.append(str(error))
    return found


def say(place: Place, change: Change) -> str:
    who = change.key.partition(":")[2]
    if change.after is None:
        return _("the row of %(who)s is removed from aws-auth of %(cluster)s") % {
            "who": who,
            "cluster": place.object,
        }
    row = json.loads(change.after)
    return _("%(who)s is %(user)s in %(groups)s on %(cluster)s") % {
        "who": who,
        "user": row["username"],
        "groups": ", ".join(row["groups"]),
        "cluster": place.object,
    }


def writes(changes: Sequence[Change]) -> list[list[Change]]:
    """All rows in one guarded write."""
    return [list(changes)] if changes else []


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    before = reading.raw["data"]
    arns = {key_of(place, part): part["arn"] for part in parts}
    rows = {
        change.key: None if change.after is None else _row(arns[change.key], change.after)
        for change in changes
    }
    try:
        after = auth_splice.splice(before, rows)
    except Refused as error:
        # The text will be refused again until a person has mended it.
        raise Outcome(Kind.PERMANENT, f"aws-auth of {place.object}: {error}") from error
    if after == before:
        return
    touched: dict[str, str | None] = {
        name: after.get(name) for name in {*before, *after} if before.get(name) != after.get(name)
    }
    clients.kubernetes(place.config).patch_config_map(
        NAMESPACE, NAME, data=touched, version=reading.version, uid=reading.raw["uid"]
    )


def _row(arn: str, text: str) -> auth_rows.Row:
    """The row to write; keys are lower-cased, so the ARN's own spelling comes from the part."""
    row = json.loads(text)
    return auth_rows.wanted_row(arn, row["username"], row["groups"])
