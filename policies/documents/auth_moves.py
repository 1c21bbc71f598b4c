"""Which rows of `aws-auth` can become access entries, and what stands in the others' way. Pure.

An entry of type STANDARD carries a user name and groups, but none that belong to the cluster.
https://docs.aws.amazon.com/eks/latest/userguide/migrating-access-entries.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from policies.documents.wellknown import Known, known

# Of user names; of groups only “system:” is refused.
_RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
_OF_MACHINES = {Known.NODES, Known.KARPENTER, Known.FARGATE}


@dataclass(frozen=True)
class Move:
    """One thing the map gives. `why`: what is in the way, and whose it is to mend; empty: none."""

    key: str
    username: str
    groups: tuple[str, ...]
    why: str

    @property
    def moves(self) -> bool:
        return not self.why


def moves(state: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[Move]:
    """Each key of a map's state. `ours`: {key: the identity's whole ARN} of what we manage."""
    for key, text in sorted(state.items()):
        if not key.startswith(("role:", "user:")):
            yield Move(key, "", (), _no_row(key))
            continue
        row = json.loads(text)
        username, groups = row["username"], tuple(row["groups"])
        why = _in_the_way(key.partition(":")[2], username, groups)
        if not why and key not in ours:
            why = "It is not managed here: whoever owns it makes an entry, then removes the row."
        yield Move(key, username, groups, why)


def _no_row(key: str) -> str:
    if key.startswith("account:"):
        return "A whole account let in has no counterpart: each identity needs an entry."
    return "It lets nobody in as it is written; remove it by hand."


def _in_the_way(arn: str, username: str, groups: tuple[str, ...]) -> str:
    label = known(arn, username, groups)
    if label in _OF_MACHINES:
        return (
            "Machines join by it. EKS makes entries of their own type for managed node groups and "
            "Fargate; for other nodes the cluster's owners make one of type EC2_LINUX."
        )
    if label in {Known.EMR, Known.SERVICE}:
        return "An AWS service uses it: its own setting turns entries on (EMR: re-register)."
    reserved = [one for one in groups if one.lower().startswith("system:")]
    reserved += [username] if username.lower().startswith(_RESERVED) else []
    if reserved:
        return (
            f"{', '.join(reserved)} belongs to the cluster itself, which no entry may carry; "
            "the cluster's owners associate an access policy instead."
        )
    made = [one for one in (username.replace("{{SessionName}}", ""), *groups) if "{{" in one]
    if made:
        return f"{made[0]} is made at each sign-in from what an entry does not know."
    return ""
