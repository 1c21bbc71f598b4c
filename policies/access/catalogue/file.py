"""Bytes to a tree of text with line numbers: the small, safe part of YAML that we read.

The parser's events are read one by one, so no YAML object is ever made: no aliases, no
anchors, no tags, no second document, no duplicate keys. Every scalar stays the text that was
written (an account number keeps its leading zero, `no` stays a word); what it means is the
schema's to say. Event grammar: https://yaml.org/spec/1.1/ , PyYAML `yaml.parse`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events

from policies.access.catalogue.problems import BadCatalogue, Mark, Problem

LARGEST = 8 * 1024 * 1024  # bytes: about thirty thousand people
DEEPEST = 8

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Everything but YAML's printable characters (https://yaml.org/spec/1.1/#c-printable).
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANK = {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True)
class Scalar:
    """`plain`: written without quotes, so that `null` may mean nothing."""

    mark: Mark
    text: str
    plain: bool = False

    @property
    def is_blank(self) -> bool:
        return self.plain and self.text in _BLANK


@dataclass(frozen=True)
class Items:
    mark: Mark
    nodes: tuple["Node", ...]


@dataclass(frozen=True)
class Keys:
    """A mapping; `marks` says where each key itself is written."""

    mark: Mark
    nodes: dict[str, "Node"]
    marks: dict[str, Mark]


Node = Scalar | Items | Keys


def read(data: bytes) -> Keys:
    """The tree of one catalogue file. Raises BadCatalogue."""
    if len(data) > LARGEST:
        what = f"The file is larger than {LARGEST // (1024 * 1024)} MiB."
        raise BadCatalogue([Problem(Mark(1, 1), what, "Split it; each part is applied alone.")])
    builder = _Builder(_text(data))
    try:
        root = builder.document()
    except yaml.YAMLError as error:
        raise BadCatalogue([*builder.problems, _syntax(error)]) from error
    if builder.problems:
        raise BadCatalogue(builder.problems)
    if not isinstance(root, Keys):
        mark = root.mark if root else Mark(1, 1)
        what = "The file is empty." if root is None else "The file is not a list of sections."
        raise BadCatalogue([Problem(mark, what, "Begin with the line “version: 1”.")])
    return root


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        mark = _place(data[: error.start].decode("utf-8-sig"))
        problem = Problem(mark, "This is not UTF-8 text.", "Save the file as UTF-8.")
        raise BadCatalogue([problem]) from error
    strange = _UNPRINTABLE.search(text)
    if strange is not None:
        what = f"The character U+{ord(strange[0]):04X} cannot be printed."
        raise BadCatalogue([Problem(_place(text[: strange.start()]), what, "Remove it.")])
    return text


def _place(before: str) -> Mark:
    """The place that comes after the text `before`."""
    return Mark(before.count("\n") + 1, len(before.rsplit("\n", 1)[-1]) + 1)


def _syntax(error: yaml.YAMLError) -> Problem:
    remedy = "Correct the YAML here; quotes around a text with “: ” or “#” in it often help."
    mark = getattr(error, "problem_mark", None)
    what = f"This is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}."
    return Problem(_mark(mark) if mark else Mark(1, 1), what, remedy)


def _mark(mark: Any) -> Mark:
    """Ours from PyYAML’s, which counts from 0 and has two classes for it."""
    return Mark(mark.line + 1, mark.column + 1)


class _Builder:
    """Builds the tree from events, noting what is forbidden on the way."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self._events: Iterator[events.Event] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, events.DocumentStartEvent):
                if root is not None:
                    self._wrong(event, "A second document begins here.", "Write one file each.")
                    return root
                root = self._node(next(self._events), 1)
        return root

    def _node(self, event: events.Event, depth: int) -> Node:
        mark = _mark(event.start_mark)
        self._check(event)
        if isinstance(event, events.ScalarEvent):
            return Scalar(mark, event.value, bool(event.implicit[0]))
        if isinstance(event, events.AliasEvent):
            return Scalar(mark, "")
        if depth > DEEPEST:
            what = f"This is nested more than {DEEPEST} levels deep."
            problem = Problem(mark, what, "A catalogue is flat: sections, entries, their fields.")
            raise BadCatalogue([*self.problems, problem])
        if isinstance(event, events.SequenceStartEvent):
            return Items(mark, tuple(self._items(depth)))
        return self._keys(mark, depth)

    def _items(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, events.SequenceEndEvent):
                return
            yield self._node(event, depth + 1)

    def _keys(self, mark: Mark, depth: int) -> Keys:
        keys = Keys(mark, {}, {})
        for event in self._events:
            if isinstance(event, events.MappingEndEvent):
                break
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar):
                self._wrong(event, "A key is a list or a mapping.", "Write a plain word.")
            elif key.text in keys.nodes:
                first = keys.marks[key.text].line
                what = f"“{key.text}” is written twice; first on line {first}."
                self._wrong(event, what, "Keep one of them.")
            else:
                keys.nodes[key.text] = value
                keys.marks[key.text] = key.mark
        return keys

    def _check(self, event: events.Event) -> None:
        if isinstance(event, events.AliasEvent) or getattr(event, "anchor", None):
            self._wrong(event, "Anchors and aliases (& and *) are refused.", "Write it out.")
        if getattr(event, "tag", None):
            what = f"The tag “{getattr(event, 'tag', '')}” is refused."
            self._wrong(event, what, "Write the plain value; text that begins with ! needs quotes.")

    def _wrong(self, event: events.Event, what: str, remedy: str) -> None:
        self.problems.append(Problem(_mark(event.start_mark), what, remedy))
