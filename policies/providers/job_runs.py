"""One identity's running jobs on an EMR on EKS virtual cluster: wanted is that there are none.

A part orders which runs to cancel: those its identity began before a date, with the execution
roles named. Whoever else runs jobs there is left alone; so are runs of access given anew.
"""

import json
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from policies.documents.iam import text
from policies.outcomes import Outcome
from policies.plan import Change, Reading, State
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = ("emr-containers:ListJobRuns",)
WRITES = ("emr-containers:CancelJobRun",)
WHOLE_KEY = True
_RUN = "run:"
RUNNING = ("PENDING", "SUBMITTED", "RUNNING")


def object_of(virtual_cluster_id: str, arn: str) -> str:
    """What names the target: whose runs, on which virtual cluster."""
    return f"{virtual_cluster_id}/{arn}"


def read(clients: Clients, place: Place) -> Reading:
    """The identity's own runs. A run's state is left out: it moves by itself."""
    cluster, _slash, arn = place.object.partition("/")
    listed = clients.pages(
        "emr-containers",
        "list_job_runs",
        "jobRuns",
        virtualClusterId=cluster,
        states=list(RUNNING),
    )
    mine = [one for one in listed if began(arn, one.get("createdBy", ""))]
    return Reading({_RUN + one["id"]: _said(one) for one in mine})


def began(arn: str, created_by: str) -> bool:
    """Whether who created a run is the IAM role or user `arn`: a role's sessions lose its path."""
    _a, partition, _i, _r, account, resource = arn.split(":", 5)
    kind, _slash, path = resource.partition("/")
    if kind == "user":
        return created_by == arn
    name = path.rsplit("/", 1)[-1]
    return created_by.startswith(f"arn:{partition}:sts::{account}:assumed-role/{name}/")


def key_of(place: Place, part: Part) -> str:
    return _RUN


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return clears(state, place, [part])


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    return {}


def holds(state: State, place: Place, part: Part) -> bool:
    return not clears(state, place, [part])


def clears(state: State, place: Place, parts: Sequence[Part]) -> Set[str]:
    return frozenset(
        key
        for key, said in state.items()
        if any(_ordered(json.loads(said), part) for part in parts)
    )


def quotas(clients: Clients, place: Place) -> Mapping[str, int]:
    return {}


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    return {}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    return []


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    return []


def untouchable(place: Place, key: str, text: str) -> str:
    return _("Job runs are cancelled by whoever ends the access they were started with.")


def say(place: Place, change: Change) -> str:
    return _("job run %(run)s of %(who)s is cancelled") % {
        "run": change.key.removeprefix(_RUN),
        "who": place.object.partition("/")[2],
    }


def writes(changes: Sequence[Change]) -> list[list[Change]]:
    return [[change] for change in changes]


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    cluster = place.object.partition("/")[0]
    for change in changes:
        run = change.key.removeprefix(_RUN)
        try:
            clients.call("emr-containers", "cancel_job_run", id=run, virtualClusterId=cluster)
        except Outcome as error:
            # Over by itself meanwhile: what was wanted. Whether it is true, the looks tell.
            if error.code not in {"ValidationException", "ResourceNotFoundException"}:
                raise


def _said(run: Mapping[str, Any]) -> str:
    return text(
        {
            "role": run.get("executionRoleArn", ""),
            "began": run["createdAt"].astimezone(UTC).isoformat(),
        }
    )


def _ordered(run: Mapping[str, str], part: Part) -> bool:
    before = datetime.fromisoformat(part["before"])
    return run["role"] in part["execution_roles"] and datetime.fromisoformat(run["began"]) < before
