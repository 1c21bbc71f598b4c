"""How everything would be, were the file applied; so that checks need no writing."""

from dataclasses import dataclass, field

from policies.access.catalogue import difference
from policies.access.catalogue.document import Document
from policies.access.catalogue.shapes import Values
from policies.access.catalogue.state import Section, State


@dataclass(frozen=True)
class Outlook:
    """Section → key → whole entry, of the file and the database together."""

    document: Document
    state: State
    sections: dict[str, Section]
    _same: dict[tuple[str, str], dict[object, list[str]]] = field(default_factory=dict)

    def get(self, section: str, key: object) -> Values:
        """The entry, empty when there is none."""
        return self.sections[section].get(str(key), {})

    def having(self, section: str, path: str, value: object) -> list[str]:
        """Keys of the entries with this value at `path` (`eks_user.username`)."""
        if (section, path) not in self._same:
            index: dict[object, list[str]] = {}
            for key, one in self.sections[section].items():
                index.setdefault(_at(one, path), []).append(key)
            self._same[section, path] = index
        return self._same[section, path].get(value, [])


def look(document: Document, state: State) -> Outlook:
    sections = {name: dict(known) for name, known in state.items()}
    for entry in document:
        section, before = sections[entry.section.name], difference.before_of(entry, state)
        if before is not None:
            section.pop(before[entry.section.key], None)
        if not entry.is_ended:
            section[entry.key] = difference.whole(entry, document, state)
    return Outlook(document, state, sections)


def _at(one: Values, path: str) -> object:
    name, _dot, rest = path.partition(".")
    value = one[name]
    return _at(value or {rest: None}, rest) if rest else value
