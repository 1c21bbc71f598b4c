"""Grants of one KMS key: who may use it, without a change of its policy.

A grant cannot be changed, so its name says what it gives: another wish is another name.
https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
"""

import json
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
from policies.values import digest

READS = ("kms:ListGrants",)
WRITES = ("kms:CreateGrant", "kms:RevokeGrant")
WHOLE_KEY = True
LIMIT = 50_000  # grants per key: https://docs.aws.amazon.com/kms/latest/developerguide/limits.html


def read(clients: Clients, place: Place) -> Reading:
    try:
        rows = clients.pages("kms", "list_grants", "Grants", KeyId=place.object)
    except Outcome as error:
        if error.code == "NotFoundException":
            return Reading({}, missing=error.message)
        raise
    state, ids = {}, {}
    for row in rows:
        text = _text(row.get("GranteePrincipal", ""), row.get("Operations", ()))
        key = _key(place, text)
        if row.get("Name") != key or row.get("Constraints"):
            key = f"~{row['GrantId']}"
        state[key], ids[key] = text, row["GrantId"]
    mine = frozenset(key for key in state if not key.startswith("~"))
    return Reading(state, {"ids": ids}, marked=mine)


def key_of(place: Place, part: Part) -> str:
    return _key(place, _text(part["grantee"], part["operations"]))


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    texts = [_text(part["grantee"], part["operations"]) for part in parts]
    return {_key(place, text): text for text in texts}


def holds(state: State, place: Place, part: Part) -> bool:
    return key_of(place, part) in state


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    return {"others": len(reading.state.keys() - desired(place, parts).keys())}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    used = basis["others"] + len(desired(place, parts))
    return [Load(_("grants of this key"), used, LIMIT)]


def untouchable(place: Place, key: str, text: str) -> str:
    if key.startswith("~"):
        return _("Services and people of the key’s account use it by this grant; they revoke it.")
    return ""


def say(place: Place, change: Change) -> str:
    told = json.loads(change.after or change.before or "{}")
    words = (
        _("%(who)s may not use the key %(key)s any more")
        if change.after is None
        else _("%(who)s may use the key %(key)s: %(what)s")
    )
    what = ", ".join(told.get("operations", ()))
    return words % {"who": told.get("grantee", ""), "key": place.object, "what": what}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    for change in changes:
        if change.after is None:
            which = {"KeyId": place.object, "GrantId": _id(reading, change.key)}
            keyed.unless(_is_gone, clients, "kms", "revoke_grant", **which)
            continue
        told = json.loads(change.after)
        clients.call(
            "kms",
            "create_grant",
            KeyId=place.object,
            Name=change.key,
            GranteePrincipal=told["grantee"],
            Operations=told["operations"],
        )


def _id(reading: Reading, key: str) -> str:
    """A grant is revoked by its id, which only a reading tells."""
    found = (reading.raw or {}).get("ids", {}).get(key)
    if found is None:
        raise Outcome(Kind.CONFLICT, f"KMS does not show the grant {key} yet.")
    return str(found)


def _text(grantee: str, operations: Sequence[str]) -> str:
    said: dict[str, Any] = {"grantee": grantee, "operations": sorted(operations)}
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def _key(place: Place, text: str) -> str:
    return f"gatehouse-{place.installation}-{digest(text)[:16]}"


def _is_gone(error: Outcome) -> bool:
    return error.code in {"NotFoundException", "InvalidGrantIdException"}
