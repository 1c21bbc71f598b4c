"""Goes through a transcript line by line and finds what is not as it was sealed.

The same for a database and for an export: it knows neither. Flat in memory: it keeps the
digests of one seal's events at a time.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from accounts.audit import note_digest
from accounts.seals import canonical, signing
from accounts.seals.batches import Batch
from accounts.seals.canonical import EVENT_FIELDS, SEAL_FIELDS
from accounts.seals.copied import Copied
from accounts.seals.findings import Report
from accounts.seals.rows import Row
from accounts.seals.trust import Trust

_LINE = {
    "export": {"kind", "version", "made_at", "seals", "chosen"},
    "event": {"kind", "position", "id", "digest", "event", "note"},
    "withheld": {"kind", "position", "id", "digest"},
    "missing": {"kind", "position", "id", "digest"},
    "unreadable": {"kind", "position", "id", "digest"},
    "seal": {"kind", *SEAL_FIELDS, "digest", "signature"},
    "unsealed": {"kind", "id", "waits", "event", "note"},
    "end": {"kind", "events", "seals", "unsealeds"},
}
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


def check(lines: Iterable[Row], trust: Trust, copies: Copied | None, report: Report) -> None:
    """Fill `report` with everything that is wrong in a transcript."""
    checker = Checker(trust, copies, report)
    for line in lines:
        checker.take(line)
    checker.finish()


class Checker:
    def __init__(self, trust: Trust, copies: Copied | None, report: Report) -> None:
        self._trust, self._copies, self._report = trust, copies, report
        self._batch = Batch(report)
        self._seal: Row | None = None
        self._is_sure = True  # whether the last seal is as it was signed
        self._head: Row | None = None
        self._end: Row | None = None
        self._takers = {
            "export": self._export,
            "event": self._event,
            "withheld": self._withheld,
            "missing": self._missing,
            "unreadable": self._unreadable,
            "seal": self._sealed,
            "unsealed": self._unsealed,
            "end": self._ended,
        }

    def take(self, line: Row) -> None:
        """The next line, whatever it is: what cannot be understood is a finding."""
        kind = line.get("kind")
        if not isinstance(kind, str) or line.keys() - _LINE.get(kind, set()) or self._end:
            self._report.add("export.malformed", f"a line that does not belong here: {kind}")
            return
        try:
            self._takers[kind](line)
        except _MALFORMED as error:
            where = {"position": line.get("position"), "seal": line.get("number")}
            text = f"a line of kind {kind} cannot be understood ({type(error).__name__})"
            self._report.add("export.malformed", text, **where)

    def finish(self) -> None:
        report = self._report
        self._batch.under_no_seal()
        if self._head is None:
            report.add("export.malformed", "the first line, of kind export, is missing")
        if self._end is None:
            report.add("export.cut", "the last line, of kind end, is missing: the rest was cut off")
        head = self._seal
        if head is not None:
            names = ("number", "last_position", "at", "digest")
            report.head = {name: head[name] for name in names}
        if self._copies is not None:
            made_at = (self._head or {}).get("made_at")
            self._copies.finish(report.head, made_at)

    def _export(self, line: Row) -> None:
        if self._head is not None or self._seal is not None:
            raise ValueError("a second head")
        if line["version"] != canonical.VERSION:
            text = f"is written in version {line['version']}, this program knows 1"
            self._report.add("export.malformed", text)
        self._head = line
        if line["chosen"]:
            self._batch.is_whole = False
            self._report.remark(
                f"The export shows chosen events only ({line['chosen']}): those shown are "
                "verified; that the choice left none of them out cannot be."
            )

    def _event(self, line: Row) -> None:
        self._report.events += 1
        self._batch.add(line)
        event, at = line["event"], {"position": line["position"], "event": line["id"]}
        if event["id"] != line["id"] or set(event) != set(EVENT_FIELDS):
            self._report.add("event.changed", "other columns than were sealed", **at)
        elif canonical.event_digest(line["position"], event) != line["digest"]:
            self._report.add("event.changed", "the event is not as it was sealed", **at)
        self._note(line, at)

    def _note(self, line: Row, at: dict[str, Any]) -> None:
        """A note that is there must be the one; one that was erased leaves a digest."""
        sealed, note = line["event"]["note_digest"], line.get("note")
        if note is None:
            self._report.erased_notes += bool(sealed)
        elif not sealed:
            self._report.add("note.added", "the event was recorded without a note", **at)
        elif note_digest(note["salt"], note["text"]) != sealed:
            self._report.add("note.changed", "the note is not as it was recorded", **at)

    def _withheld(self, line: Row) -> None:
        self._report.withheld += 1
        self._batch.add(line)
        if self._batch.is_whole:
            self._lost(line, "event.removed", "is left out of an export that should be whole")

    def _missing(self, line: Row) -> None:
        self._batch.add(line)
        self._lost(line, "event.removed", "the event was removed")

    def _unreadable(self, line: Row) -> None:
        self._batch.add(line)
        self._lost(line, "event.changed", "the event cannot be read: a value in it was damaged")

    def _lost(self, line: Row, code: str, text: str) -> None:
        self._report.add(code, text, position=line["position"], event=line["id"])

    def _unsealed(self, line: Row) -> None:
        if not line["waits"]:
            text = "is neither sealed nor waiting for the sealer: it was put in, or its seal undone"
            self._report.add("event.unsealed", text, event=line["id"])
            return
        self._report.unsealed += 1
        if line["event"]:
            self._note(line, {"event": line["id"]})

    def _sealed(self, line: Row) -> None:
        """One seal: itself, its signer, its place in the chain, its events, its copy."""
        self._report.seals += 1
        digest = canonical.seal_digest(line)
        signed = self._own(line, digest)
        follows = self._follows(line)
        self._batch.close(line, sure=signed)
        if self._copies is not None and follows:
            self._copies.hold_against(line["number"], digest)
        self._seal, self._is_sure = {**line, "computed": digest}, signed

    def _own(self, line: Row, digest: str) -> bool:
        """Whether a seal is as its own key signed it; then the key is judged."""
        report, number = self._report, line["number"]
        signed = signing.holds(line["key"], line["signature"], canonical.seal_bytes(line))
        if not signed and digest != line["digest"]:
            report.add("seal.changed", "the seal is not as it was signed", seal=number)
        elif not signed:
            report.add("seal.signature", "the signature is not this seal’s", seal=number)
        elif digest != line["digest"]:
            report.add("seal.changed", "the digest beside the seal is not its own", seal=number)
        if signed:
            self._trust.judge(line)
        return signed and digest == line["digest"]

    def _follows(self, line: Row) -> bool:
        """Whether the seal follows the one before it. What was already told is not told twice."""
        before, number, report = self._seal, line["number"], self._report
        due = before["number"] + 1 if before else 1
        if number < due:
            report.add("seal.order", "stands after a seal with a higher number", seal=number)
            return False
        if number > due:
            missing = f"seal {due} is" if number == due + 1 else f"seals {due} to {number - 1} are"
            report.add("seal.missing", f"{missing} missing before this one", seal=number)
            return True
        last = {before["digest"], before["computed"]} if before else {canonical.FIRST}
        if line["previous"] not in last:
            text = "does not follow from the seal before it: the chain was broken here"
            report.add("seal.chain", text, seal=number)
        elif self._is_sure:
            first = before["last_position"] + 1 if before else 1
            if line["first_position"] != first:
                text = f"its positions do not begin with {first}, where the last ended"
                report.add("seal.chain", text, seal=number)
        return True

    def _ended(self, line: Row) -> None:
        self._end = line
        told = (line["events"], line["seals"])
        if told != (self._report.events, self._report.seals):
            text = f"says {told[0]} events and {told[1]} seals, and holds "
            text += f"{self._report.events} and {self._report.seals}"
            self._report.add("export.cut", text)


def read(texts: Iterable[str]) -> Iterator[Row]:
    """The lines of an export file. One that is no JSON object comes out as an empty one."""
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            line = {}
        yield line if isinstance(line, dict) else {}
