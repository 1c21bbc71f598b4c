"""Copies of seals that were kept outside, held against the record."""

from collections.abc import Iterable
from typing import Any

from accounts.seals import canonical, copies, signing
from accounts.seals.canonical import SEAL_FIELDS
from accounts.seals.findings import Report
from accounts.seals.rows import Row

_EACH = 32
_MOST = 50_000_000


class Copied:
    """The digests of copied seals by number: 32 bytes each, so that memory stays small.

    Lines that are no seals are passed over: a log has others, an export has its events.
    """

    def __init__(self, lines: Iterable[str], report: Report) -> None:
        self._report = report
        self._digests = bytearray()
        self._count = 0
        self.last: Row | None = None
        for text in lines:
            line = copies.line_of(text)
            if line is not None:
                self._take(line)

    def __bool__(self) -> bool:
        return self.last is not None

    def hold_against(self, number: int, digest: str) -> bool:
        """Whether the copy of this seal, if there is one, is the same; a finding otherwise."""
        copy = self._at(number)
        if copy is None:
            return True
        self._count += 1
        if copy == bytes.fromhex(digest):
            return True
        self._report.add(
            "copy.differs",
            f"a copy of this seal has digest {copy.hex()}, the record has {digest}: "
            "one of them was rewritten",
            seal=number,
        )
        return False

    def finish(self, head: dict[str, Any] | None, made_at: str | None) -> None:
        """Whether the copies know seals after the record's last one. `made_at`: of an export."""
        ends = head["number"] if head else 0
        if self.last is None:
            self._report.remark("There is no seal among the given copies.")
            return
        if self.last["number"] > ends:
            self._beyond(ends, made_at)
        if self._count < ends:
            self._report.remark(
                f"Copies were given of {self._count} of {ends} seals; the others are not "
                "contradicted, and not confirmed, by any copy."
            )

    def _beyond(self, ends: int, made_at: str | None) -> None:
        last = self.last or {}
        text = (
            f"the record ends with seal {ends}, the copies go on to seal {last['number']} "
            f"(position {last['last_position']}, {last['at']})"
        )
        if made_at is not None and last["at"] > made_at:
            first = f"{text}. The export says it was made at {made_at}, before that."
            self._report.remark(f"Perhaps no fault: {first}")
        else:
            self._report.add("copy.beyond", f"{text}: the end was cut off", seal=ends + 1)

    def _take(self, line: Row) -> None:
        if not _is_seal(line):
            self._report.add("copy.changed", "a copy is not as it was signed", seal=line["number"])
            return
        number, digest = line["number"], bytes.fromhex(canonical.seal_digest(line))
        known = self._at(number)
        if known is not None and known != digest:
            self._report.add(
                "copy.conflict", "two copies of this seal differ, both signed", seal=number
            )
        missing = number * _EACH - len(self._digests)
        self._digests.extend(bytes(max(0, missing)))
        self._digests[(number - 1) * _EACH : number * _EACH] = digest
        if self.last is None or number >= self.last["number"]:
            self.last = line

    def _at(self, number: int) -> bytes | None:
        found = bytes(self._digests[(number - 1) * _EACH : number * _EACH])
        return found if any(found) else None


def _is_seal(line: Row) -> bool:
    """Whether a copied line is whole and signed by the key that it names."""
    line.setdefault("number", None)
    number = line["number"]
    if set(SEAL_FIELDS) - line.keys() or not isinstance(number, int) or not 0 < number < _MOST:
        return False
    try:
        data = canonical.seal_bytes(line)
    except (TypeError, ValueError):
        return False
    return signing.holds(str(line["key"]), str(line.get("signature")), data)
