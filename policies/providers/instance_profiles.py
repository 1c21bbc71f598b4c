"""Instance profiles that a Databricks workspace may start machines with.

https://docs.databricks.com/api/workspace/instanceprofiles
"""

from collections.abc import Sequence, Set

from django.utils.translation import gettext as _

from policies.outcomes import Outcome
from policies.plan import Change, Reading, State
from policies.providers.keyed import basis as basis
from policies.providers.keyed import clears as clears
from policies.providers.keyed import load as load
from policies.providers.keyed import problems as problems
from policies.providers.keyed import quotas as quotas
from policies.providers.keyed import untouchable as untouchable
from policies.providers.keyed import writes as writes
from policies.providers.protocol import Clients, Part, Place, Standing

READS = ()  # the workspace's token is its own, no action of AWS
WRITES = ()
WHOLE_KEY = True
REGISTERED = "registered"
_PATH = "/api/2.0/instance-profiles"


def read(clients: Clients, place: Place) -> Reading:
    told = clients.workspace(place.config).call("GET", f"{_PATH}/list")
    arns = (one["instance_profile_arn"] for one in told.get("instance_profiles", ()))
    return Reading(dict.fromkeys(arns, REGISTERED))


def key_of(place: Place, part: Part) -> str:
    return str(part["profile"])


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    return {key_of(place, part): REGISTERED for part in parts}


def holds(state: State, place: Place, part: Part) -> bool:
    return key_of(place, part) in state


def say(place: Place, change: Change) -> str:
    words = (
        _("machines of %(host)s may not be started as %(profile)s any more")
        if change.after is None
        else _("machines of %(host)s may be started as %(profile)s")
    )
    return words % {"host": place.object, "profile": change.key}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    workspace = clients.workspace(place.config)
    for change in changes:
        body = {"instance_profile_arn": change.key}
        if change.after is not None:
            workspace.call("POST", f"{_PATH}/add", body)
            continue
        try:
            workspace.call("POST", f"{_PATH}/remove", body)
        except Outcome as error:
            if not _is_gone(error):
                raise


def _is_gone(error: Outcome) -> bool:
    # Not there any more: what was wanted. Whether it is true, the looks tell.
    return error.code == "RESOURCE_DOES_NOT_EXIST"
