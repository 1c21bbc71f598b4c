"""Who in a Databricks workspace may start machines with an instance profile: users and groups.

An assignment is a SCIM “role” of the user or group.
https://docs.databricks.com/aws/en/admin/users-groups/scim/ and RFC 7644 §3.5.2 (PATCH)
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext as _

from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State
from policies.providers.keyed import basis as basis
from policies.providers.keyed import clears as clears
from policies.providers.keyed import load as load
from policies.providers.keyed import problems as problems
from policies.providers.keyed import quotas as quotas
from policies.providers.keyed import untouchable as untouchable
from policies.providers.keyed import writes as writes
from policies.providers.protocol import Clients, Part, Place, RestClient, Standing

READS = ()  # the workspace's token is its own, no action of AWS
WRITES = ()
WHOLE_KEY = True
ASSIGNED = "assigned"
_SCIM = "/api/2.0/preview/scim/v2"
_NAMES = {"user": ("Users", "userName"), "group": ("Groups", "displayName")}


def read(clients: Clients, place: Place) -> Reading:
    """The profiles of those the portal has given any; a workspace may have thousands of others."""
    workspace = clients.workspace(place.config)
    state, ids = {}, {}
    for who in place.config.get("known", ()):
        row = _row(workspace, who)
        if row is not None:
            ids[who] = str(row["id"])
            for role in row.get("roles", ()):
                state[f"{who} {role['value']}"] = ASSIGNED
    return Reading(state, {"ids": ids})


def _row(workspace: RestClient, who: str) -> Mapping[str, Any] | None:
    kind, _colon, name = who.partition(":")
    section, attribute = _NAMES[kind]
    asked = quote(f'{attribute} eq "{name}"')
    query = f"filter={asked}&attributes=id,{attribute},roles"
    rows = workspace.call("GET", f"{_SCIM}/{section}?{query}").get("Resources", [])
    return next((row for row in rows if row.get(attribute, "").lower() == name.lower()), None)


def key_of(place: Place, part: Part) -> str:
    return f"{part['who']} {part['profile']}"


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    return {key_of(place, part): ASSIGNED for part in parts}


def holds(state: State, place: Place, part: Part) -> bool:
    return key_of(place, part) in state


def say(place: Place, change: Change) -> str:
    words = (
        _("%(who)s may not use %(profile)s in %(host)s any more")
        if change.after is None
        else _("%(who)s may use %(profile)s in %(host)s")
    )
    who, _space, profile = change.key.rpartition(" ")
    return words % {"who": who.partition(":")[2], "profile": profile, "host": place.object}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    workspace = clients.workspace(place.config)
    for change in changes:
        who = change.key.rpartition(" ")[0]
        row = _row(workspace, who)
        if row is None and change.after is None:
            continue  # without the user there is no assignment; the looks tell
        if row is None:
            name = who.partition(":")[2]
            raise Outcome(
                Kind.MISSING,
                f"{place.object} knows no {name}. Its administrators add them; then retry.",
            )
        section = _NAMES[who.partition(":")[0]][0]
        workspace.call("PATCH", f"{_SCIM}/{section}/{quote(str(row['id']))}", _patch(change))


def _patch(change: Change) -> dict[str, Any]:
    profile = change.key.rpartition(" ")[2]
    operation: dict[str, Any] = {"op": "add", "path": "roles", "value": [{"value": profile}]}
    if change.after is None:
        operation = {"op": "remove", "path": f'roles[value eq "{profile}"]'}
    schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
    return {"schemas": [schema], "Operations": [operation]}
