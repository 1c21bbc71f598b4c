"""The rows of `aws-auth` sections, each with its place in the text.

Rows are what the authenticator makes of the text (kubernetes-sigs/aws-iam-authenticator,
pkg/mapper/configmap): an entry it half understands is half understood here as well.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from policies.documents.auth_text import Node, Refused, Unreadable, compose, scalar_type
from policies.documents.names import auth_map_arn

MAP_ROLES, MAP_USERS, MAP_ACCOUNTS = SECTIONS = ("mapRoles", "mapUsers", "mapAccounts")
ROW_SECTIONS = (MAP_ROLES, MAP_USERS)

PREFIX = {MAP_ROLES: "role:", MAP_USERS: "user:"}
ARN_KEY = {MAP_ROLES: "rolearn", MAP_USERS: "userarn"}
EMPTY = {"", "''", '""', "``"}
_DASH = re.compile("(?:[\\s\ufeff]|#[^\r\n\x85\u2028\u2029]*)*-")


@dataclass(frozen=True)
class Row:
    """One mapping as the authenticator keeps it; `extra` is other keys' source text.

    `source`, where there is one, is the text the row once stood in, to be written again.
    """

    section: str
    arn: str
    username: str
    groups: tuple[str, ...]
    extra: tuple[str, ...] = ()
    source: str = field(default="", compare=False)

    @property
    def key(self) -> str:
        """`role:` or `user:` and the lower-cased ARN as stored (ARNs match in any case)."""
        return PREFIX[self.section] + self.arn.lower()


@dataclass(frozen=True)
class Entry:
    """A list item in its text. `row` is None where it maps nobody; `problem` says what is odd.

    `sso` is the pattern of the role ARNs that it maps by its permission set, if it does.
    `start` is its dash in block style, else its first character; `end` is after its last one.
    """

    row: Row | None
    problem: str
    node: Node
    start: int
    end: int
    raw: str
    sso: str = ""

    def maps_by_sso(self, arn: str) -> bool:
        return bool(self.sso) and re.fullmatch(self.sso, arn.lower()) is not None


@dataclass(frozen=True)
class Section:
    """A readable section: its entries in order, and `lock`, why its text must not be edited."""

    name: str
    text: str
    root: Node | None
    entries: tuple[Entry, ...]
    lock: str = ""
    by_key: dict[str, list[Entry]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        by_key: dict[str, list[Entry]] = {}
        for entry in self.entries:
            if entry.row is not None:
                by_key.setdefault(entry.row.key, []).append(entry)
        object.__setattr__(self, "by_key", by_key)


def wanted_row(arn: str, username: str, groups: Iterable[str]) -> Row:
    """A row to write: path-less ARN, its section, groups sorted and unique. Raises BadName."""
    written = auth_map_arn(arn)
    section = MAP_ROLES if ":role/" in written else MAP_USERS
    return Row(section, written, username, tuple(sorted(set(groups))))


def section_of(key: str) -> str:
    """The section of a row's key. Raises Refused for a key of something else."""
    for name, prefix in PREFIX.items():
        if key.startswith(prefix):
            return name
    raise Refused(
        f"{key!r} names no row that can be changed.", "Use the key of a role's or user's row."
    )


def stand_alone(key: str, text: str) -> Entry | None:
    """The entry of this key that a row's own text is, read by itself; None when it is not one."""
    try:
        section = read(f"[{text}]" if text.startswith("{") else f"{text}\n", section_of(key))
    except Refused:
        return None
    if len(section.entries) != 1 or section.lock:
        return None
    entry = section.entries[0]
    fits = entry.row is not None and entry.row.key == key and not entry.node.shared
    return entry if fits else None


def row_key(arn: str) -> str:
    """`role:` or `user:` and the lower-cased path-less ARN. Raises BadName."""
    return wanted_row(arn.lower(), "", ()).key


@lru_cache(maxsize=4)
def read(text: str, name: str = MAP_ROLES) -> Section:
    """`mapRoles` or `mapUsers` as the authenticator understands it.

    Raises Unreadable when the cluster would drop the section whole (broken YAML, not a list).
    """
    if text in EMPTY:
        return Section(name, text, None, ())
    root, goes_on = compose(text)
    lock = "More than one YAML document, or an end marker, stands in it." if goes_on else ""
    if root is None or (root.kind == "scalar" and scalar_type(root) == "null"):
        return Section(name, text, root, (), lock)
    if root.kind != "sequence":
        raise Unreadable("It is not a list, so the cluster ignores it whole.")
    if root.anchor or root.tag:
        lock = "The list as a whole carries an anchor or a tag."
    return Section(name, text, root, tuple(_entries(name, text, root, bool(lock))), lock)


