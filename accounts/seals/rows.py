"""Events as the plain values that are hashed and exported. One that cannot be read stops nobody."""

from collections.abc import Iterable
from typing import Any

from django.db import DatabaseError
from django.db.models import Q, QuerySet

from accounts.models import Event, Note, Seal
from accounts.seals.canonical import EVENT_FIELDS, SEAL_FIELDS, moment

Row = dict[str, Any]
UNREADABLE: Row = {}
EVERY = Q()

# What a value that somebody damaged can make the database or its driver say.
_DAMAGED = (DatabaseError, ValueError, TypeError, OverflowError)


def events(ids: Iterable[int], *, using: str, where: Q = EVERY) -> dict[int, Row]:
    """Events by id, each with EVENT_FIELDS; those that are not there, or not `where`, left out.

    One that cannot be read is UNREADABLE.
    """
    wanted = list(ids)
    rows = Event.objects.using(using).filter(where, pk__in=wanted).order_by()
    try:
        return _read(rows)
    except _DAMAGED:
        return _one_by_one(rows, wanted)


def notes(ids: Iterable[int], *, using: str) -> dict[int, Row]:
    """The notes that were not erased, by their event's id."""
    rows = Note.objects.using(using).filter(event__in=list(ids))
    return {
        event: {"salt": salt, "text": text}
        for event, salt, text in rows.values_list("event_id", "salt", "text")
    }


def seal_line(seal: Seal) -> Row:
    """A seal as it is exported and copied: everything that was signed, and the signature."""
    fields = {name: getattr(seal, name) for name in SEAL_FIELDS}
    return {
        "kind": "seal",
        **fields,
        "at": moment(seal.at),
        "digest": seal.digest,
        "signature": seal.signature,
    }


def seals(after: int, most: int, *, using: str) -> list[Row]:
    """The seals above a number, in order. What cannot be read of one is None."""
    found = Seal.objects.using(using).filter(number__gt=after).order_by("number")[:most]
    try:
        return [seal_line(one) for one in found]
    except _DAMAGED:
        numbers = list(found.values_list("number", flat=True))
        return [_damaged_seal(Seal.objects.using(using).filter(pk=one)) for one in numbers]


def _damaged_seal(row: "QuerySet[Seal]") -> Row:
    try:
        return seal_line(row.get())
    except _DAMAGED:
        names = [name for name in (*SEAL_FIELDS, "digest", "signature") if name != "at"]
        return {"kind": "seal", **row.values(*names).get(), "at": None}


def _read(rows: "QuerySet[Event]") -> dict[int, Row]:
    found = (dict(zip(EVENT_FIELDS, one, strict=True)) for one in rows.values_list(*EVENT_FIELDS))
    return {row["id"]: row | {"at": moment(row["at"])} for row in found}


def _one_by_one(rows: "QuerySet[Event]", ids: list[int]) -> dict[int, Row]:
    found: dict[int, Row] = {}
    for one in ids:
        try:
            found |= _read(rows.filter(pk=one))
        except _DAMAGED:
            found[one] = UNREADABLE
    return found
