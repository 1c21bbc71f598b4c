"""The whole record as lines, in order: what export_audit writes and verify_audit reads.

Flat in memory: it goes by positions, STRIDE rows at a time, and needs no long transaction.
A record that somebody damaged still comes out, with what is wrong named in its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import Event, Seal, Sealed, Unsealed
from accounts.seals import rows
from accounts.seals.canonical import VERSION, moment
from accounts.seals.rows import Row

STRIDE = 500


@dataclass(frozen=True)
class Choice:
    """Which events are shown in full; `words` say so in the export's head. No words: all.

    Of the others under the same seal only the digests are shown, and of a seal without any
    shown event the seal alone: what is shown can still be verified.
    """

    where: Q = rows.EVERY
    words: dict[str, str] = field(default_factory=dict)
    notes: bool = True


WHOLE = Choice()


def lines(choice: Choice = WHOLE, *, using: str = "default") -> Iterator[Row]:
    """Head, events each followed by its seal, events not sealed yet, end."""
    tally = {"event": 0, "seal": 0, "unsealed": 0}
    yield _head(choice, using)
    for line in _body(choice, using):
        if line["kind"] in tally:
            tally[line["kind"]] += 1
        yield line
    yield {"kind": "end", **{f"{kind}s": number for kind, number in tally.items()}}


def _head(choice: Choice, using: str) -> Row:
    newest = Seal.objects.using(using).annotate(now=Now()).order_by("-number").first()
    return {
        "kind": "export",
        "version": VERSION,
        "made_at": moment(getattr(newest, "now", None)),
        "seals": newest.number if newest else 0,
        "chosen": choice.words,
    }


def _body(choice: Choice, using: str) -> Iterator[Row]:
    position, number = 0, 0
    while True:
        seals = rows.seals(number, STRIDE, using=using)
        if seals:
            number = seals[-1]["number"]
            position = yield from _under(seals, position, choice, using)
        elif not Sealed.objects.using(using).filter(position__gt=position).exists():
            break
        elif not Seal.objects.using(using).filter(number__gt=number).exists():
            # Positions under no seal: a seal and its positions are written in one transaction.
            yield from _shown(_positions(position, None, using), choice, using)
            break
    yield from _unsealed(choice, using)


def _under(seals: list[Row], position: int, choice: Choice, using: str) -> Any:
    """The events of some seals, each seal after its own. Returns the last position."""
    ends = [min(_last(one), _last(after, "first_position") - 1) for one, after in pairwise(seals)]
    last = _last(seals[-1])
    waiting = _shown(_positions(position, last, using), choice, using)
    held: Row | None = next(waiting, None)
    for seal, end in zip(seals, [*ends, last], strict=True):
        batch = []
        while held is not None and held["position"] <= end:
            batch.append(held)
            held = next(waiting, None)
        if not choice.words or any(line["kind"] != "withheld" for line in batch):
            yield from batch
        yield seal
    return max(position, last)


def _last(seal: Row, name: str = "last_position") -> int:
    """A seal's position; SQLite lets who owns it write anything there."""
    return seal[name] if isinstance(seal[name], int) else 0


def _positions(after: int, last: int | None, using: str) -> Iterator[list[Sealed]]:
    """The sealed positions above `after`, up to `last`, in order, STRIDE at a time."""
    while True:
        found = Sealed.objects.using(using).filter(position__gt=after).order_by("position")
        if last is not None:
            found = found.filter(position__lte=last)
        chunk = list(found[:STRIDE])
        if not chunk:
            return
        yield chunk
        after = chunk[-1].position


def _shown(chunks: Iterator[list[Sealed]], choice: Choice, using: str) -> Iterator[Row]:
    for chunk in chunks:
        ids = [one.event_id for one in chunk]
        found = rows.events(ids, using=using, where=choice.where)
        noted = rows.notes(found, using=using) if choice.notes else {}
        there = found.keys() if not choice.words else _there(ids, using)
        for one in chunk:
            line = {"position": one.position, "id": one.event_id, "digest": one.digest}
            yield _line(line, found.get(one.event_id), one.event_id in there, noted)


def _line(line: Row, event: Row | None, there: bool, noted: dict[int, Row]) -> Row:
    if event is None:
        return {"kind": "withheld" if there else "missing", **line}
    if not event:
        return {"kind": "unreadable", **line}
    note = {"note": noted[line["id"]]} if line["id"] in noted else {}
    return {"kind": "event", **line, "event": event, **note}


def _there(ids: list[int], using: str) -> set[int]:
    return set(Event.objects.using(using).filter(pk__in=ids).values_list("pk", flat=True))


def _unsealed(choice: Choice, using: str) -> Iterator[Row]:
    """Events without a position. One that does not wait for the sealer either is told so."""
    waits = Exists(Unsealed.objects.filter(event=OuterRef("pk")))
    known = Event.objects.using(using).filter(sealed__isnull=True).annotate(waits=waits)
    last = -(2**63)
    while True:
        chunk = known.filter(pk__gt=last).order_by("pk").values_list("pk", "waits")[:STRIDE]
        waiting = dict(chunk)
        if not waiting:
            return
        found = rows.events(waiting, using=using, where=choice.where)
        noted = rows.notes(found, using=using) if choice.notes else {}
        for one, event in found.items():
            note = {"note": noted[one]} if one in noted else {}
            line = {"kind": "unsealed", "id": one, "waits": bool(waiting[one]), "event": event}
            yield {**line, **note}
        last = max(waiting)
