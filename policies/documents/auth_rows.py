"""The rows of `aws-auth` sections, each with its place in the text.

Rows are what the authenticator makes of the text (kubernetes-sigs/aws-iam-authenticator,
pkg/mapper/configmap): an entry it half understands is half understood here as well.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from policies.documents.auth_text import Node, Unreadable, compose, scalar_type
from policies.documents.names import auth_map_arn

MAP_ROLES, MAP_USERS, MAP_ACCOUNTS = SECTIONS = ("mapRoles", "mapUsers", "mapAccounts")
ROW_SECTIONS = (MAP_ROLES, MAP_USERS)

_PREFIX = {MAP_ROLES: "role:", MAP_USERS: "user:"}
ARN_KEY = {MAP_ROLES: "rolearn", MAP_USERS: "userarn"}
EMPTY = {"", "''", '""', "``"}
_DASH = re.compile("(?:[\\s\ufeff]|#[^\r\n\x85\u2028\u2029]*)*-")


@dataclass(frozen=True)
class Row:
    """One mapping as the authenticator keeps it; `extra` is other keys' source text."""

    section: str
    arn: str
    username: str
    groups: tuple[str, ...]
    extra: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`role:` or `user:` and the lower-cased ARN as stored (ARNs match in any case)."""
        return _PREFIX[self.section] + self.arn.lower()


@dataclass(frozen=True)
class Entry:
    """A list item in its text. `row` is None where it maps nobody; `problem` says what is odd.

    `start` is its dash in block style, else its first character; `end` is after its last one.
    """

    row: Row | None
    problem: str
    node: Node
    start: int
    end: int
    raw: str


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
        row, problem = _row(name, text, node)
        yield Entry(row, problem, node, start, end, text[start:end])


def _row(name: str, text: str, node: Node) -> tuple[Row | None, str]:
    entry, problems = node.target, list[str]()
    arn, username, groups, sso = "", "", tuple[str, ...](), False
    if entry.kind != "mapping":
        return None, "It is not a mapping."
    # Go's JSON reader matches keys in any case, and keys arrive sorted: the last one wins.
    for key, value in sorted(_fields(entry).items()):
        match key.casefold():
            case "username":
                username = _text(key, value, username, problems)
            case "groups":
                groups = _groups(value, groups, problems)
            case "sso" if name == MAP_ROLES:
                sso = not (value.kind == "scalar" and scalar_type(value) == "null")
            case folded if folded == ARN_KEY[name]:
                arn = _text(key, value, arn, problems)
    if not arn and not sso:
        problems.append(f"It has no {ARN_KEY[name]}.")
    if arn and sso:
        problems.append("It has both rolearn and sso.")
    foreign = foreign_pairs(name, entry)
    extra = tuple(text[key.start : max(key.end, value.end)] for key, value in foreign)
    row = Row(name, arn, username, groups, extra)
    return (row if arn and not sso else None), " ".join(problems)


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
