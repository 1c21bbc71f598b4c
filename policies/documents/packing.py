"""Statements spread over policy documents: number 0 is the inline one, then managed ones.

What already stands in a document stays there as long as it fits; the rest goes, in the order it
came, into the first document with room. So adding a statement changes one document, taking one
out changes one document, and nobody's access moves because of somebody else's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.documents import iam
from policies.documents.iam import Statement

EMPTY = iam.size(iam.canonical(iam.document([])))


@dataclass
class _Document:
    """What one document holds so far, and how many characters of it count."""

    room: int
    is_first: bool
    used: int = EMPTY
    atoms: list[Statement] = field(default_factory=list)
    sids: set[str] = field(default_factory=set)

    def take(self, text: str, atom: Statement) -> bool:
        """Add it if it fits. An empty managed one takes anything: AWS says what is too big."""
        cost = self._cost(text, atom)
        if self.used + cost > self.room and (self.is_first or self.atoms):
            return False
        self.used += cost
        self.atoms.append(atom)
        self.sids.add(atom["Sid"])
        return True

    def _cost(self, text: str, atom: Statement) -> int:
        """A value more in a statement that is there, or a statement more."""
        if atom["Sid"] in self.sids:
            return iam.value_size(atom) + len(",")
        return iam.size(text) + (len(",") if self.atoms else 0)


def pack(
    atoms: Mapping[str, Statement],
    *,
    first: int,
    rest: int,
    most: int,
    earlier: Mapping[int, str] | None = None,
) -> dict[int, str]:
    """{number: canonical text} of the documents that hold all of `atoms` (see `iam.atoms`).

    `first` characters may stand in document 0, `rest` in each other one; `most` documents beside
    the first may be attached. `earlier`: what we last wrote under each number. Packed anew only
    where keeping things in place would take more than one document too many, or more than `most`.
    """
    kept = _fill(atoms, first, rest, earlier or {})
    if not earlier or len(kept) <= 1:
        return kept
    fresh = _fill(atoms, first, rest, {})
    too_many = len(kept) > len(fresh) + 1 or (_spilled(kept) > most >= _spilled(fresh))
    return fresh if too_many else kept


def _spilled(documents: Mapping[int, str]) -> int:
    return sum(number > 0 for number in documents)


def _fill(
    atoms: Mapping[str, Statement], first: int, rest: int, earlier: Mapping[int, str]
) -> dict[int, str]:
    documents: dict[int, _Document] = {}

    def document(number: int) -> _Document:
        empty = _Document(rest if number else first, is_first=number == 0)
        return documents.setdefault(number, empty)

    homes = {number: iam.atom_texts(text) for number, text in sorted(earlier.items())}
    homeless = []
    for text, atom in atoms.items():
        home = next((number for number, texts in homes.items() if text in texts), None)
        if home is None or not document(home).take(text, atom):
            homeless.append((text, atom))
    for text, atom in homeless:
        number = 0
        while not document(number).take(text, atom):
            number += 1
    return {
        number: iam.canonical(iam.document(one.atoms))
        for number, one in sorted(documents.items())
        if one.atoms
    }
