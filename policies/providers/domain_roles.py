"""Who holds a role inside an OpenSearch domain with fine-grained access control.

A role's mapping is one document with lists that others edit, too; the domain knows no
compare-and-set, so it is read again right before it is written.
https://docs.opensearch.org/latest/security/access-control/api/#role-mappings
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

from django.utils.translation import gettext as _

from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State, digest
from policies.providers.keyed import basis as basis
from policies.providers.keyed import clears as clears
from policies.providers.keyed import load as load
from policies.providers.keyed import quotas as quotas
from policies.providers.keyed import untouchable as untouchable
from policies.providers.protocol import Clients, Part, Place, RestClient, Standing

READS = ("es:ESHttpGet",)
WRITES = ("es:ESHttpPut", "es:ESHttpPatch")
WHOLE_KEY = True
ROLE = "manage_snapshots"
LISTS = ("backend_roles", "users")
MAPPED = "mapped"
_PATH = f"/_plugins/_security/api/rolesmapping/{ROLE}"


def read(clients: Clients, place: Place) -> Reading:
    mapping = _mapping(clients.domain(place.config))
    names = [f"{one}:{arn}" for one in LISTS for arn in (mapping or {}).get(one, ())]
    return Reading(dict.fromkeys(names, MAPPED), {"mapping": mapping}, version=digest(mapping))


def _mapping(domain: RestClient) -> dict[str, Any] | None:
    """None: nobody was ever mapped to the role."""
    try:
        told = domain.call("GET", _PATH)
    except Outcome as error:
        if error.kind is not Kind.MISSING:
            raise
        return None
    found: dict[str, Any] = told.get(ROLE, {})
    return found


def key_of(place: Place, part: Part) -> str:
    return f"{part['list']}:{part['arn']}"


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    return {key_of(place, part): MAPPED for part in parts}


def holds(state: State, place: Place, part: Part) -> bool:
    return key_of(place, part) in state


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    mapping = (reading.raw or {}).get("mapping") or {}
    if not mapping.get("reserved"):
        return []
    text = _("The domain %(domain)s keeps its role %(role)s from being mapped (GH-246).")
    return [text % {"domain": place.object, "role": ROLE}]


def say(place: Place, change: Change) -> str:
    words = (
        _("%(who)s does not hold %(role)s in %(domain)s any more")
        if change.after is None
        else _("%(who)s holds %(role)s in %(domain)s")
    )
    return words % {"who": change.key.partition(":")[2], "role": ROLE, "domain": place.object}


def writes(changes: Sequence[Change]) -> list[list[Change]]:
    """The mapping is one document."""
    return [list(changes)] if changes else []


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    domain = clients.domain(place.config)
    mapping = _mapping(domain)
    if digest(mapping) != reading.version:
        raise Outcome(Kind.CONFLICT, f"{place.object}: others changed {ROLE} meanwhile.")
    after = {name: _listed(name, mapping or {}, changes) for name in LISTS}
    if mapping is None:
        domain.call("PUT", _PATH, {name: names for name, names in after.items() if names})
        return
    touched = {name for name in LISTS if after[name] != mapping.get(name, [])}
    # Nothing to touch: what was read is older than our own write, and the lists are sent again.
    orders = [
        {"op": "add", "path": f"/{name}", "value": after[name]} for name in sorted(touched or after)
    ]
    domain.call("PATCH", _PATH, orders)


def _listed(name: str, mapping: Mapping[str, Any], changes: Sequence[Change]) -> list[str]:
    """The list as it is, in its order, with our changes."""
    asked = {one.key.partition(":")[2]: one for one in changes if one.key.startswith(f"{name}:")}
    kept = [one for one in mapping.get(name, ()) if one not in asked]
    return kept + [arn for arn, one in asked.items() if one.after is not None]
