"""People's rows in one cluster's aws-auth map, spliced into the text others edit, too.

Kubernetes has compare-and-set (metadata.resourceVersion), so no other writer's edit is lost.
"""

import json
from collections.abc import Mapping, Sequence, Set

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies.documents import auth_map, auth_original, auth_rows, auth_splice, kube_answers
from policies.documents.auth_map import Guard
from policies.documents.auth_text import Refused, TooLong, Unreadable
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = ("eks:DescribeCluster",)
WRITES = ()
WHOLE_KEY = False
NAMESPACE, NAME = "kube-system", "aws-auth"
IGNORING = "API"  # the authenticationMode in which EKS does not look at aws-auth
GUARDS = {
    Guard.NODES: gettext_lazy("Nodes join the cluster by it."),
    Guard.GROUP: gettext_lazy("It carries a group on which the cluster itself depends."),
    Guard.SERVICE: gettext_lazy("Its role is linked to an AWS service."),
    Guard.NAME: gettext_lazy("It carries a user name or group that belongs to the cluster itself."),
    Guard.CREATOR: gettext_lazy("It is the row of whoever created the cluster."),
    Guard.NODE_ROLE: gettext_lazy("Its role is named like one that the cluster itself brings."),
}


def read(clients: Clients, place: Place) -> Reading:
    try:
        cluster = clients.kubernetes(place.config)
    except Outcome as error:
        # DescribeCluster's own word for this very name; one we cannot reach is another matter.
        if error.code == "ResourceNotFoundException":
            return Reading({}, missing=error.message)
        raise
    found = cluster.read_config_map(NAMESPACE, NAME)
    if found is None:
        return Reading(
            {},
            missing="The cluster has no aws-auth map. "
            "A cluster in API mode has none: use access entries.",
        )
    data = dict(found.get("data") or {})
    state, broken = auth_map.readable_rows(data)
    unreadable = {
        auth_rows.PREFIX[name]: f"aws-auth of {place.object}: {name}: {error}"
        for name, error in broken.items()
    }
    meta = found["metadata"]
    return Reading(
        state,
        {"data": data, "uid": meta["uid"], "mode": cluster.mode},
        str(meta["resourceVersion"]),
        originals=auth_original.originals(data),
        writer=kube_answers.last_writer(found),
        unreadable=unreadable,
    )


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
    found = [_ignored(place)] if reading.raw["mode"] == IGNORING else []
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
            found.append(f"{error} (GH-241)")
    return found


def _ignored(place: Place) -> str:
    return _(
        "%(cluster)s is in access mode API, so it ignores aws-auth: a row would give nothing. "
        "Use access entries there (GH-240)."
    ) % {"cluster": place.object}


def untouchable(place: Place, key: str, text: str) -> str:
    """The cluster's own rows, and entries that are no row in effect."""
    if not key.startswith(tuple(auth_rows.PREFIX.values())):
        return _("It is not a row that takes effect, so it cannot be cut out safely.")
    row = json.loads(text)
    found = auth_map.untouchable(
        auth_rows.Row(
            auth_rows.section_of(key), key.partition(":")[2], row["username"], tuple(row["groups"])
        )
    )
    return str(GUARDS[found]) if found else ""


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
    each = {}
    if reading.raw["mode"] == IGNORING:  # rows may still be taken out
        useless = Outcome(Kind.PERMANENT, _ignored(place))
        each = {change.key: useless for change in changes if change.after is not None}
    possible = [change for change in changes if change.key not in each]
    after, refused = _spliced(before, possible, parts, place)
    each |= {key: _outcome(place, error) for key, error in refused.items()}
    made = [change.key for change in possible if change.key not in refused]
    if made:
        _patch(clients, place, reading, before, after, made)
    if each:
        first = next(iter(each.values()))
        raise Outcome(first.kind, first.message, each=each)


def _spliced(
    before: dict[str, str], changes: Sequence[Change], parts: Sequence[Part], place: Place
) -> tuple[dict[str, str], dict[str, Refused]]:
    """The data as wanted, and the keys that have to stay as they are."""
    arns = {key_of(place, part): part["arn"] for part in parts}
    own = {change.key: _own_row(change) for change in changes}
    rows = {}
    for change in changes:
        row = None
        if change.after is not None:
            row = own[change.key] or _row(arns.get(change.key, change.key[5:]), change.after)
        rows[change.key] = row
    after, refused = auth_splice.fit(before, rows)
    # A row whose own text does not fit any more is written in ours.
    anew = {
        change.key: _row(arns.get(change.key, change.key[5:]), change.after)
        for change in changes
        if change.key in refused and own[change.key] and change.after is not None
    }
    if anew:
        after, still = auth_splice.fit(after, anew)
        refused = {key: error for key, error in refused.items() if key not in anew} | still
    return after, refused


def _own_row(change: Change) -> auth_rows.Row | None:
    """The row in the bytes it once had, where they mean what is wanted."""
    if not change.original or change.after is None:
        return None
    row = auth_original.original_row(change.key, change.original)
    return row if row and auth_map.row_text(row.username, row.groups) == change.after else None


def _outcome(place: Place, error: Refused) -> Outcome:
    """The text will be refused again until a person has mended it."""
    kinds = {Unreadable: Kind.MALFORMED, TooLong: Kind.QUOTA}
    kind = kinds.get(type(error), Kind.PERMANENT)
    return Outcome(kind, f"aws-auth of {place.object}: {error} (GH-241)")


def _patch(
    clients: Clients,
    place: Place,
    reading: Reading,
    before: Mapping[str, str],
    after: Mapping[str, str],
    made: Sequence[str],
) -> None:
    """Also where the text read says already what is wanted: it may be older than our last write.

    Then the guard tells: the server refuses it, and the map is read anew.
    """
    asked = {auth_rows.section_of(key) for key in made}
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)} or asked
    touched: dict[str, str | None] = {name: after.get(name) for name in names}
    clients.kubernetes(place.config).patch_config_map(
        NAMESPACE, NAME, data=touched, version=reading.version, uid=reading.raw["uid"]
    )


def _row(arn: str, text: str) -> auth_rows.Row:
    """The row to write; keys are lower-cased, so the ARN's own spelling comes from the part."""
    row = json.loads(text)
    return auth_rows.wanted_row(arn, row["username"], row["groups"])
