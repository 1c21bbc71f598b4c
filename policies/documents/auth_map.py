"""What an `aws-auth` ConfigMap means: who gets in by it, and which rows are not ours to touch.

The meaning is the authenticator's (kubernetes-sigs/aws-iam-authenticator, pkg/mapper and
pkg/server), not a tidier one.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from policies.documents.auth_rows import (
    MAP_ACCOUNTS,
    MAP_ROLES,
    MAP_USERS,
    ROW_SECTIONS,
    SECTIONS,
    Entry,
    Row,
    Section,
    accounts,
    read,
    row_key,
)
from policies.documents.auth_text import Refused, Unreadable
from policies.documents.names import BadName
from policies.documents.wellknown import is_service_linked, known

LIMIT_BYTES = 1_048_576

_CLUSTER_GROUPS = {
    "system:nodes",
    "system:bootstrappers",
    "system:masters",
    "system:node-proxier",
    "eks:kube-proxy-windows",
}


class Guard(StrEnum):
    """Why a row is the cluster's own, in words that follow the row's ARN."""

    NODES = "Nodes join the cluster by it."
    GROUP = "It carries a group on which the cluster itself depends."
    SERVICE = "Its role is linked to an AWS service."
    NAME = "It carries a user name or group that belongs to the cluster itself."
    CREATOR = "It is the row of whoever created the cluster."
    NODE_ROLE = "Its role is named like one that the cluster itself brings."


class Answer(NamedTuple):
    """What the authenticator answers for a caller: by `via` (role, user or account)."""

    via: str
    username: str
    groups: tuple[str, ...]


def complaints(data: Mapping[str, str]) -> dict[str, str]:
    """Per data key, why the cluster ignores it: unreadable, or a section's name in other case."""
    found = {
        key: f"Written {key!r}, so the cluster ignores it: section names are case-sensitive."
        for key in data
        if key not in SECTIONS and key.lower() in {name.lower() for name in SECTIONS}
    }
    for name in SECTIONS:
        try:
            accounts(data) if name == MAP_ACCOUNTS else read(data.get(name, ""), name)
        except Unreadable as error:
            found[name] = error.why
    return found


def effective(data: Mapping[str, str]) -> dict[str, Answer]:
    """Lower-cased stored ARN → answer. The last duplicate wins alone; roles go before users.

    A section that the cluster drops gives nothing. Rows whose ARN no caller can have (a role
    path, a wildcard) are there under that ARN. `mapUsers` duplicates that differ in case are
    won by chance in the real thing; here by the last.
    """
    found: dict[str, Answer] = {}
    for name, via in ((MAP_USERS, "user"), (MAP_ROLES, "role")):
        for entry in _readable(data, name):
            if entry.row is not None:
                row = entry.row
                found[row.arn.lower()] = Answer(via, row.username, row.groups)
    return found


def _readable(data: Mapping[str, str], name: str) -> tuple[Entry, ...]:
    text = data.get(name, "")
    return () if name in complaints({name: text}) else read(text, name).entries


def lookup(data: Mapping[str, str], arn: str) -> Answer | None:
    """What the authenticator answers a caller with this canonical ARN; None is access denied."""
    answer = effective(data).get(arn.lower())
    if answer is None and MAP_ACCOUNTS not in complaints(data):
        account = arn.split(":")[4] if arn.count(":") >= 5 else ""
        answer = Answer("account", arn, ()) if account in accounts(data) else None
    return answer


def protected(row: Row) -> Guard | None:
    """Why this row may not be written, changed or removed here (nodes, AWS, admins), or None."""
    if row.username.lower().startswith("system:node:"):
        return Guard.NODES
    if _CLUSTER_GROUPS.intersection(row.groups):
        return Guard.GROUP
    if is_service_linked(row.arn):
        return Guard.SERVICE
    return None


def untouchable(row: Row) -> Guard | None:
    """Why not even an administrator removes this foreign row from here, or None.

    More than `protected`: what was never ours is judged by its looks as well.
    """
    if found := protected(row):
        return found
    if row.username.lower() == "kubernetes-admin":
        return Guard.CREATOR
    if any(name.lower().startswith(("system:", "eks:")) for name in (row.username, *row.groups)):
        return Guard.NAME
    return Guard.NODE_ROLE if known(row.arn, row.username, row.groups) else None


def row_text(username: str, groups: Iterable[str]) -> str:
    """A row's canonical text: JSON, groups sorted and unique (their order means nothing)."""
    return json.dumps({"groups": sorted(set(groups)), "username": username}, separators=(",", ":"))


def readable_rows(data: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Refused]]:
    """`rows_state` of each section of rows that can be read, and why the others cannot."""
    state: dict[str, str] = {}
    broken = {}
    for name in ROW_SECTIONS:
        try:
            state |= rows_state(data, [name])
        except Refused as error:
            broken[name] = error
    return state, broken


def rows_state(data: Mapping[str, str], sections: Iterable[str] = SECTIONS) -> dict[str, str]:
    """Everything in these sections, as key → canonical text.

    `role:`/`user:` and the lower-cased path-less ARN for the row that takes effect (row_text);
    `account:NUMBER` for an admitted account; `~<hash>#n` and the source text for what maps
    nobody, can never match or is shadowed by a later row. Raises Unreadable.
    """
    found: dict[str, str] = {}
    strange: Counter[str] = Counter()
    for name in sections:
        if name == MAP_ACCOUNTS:
            found |= {f"account:{number}": number for number in accounts(data)}
            continue
        section = read(data.get(name, ""), name)
        for entry in section.entries:
            row = entry.row
            if row is not None and takes_effect(section, entry, row):
                found[row.key] = row_text(row.username, row.groups)
                continue
            digest = hashlib.sha256(entry.raw.encode()).hexdigest()[:12]
            strange[digest] += 1
            found[f"~{digest}#{strange[digest]}"] = entry.raw
    return found


def takes_effect(section: Section, entry: Entry, row: Row) -> bool:
    """Whether a caller can surely get in by this very entry: no path, no later duplicate."""
    namesakes = section.by_key[row.key]
    spellings = {e.row.arn for e in namesakes if e.row is not None}
    by_chance = section.name == MAP_USERS and len(spellings) > 1
    try:
        natural = row_key(row.arn) == row.key
    except BadName:
        natural = False
    return natural and not by_chance and namesakes[-1] is entry


def size_bytes(data: Mapping[str, str]) -> int:
    """What counts towards LIMIT_BYTES: the values in UTF-8, without the keys (kube-apiserver)."""
    return sum(len(value.encode()) for value in data.values())