def _entries(name: str, text: str, root: Node, locked: bool) -> Iterable[Entry]:
    gap = root.start
    for node in root.children:
        start = node.start
        if not (root.flow or locked):
            dash = _DASH.match(text, gap)
            if dash is None:
                raise Unreadable("The dash of a list item was not found.")
            start = dash.end() - 1
        end = gap = max(node.end, start + (not root.flow))
        row, problem, sso = _row(name, text, node)
        yield Entry(row, problem, node, start, end, text[start:end], sso)


def _row(name: str, text: str, node: Node) -> tuple[Row | None, str, str]:
    """The row, what is odd about it, and the ARNs it maps by a permission set instead."""
    entry, problems = node.target, list[str]()
    arn, username, groups, sso = "", "", tuple[str, ...](), None
    if entry.kind != "mapping":
        return None, "It is not a mapping.", ""
    # Go's JSON reader matches keys in any case, and keys arrive sorted: the last one wins.
    for key, value in sorted(_fields(entry).items()):
        match key.casefold():
            case "username":
                username = _text(key, value, username, problems)
            case "groups":
                groups = _groups(value, groups, problems)
            case "sso" if name == MAP_ROLES:
                sso = None if value.kind == "scalar" and scalar_type(value) == "null" else value
            case folded if folded == ARN_KEY[name]:
                arn = _text(key, value, arn, problems)
    if not arn and sso is None:
        problems.append(f"It has no {ARN_KEY[name]}.")
    if arn and sso is not None:
        problems.append("It has both rolearn and sso.")
    foreign = foreign_pairs(name, entry)
    extra = tuple(text[key.start : max(key.end, value.end)] for key, value in foreign)
    if sso is not None:
        return None, " ".join(problems), "" if arn else _sso_pattern(sso)
    row = Row(name, arn, username, groups, extra) if arn else None
    return row, " ".join(problems), ""


def _sso_pattern(sso: Node) -> str:
    """The role ARNs of an `sso` block, lower-cased. Whether the cluster heeds it is unknown."""
    if sso.kind != "mapping":
        return ""
    said = {key.casefold(): value.value for key, value in _fields(sso).items()}
    name, account = said.get("permissionsetname", ""), said.get("accountid", "")
    head = f"arn:{said.get('partition') or 'aws'}:iam::{account}:role/awsreservedsso_{name}_"
    return re.escape(head.lower()) + "[0-9a-z]+" if name and account else ""


def _fields(mapping: Node) -> dict[str, Node]:
    """Keys and values as Go's yaml.v2 merges them: in order, the last one wins."""
    found: dict[str, Node] = {}
    for key, value in mapping.pairs:
        if key.plain and key.value == "<<":
            for source in _merged(value.target):
                found |= _fields(source)
        else:
            found[key.target.value] = value.target
    return found


def _merged(value: Node) -> list[Node]:
    sources = [child.target for child in reversed(value.children)]
    sources = [value] if value.kind == "mapping" else sources
    if value.kind == "scalar" or any(source.kind != "mapping" for source in sources):
        raise Unreadable("A merge key << does not name a mapping.")
    return sources


def _text(key: str, value: Node, before: str, problems: list[str]) -> str:
    """A string field as Go's JSON reader sets it: null and other types leave what was there."""
    kind = scalar_type(value) if value.kind == "scalar" else "other"
    if kind == "other":
        problems.append(f"Its {key} is not text.")
    return value.value if kind == "text" else before


def _groups(value: Node, before: tuple[str, ...], problems: list[str]) -> tuple[str, ...]:
    if value.kind == "sequence":
        return tuple(_text("group", item.target, "", problems) for item in value.children)
    if value.kind == "scalar" and scalar_type(value) == "null":
        return ()
    problems.append("Its groups are not a list.")
    return before


def foreign_pairs(name: str, mapping: Node) -> list[tuple[Node, Node]]:
    """The keys and values of an entry that are neither its ARN nor username nor groups."""
    ours = {ARN_KEY[name], "username", "groups"}
    return [pair for pair in mapping.pairs if pair[0].target.value.casefold() not in ours]


def accounts(data: Mapping[str, str]) -> tuple[str, ...]:
    """The accounts of `mapAccounts`, as text: every principal of theirs gets in, groupless.

    Raises Unreadable where the cluster would drop the section.
    """
    text = data.get(MAP_ACCOUNTS, "")
    root = None if text in EMPTY else compose(text)[0]
    if root is None or (root.kind == "scalar" and scalar_type(root) == "null"):
        return ()
    if root.kind != "sequence" or any(c.target.kind != "scalar" for c in root.children):
        raise Unreadable("It is not a list of account numbers.")
    return tuple(child.target.value for child in root.children)
