"""The events of one seal: are they all there, in order, and what the seal was made over?"""

from accounts.seals import canonical
from accounts.seals.findings import Report
from accounts.seals.rows import Row

# A seal holds far fewer; more without one means that seals were taken away.
MOST_HELD = 50_000


class Batch:
    """Positions and digests since the last seal. `is_whole` False: events may be left out."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._held: list[tuple[int, str]] = []
        self.is_whole = True

    def add(self, line: Row) -> None:
        position, digest = line["position"], line["digest"]
        if not isinstance(position, int) or not isinstance(digest, str):
            raise TypeError("a position is a number, a digest is a text")
        self._held.append((position, digest))
        if len(self._held) > MOST_HELD:
            self.under_no_seal()

    def close(self, seal: Row, *, sure: bool) -> None:
        """Hold the events against their seal. Of one that was changed itself, nothing is known."""
        held, self._held = self._held, []
        if not sure or (not held and not self.is_whole):
            return
        number, first, last = seal["number"], seal["first_position"], seal["last_position"]
        if last - first + 1 != seal["count"]:
            self._report.add("seal.count", "its count is not that of its positions", seal=number)
            return
        positions = [position for position, _digest in held]
        if self._has_all(number, positions, range(first, last + 1)):
            self._root(seal, [digest for _position, digest in held])

    def under_no_seal(self) -> None:
        """What is held belongs to no seal: the seal was removed."""
        if self._held:
            first, last = self._held[0][0], self._held[-1][0]
            text = f"positions {first} to {last} stand under no seal: it was removed"
            self._report.add("seal.missing", text, position=first)
        self._held = []

    def _has_all(self, number: int, positions: list[int], wanted: range) -> bool:
        if positions == list(wanted):
            return True
        there = set(positions)
        strange = [one for one in positions if one not in wanted]
        missing = [one for one in wanted if one not in there] if len(wanted) <= MOST_HELD else []
        if missing:
            text = f"{_spans(missing)} missing"
            self._report.add("position.missing", text, position=missing[0], seal=number)
        if strange:
            text = f"{_spans(sorted(strange))} under no seal, or under a wrong one"
            self._report.add("position.strange", text, position=strange[0], seal=number)
        if not missing and not strange:
            twice = [a for a, b in zip(positions, sorted(positions), strict=True) if a != b]
            where = (twice or positions)[0]
            text = "the positions are not in order, or not each there once"
            self._report.add("position.order", text, position=where, seal=number)
        return False

    def _root(self, seal: Row, digests: list[str]) -> None:
        try:
            fits = canonical.root(digests) == seal["root"]
        except ValueError:
            fits = False
        if not fits:
            self._report.add(
                "seal.root",
                f"positions {seal['first_position']} to {seal['last_position']} are not what was "
                "sealed: an event was exchanged, and the digest beside it, too",
                seal=seal["number"],
            )


def _spans(numbers: list[int]) -> str:
    """Sorted numbers as ranges, the first few: “positions 4, 7 to 9 are”."""
    spans: list[list[int]] = []
    for one in numbers:
        if spans and one == spans[-1][1] + 1:
            spans[-1][1] = one
        else:
            spans.append([one, one])
    told = ", ".join(f"{a} to {b}" if a != b else f"{a}" for a, b in spans[:5])
    more = " and more" if len(spans) > 5 else ""
    return f"position {told} is" if len(numbers) == 1 else f"positions {told}{more} are"
