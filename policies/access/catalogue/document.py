"""One catalogue file, read and checked by itself: its entries, and what they refer to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from policies.access.catalogue import file, schema
from policies.access.catalogue.file import Items, Keys, Node, Scalar
from policies.access.catalogue.problems import BadCatalogue, Mark, Problem, guess, listed
from policies.access.catalogue.schema import SECTIONS, Section
from policies.access.catalogue.shapes import Reading, Reference, Values


@dataclass(frozen=True)
class Entry:
    """One entry. `values` holds only what was written; `at` finds where a value stands."""

    section: Section
    key: str
    values: Values
    mark: Mark
    marks: dict[str, Mark] = field(compare=False)

    def at(self, path: str = "") -> Mark:
        """The place of a value by its path, or of what encloses it."""
        while path:
            if path in self.marks:
                return self.marks[path]
            path = path.rpartition(".")[0]
        return self.mark

    @property
    def is_ended(self) -> bool:
        return bool(self.values.get("ended"))

    def wrong(self, path: str, what: str, remedy: str) -> Problem:
        return Problem(self.at(path), what, remedy)


@dataclass(frozen=True)
class Document:
    entries: dict[str, dict[str, Entry]]
    references: tuple[Reference, ...]

    def __iter__(self) -> Iterator[Entry]:
        for section in self.entries.values():
            yield from section.values()

    def section(self, name: str) -> dict[str, Entry]:
        return self.entries.get(name, {})


def read(data: bytes) -> Document:
    """The entries of a file. Raises BadCatalogue with everything that is wrong in it."""
    root = file.read(data)
    found = _Found()
    found.head(root)
    for section in SECTIONS.values():
        if section.name in root.nodes:
            found.take(section, root.nodes[section.name])
    if found.problems:
        raise BadCatalogue(found.problems)
    return Document(found.entries, tuple(found.references))


@dataclass
class _Found:
    problems: list[Problem] = field(default_factory=list)
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)
    references: list[Reference] = field(default_factory=list)

    def wrong(self, mark: Mark, what: str, remedy: str) -> None:
        self.problems.append(Problem(mark, what, remedy))

    def head(self, root: Keys) -> None:
        known = ["version", *SECTIONS]
        for name, mark in root.marks.items():
            if name not in known:
                what = f"There is no section “{name[:80]}” in this version.{guess(name, known)}"
                self.wrong(mark, what, f"Known are: {listed(known)}.")
        version = root.nodes.get("version")
        if not isinstance(version, Scalar) or version.text != schema.VERSION:
            mark = version.mark if version else root.mark
            what = "The file does not say “version: 1”, the only version known here."
            self.wrong(mark, what, f"Write “version: {schema.VERSION}” at the top.")

    def take(self, section: Section, node: Node) -> None:
        if isinstance(node, Scalar) and node.is_blank:
            return
        if not isinstance(node, Items):
            what = f"“{section.name}” takes a list of entries."
            self.wrong(node.mark, what, f"Begin each entry with “- {section.key}: …”.")
            return
        for one in node.nodes:
            self._entry(section, one)

    def _entry(self, section: Section, node: Node) -> None:
        reading = Reading(self.problems)
        values: Any = section.record.read(node, reading, "")
        if not isinstance(values, dict) or section.key not in values:
            return
        entry = Entry(section, str(values[section.key]), values, node.mark, reading.marks)
        named = self.entries.setdefault(section.name, {})
        if entry.key in named:
            first = named[entry.key].mark.line
            what = f"The {section.one} “{entry.key}” is written twice; first on line {first}."
            self.wrong(entry.at(section.key), what, "Keep one of them.")
            return
        named[entry.key] = entry
        if not entry.is_ended:
            self.references.extend(reading.references)
