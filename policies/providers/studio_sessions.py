"""Who may enter an EMR Studio of Identity Center's mode: one mapping per user or group.

A mapping's session policy narrows what the Studio's user role may do. Every failure of these
calls is InvalidRequestException, so only the text tells them apart:
https://docs.aws.amazon.com/emr/latest/APIReference/API_CreateStudioSessionMapping.html
"""

from collections.abc import Mapping, Sequence, Set

from django.utils.translation import gettext as _

from policies.documents.studio import GROUPS, USERS
from policies.outcomes import Outcome
from policies.plan import Change, Reading, State
from policies.providers import keyed
from policies.providers.keyed import clears as clears
from policies.providers.keyed import problems as problems
from policies.providers.keyed import quotas as quotas
from policies.providers.keyed import untouchable as untouchable
from policies.providers.keyed import writes as writes
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = ("elasticmapreduce:ListStudioSessionMappings",)
WRITES = (
    "elasticmapreduce:CreateStudioSessionMapping",
    "elasticmapreduce:UpdateStudioSessionMapping",
    "elasticmapreduce:DeleteStudioSessionMapping",
)
WHOLE_KEY = True
_ABSENT = "does not exist"


def read(clients: Clients, place: Place) -> Reading:
    listing = ("emr", "list_studio_session_mappings", "SessionMappings")
    try:
        found = clients.pages(*listing, StudioId=place.object)
    except Outcome as error:
        if _is_gone(error):
            return Reading({}, missing=error.message)
        raise
    return Reading(
        {f"{one['IdentityType']}:{one['IdentityId']}": one["SessionPolicyArn"] for one in found}
    )


def key_of(place: Place, part: Part) -> str:
    return f"{part['type']}:{part['identity']}"


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    """Of several levels for one identity, the highest: the one with the fewest above it."""
    highest = sorted(parts, key=lambda part: (-len(part["above"]), part["policy"]))
    return {key_of(place, part): part["policy"] for part in highest}


def holds(state: State, place: Place, part: Part) -> bool:
    """Whether the identity has this level's policy, or a higher level's."""
    return state.get(key_of(place, part)) in {part["policy"], *part["above"]}


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    others = reading.state.keys() - desired(place, parts).keys()
    return {kind: sum(key.startswith(f"{kind}:") for key in others) for kind in ("USER", "GROUP")}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    ours = [key.partition(":")[0] for key in desired(place, parts)]
    limits = (
        ("USER", _("users mapped to this Studio"), USERS),
        ("GROUP", _("groups mapped to this Studio"), GROUPS),
    )
    return [Load(quota, basis[kind] + ours.count(kind), limit) for kind, quota, limit in limits]


def say(place: Place, change: Change) -> str:
    words = (
        _("%(who)s may not enter the Studio %(studio)s any more")
        if change.after is None
        else _("%(who)s may enter the Studio %(studio)s with the session policy %(policy)s")
    )
    policy = (change.after or "").rpartition("/")[2]
    return words % {"who": change.key, "studio": place.object, "policy": policy}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    for change in changes:
        kind, _colon, identity = change.key.partition(":")
        who = {"StudioId": place.object, "IdentityType": kind, "IdentityId": identity}
        if change.after is None:
            keyed.unless(_is_gone, clients, "emr", "delete_studio_session_mapping", **who)
            continue
        verb = "create" if change.before is None else "update"
        operation = f"{verb}_studio_session_mapping"
        clients.call("emr", operation, **who, SessionPolicyArn=change.after)


def _is_gone(error: Outcome) -> bool:
    return error.code == "InvalidRequestException" and _ABSENT in error.message
