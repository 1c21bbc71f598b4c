"""One `aws-auth` section as text with places: a YAML tree that knows where each part stands.

The cluster reads a section with Go's yaml.v2, a port of libyaml, and turns it into JSON
(sigs.k8s.io/yaml). PyYAML's libyaml binding gives the same events; what follows them
(1.1 scalar types, keys, anchors) is done here as Go does it, never by PyYAML's own types.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any, Literal

import yaml

BOM = "\ufeff"
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50

_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {
    spelling
    for word in ("y", "n", "yes", "no", "true", "false", "on", "off")
    for spelling in (word, word.capitalize(), word.upper())
}
_NOT_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?", re.ASCII)
_BASED = re.compile(r"[-+]?0(?:[xX][0-9a-fA-F]+|[bB][01]+|[oO][0-7]+)", re.ASCII)
_TAGS = {
    None,
    "tag:yaml.org,2002:str",
    "tag:yaml.org,2002:seq",
    "tag:yaml.org,2002:map",
}


class Refused(ValueError):
    """A text that is not edited: `why`, and the `remedy` a person has. Nothing was changed."""

    def __init__(self, why: str, remedy: str) -> None:
        super().__init__(f"{why} {remedy}")
        self.why = why
        self.remedy = remedy


class TooLong(Refused):
    """The text would be longer than Kubernetes allows."""


class Unreadable(Refused):
    """A section that the cluster drops whole, or that cannot be read beyond doubt."""

    def __init__(self, why: str) -> None:
        super().__init__(why, "Mend this part of aws-auth by hand; until then it is left alone.")


@dataclass(slots=True)
class Node:
    """A part of the text: `start` to `end` (end without trailing comments or line breaks).

    A mapping's children are key, value, key, value …; an alias's only child is its target.
    """

    kind: Literal["scalar", "sequence", "mapping", "alias"]
    start: int
    end: int = 0
    value: str = ""
    plain: bool = False
    flow: bool = False
    anchor: str = ""
    tag: str = ""
    children: "list[Node]" = field(default_factory=list)

    @property
    def target(self) -> "Node":
        """The node itself, or what it is an alias of."""
        return self.children[0] if self.kind == "alias" else self

    @property
    def pairs(self) -> "list[tuple[Node, Node]]":
        """A mapping's keys and values in the order of the text."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    @property
    def content(self) -> tuple[object, ...]:
        """What it says, apart from where it stands; aliases by name, never expanded."""
        inside = () if self.kind == "alias" else tuple(c.content for c in self.children)
        return (self.kind, self.value, self.plain, self.anchor, self.tag, inside)

    @property
    def shared(self) -> bool:
        """Whether an anchor or alias stands on or inside this part."""
        if self.anchor or self.kind == "alias":
            return True
        return any(child.shared for child in self.children)


def scalar_type(node: Node) -> Literal["text", "null", "other"]:
    """How Go's yaml.v2 types a scalar (resolve.go): only plain ones are anything but text."""
    if not node.plain:
        return "text"
    if node.value in _NULLS:
        return "null"
    return "other" if node.value in _BOOLS or _is_number(node.value) else "text"


def _is_number(value: str) -> bool:
    if _NOT_JSON.fullmatch(value):
        return True
    digits = value.replace("_", "") if value[0] in "+-0123456789" else value
    if _BASED.fullmatch(digits):
        return -(2**63) <= int(digits, 0) < 2**64
    return bool(_FLOAT.fullmatch(digits)) and math.isfinite(float(digits))


def compose(text: str, loader: Any = LOADER) -> tuple[Node | None, bool]:
    """The first document's tree (None when there is none), and whether the text goes on.

    It goes on when `...` or a second document follows, which the cluster ignores.
    Raises Unreadable, saying the line.
    """
    shift = 1 if text.startswith(BOM) else 0
    builder = _Builder(text, shift)
    try:
        for event in yaml.parse(text[shift:], Loader=loader):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Unreadable(f"It is not YAML: {line}{error.problem}.") from error
    except (yaml.YAMLError, UnicodeError) as error:
        raise Unreadable(f"It is not YAML: {error}.") from error
    return builder.root, builder.goes_on


class _Builder:
    """Events into one tree, without recursion, so that deep nesting costs nothing."""

    def __init__(self, text: str, shift: int) -> None:
        self.text = text
        self.shift = shift
        self.root: Node | None = None
        self.goes_on = False
        self.documents = 0
        self.open: list[Node] = []
        self.anchors: dict[str, Node] = {}
        self.last = 0

    def feed(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            self.goes_on = self.goes_on or self.documents > 1
            self.anchors = {}
        elif isinstance(event, yaml.DocumentEndEvent):
            self.goes_on = self.goes_on or bool(event.explicit)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close(event)
        elif isinstance(event, yaml.NodeEvent):
            self._open(event)

    def _open(self, event: Any) -> None:
        node = self._node(event)
        if self.open:
            self.open[-1].children.append(node)
        elif self.documents == 1:
            self.root = node
        if node.anchor:
            self.anchors[node.anchor] = node
        if isinstance(event, yaml.CollectionStartEvent):
            self.open.append(node)
            if len(self.open) > DEEPEST:
                raise Unreadable(f"It is nested more than {DEEPEST} deep.")

    def _node(self, event: Any) -> Node:
        start, end = (
            event.start_mark.index + self.shift,
            event.end_mark.index + self.shift,
        )
        if isinstance(event, yaml.AliasEvent):
            self.last = end
            name = event.anchor or ""
            return Node("alias", start, end, name, children=[self._target(name)])
        if event.tag not in _TAGS:
            raise Unreadable(f"It uses the YAML tag {event.tag}, which is not interpreted here.")
        if isinstance(event, yaml.ScalarEvent):
            if event.style in ("|", ">"):
                end = start + len(self.text[start:end].rstrip())
            self.last = end
            node = Node("scalar", start, end, event.value, plain=event.implicit[0])
            if node.plain and _NOT_JSON.fullmatch(node.value):
                raise Unreadable(f"It holds the number {node.value}, which JSON cannot.")
        else:
            kind: Any = "sequence" if isinstance(event, yaml.SequenceStartEvent) else "mapping"
            node = Node(kind, start, flow=bool(event.flow_style))
        node.anchor, node.tag = event.anchor or "", event.tag or ""
        return node

    def _target(self, anchor: str) -> Node:
        target = self.anchors.get(anchor)
        if target is None:
            raise Unreadable(f"The alias *{anchor} has no anchor.")
        if any(target is node for node in self.open):
            raise Unreadable(f"The anchor &{anchor} contains itself.")
        return target

    def _close(self, event: Any) -> None:
        node = self.open.pop()
        if node.flow:
            self.last = event.end_mark.index + self.shift
        node.end = self.last
        if node.kind == "mapping":
            for key, _ in node.pairs:
                _check_key(key.target)


def _check_key(key: Node) -> None:
    if key.kind != "scalar":
        raise Unreadable("A key is itself a mapping or list, such as {{SessionName}} unquoted.")
    if scalar_type(key) == "null":
        raise Unreadable("A key is empty.")
