"""What a value may look like, declared; and one way to read any of it from the tree.

Reading never stops at the first mistake: every problem is noted with its place, and what
could not be read is left out of the values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from policies.access.catalogue.file import Items, Keys, Node, Scalar
from policies.access.catalogue.problems import Mark, Problem, guess, listed
from policies.access.catalogue.words import Parse, Wrong

Values = dict[str, Any]


class _Unread:
    """Stands for a value whose problem has been noted already."""


UNREAD = _Unread()


@dataclass(frozen=True)
class Reference:
    """A value that names an entry of another section, here or in the database."""

    section: str
    key: str
    mark: Mark
    present: bool


@dataclass
class Reading:
    """What was found in one entry. `marks`: the place of every value by its path (`owners.0`)."""

    problems: list[Problem]
    marks: dict[str, Mark] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)

    def wrong(self, mark: Mark, what: str, remedy: str) -> _Unread:
        self.problems.append(Problem(mark, what, remedy))
        return UNREAD


class Shape(Protocol):
    def read(self, node: Node, reading: Reading, path: str) -> Any:
        """The value, or UNREAD with the problem noted in `reading`."""


@dataclass(frozen=True)
class Value:
    """One scalar. `blank`: what nothing (`null`) means; without it, nothing is refused.

    `refers`: the section whose keys it names; `present`: that person has to work here.
    """

    parse: Parse
    blank: Any = UNREAD
    refers: str = ""
    present: bool = False

    def read(self, node: Node, reading: Reading, path: str) -> Any:
        if not isinstance(node, Scalar):
            return reading.wrong(
                node.mark, f"“{path}” takes one value, not a list or keys.", "Write one value."
            )
        if node.is_blank:
            if self.blank is UNREAD:
                return reading.wrong(node.mark, f"“{path}” has no value.", "Write one.")
            return self.blank
        try:
            value = self.parse(node.text)
        except Wrong as error:
            return reading.wrong(node.mark, f"“{path}”: {error.what}", error.remedy)
        if self.refers:
            reading.references.append(Reference(self.refers, str(value), node.mark, self.present))
        return value


@dataclass(frozen=True)
class ListOf:
    """A list of one shape. `ordered`: the order says something, so it is kept."""

    item: Shape
    least: int = 0
    most: int = 10_000
    ordered: bool = False

    def read(self, node: Node, reading: Reading, path: str) -> Any:
        if isinstance(node, Scalar) and node.is_blank:
            node = Items(node.mark, ())
        if not isinstance(node, Items):
            return reading.wrong(node.mark, f"“{path}” takes a list.", "Write it like [one, two].")
        values: list[Any] = []
        for index, one in enumerate(node.nodes):
            reading.marks[f"{path}.{index}"] = one.mark
            value = self.item.read(one, reading, f"{path}.{index}")
            if value is not UNREAD and value in values:
                reading.wrong(one.mark, f"“{path}” holds the same twice.", "Keep one.")
            values.append(value)
        if UNREAD in values:
            return UNREAD
        if not self.least <= len(values) <= self.most:
            bounds = f"{self.least}" if self.least == self.most else f"at least {self.least}"
            return reading.wrong(
                node.mark, f"“{path}” has {len(values)} entries.", f"Write {bounds}."
            )
        return values if self.ordered else _sorted(values)


def _sorted(values: list[Any]) -> list[Any]:
    return sorted(values) if all(isinstance(one, str) for one in values) else values


@dataclass(frozen=True)
class Field:
    """`rule`: the rulebook subject this field belongs to; empty for facts.

    `default` is what a new entry has when the field is left out. `shape` may be a table:
    then the sibling named `by` chooses.
    """

    name: str
    shape: Shape | Mapping[str, Shape]
    required: bool = False
    default: Any = None
    rule: str = ""
    by: str = ""

    def chosen(self, values: Values) -> Shape | None:
        """The shape that goes with the siblings read so far; None when they do not tell."""
        if isinstance(self.shape, Mapping):
            return self.shape.get(str(values.get(self.by)))
        return self.shape


@dataclass(frozen=True)
class Record:
    """Keys with a shape each. With `ended: true` among them nothing else is required."""

    fields: tuple[Field, ...]
    defaults: bool = False

    def read(self, node: Node, reading: Reading, path: str) -> Any:
        if not isinstance(node, Keys):
            return reading.wrong(
                node.mark,
                f"“{path or 'this entry'}” takes keys.",
                f"Write keys of: {listed(one.name for one in self.fields)}.",
            )
        before = len(reading.problems)
        values = {**self._defaults(), **self._values(node, reading, path)}
        self._unknown(node, reading, path)
        self._missing(node, values, reading, path)
        return values if path == "" or len(reading.problems) == before else UNREAD

    def _values(self, node: Keys, reading: Reading, path: str) -> Values:
        values: Values = {}
        for one in self.fields:
            shape = one.chosen(values)
            if one.name not in node.nodes or shape is None:
                continue
            inner = f"{path}.{one.name}".lstrip(".")
            reading.marks[inner] = node.nodes[one.name].mark
            value = shape.read(node.nodes[one.name], reading, inner)
            if value is not UNREAD:
                values[one.name] = value
        return values

    def _defaults(self) -> Values:
        """Inner records are always whole; entries keep to what was given."""
        if not self.defaults:
            return {}
        return {one.name: one.default for one in self.fields if not one.required}

    def _unknown(self, node: Keys, reading: Reading, path: str) -> None:
        known = [one.name for one in self.fields]
        for name in node.nodes:
            if name not in known:
                reading.wrong(
                    node.marks[name],
                    f"“{name[:80]}” is not a key of {path or 'this entry'}.{guess(name, known)}",
                    f"Known are: {listed(known)}.",
                )

    def _missing(self, node: Keys, values: Values, reading: Reading, path: str) -> None:
        if values.get("ended") is True:
            return
        for one in self.fields:
            if one.required and one.name not in node.nodes:
                reading.wrong(node.mark, f"“{one.name}” is missing here.", "Add it.")
