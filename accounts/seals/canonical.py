"""What is hashed and signed, byte for byte. Pure. Described in docs/audit.md for other verifiers.

The text is RFC 8785 (JSON Canonicalization Scheme) but for two things that its input cannot
say and the record can: whole numbers of any size are written in full, and half a surrogate
pair is written as an escape.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

VERSION = 1
EVENT, SEAL, ROOT = (f"gatehouse {what} {VERSION}\n".encode() for what in ("event", "seal", "root"))
FIRST = "0" * 64

# Every column of an event but the ones that the position and the note have of their own.
EVENT_FIELDS = (
    *("id", "at", "what", "actor_kind", "actor_id", "on_behalf_of", "channel", "assurance"),
    *("object_kind", "object_id", "person_id", "before", "after", "rules", "aws"),
    *("note_digest", "correlation", "seeded"),
)
SEAL_FIELDS = (
    *("number", "previous", "first_position", "last_position", "count", "root", "at"),
    *("key", "next_key"),
)
_HALF = re.compile("[\ud800-\udfff]")
_quoted = json.JSONEncoder(ensure_ascii=False).encode
_EXACT = 2**53
_LONGEST_PLAIN, _SHORTEST_PLAIN = 21, -6


def canonical(value: Any) -> str:
    """One text for one JSON value, however it was written. Raises TypeError, ValueError."""
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        pairs = [f"{_string(one)}:{canonical(value[one])}" for one in _ordered(value)]
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonical, value)) + "]"
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def event_digest(position: int, event: Mapping[str, Any]) -> str:
    """The digest of an event at its position; `event` has exactly EVENT_FIELDS."""
    text = canonical({**{name: event[name] for name in EVENT_FIELDS}, "position": position})
    return hashlib.sha256(EVENT + text.encode()).hexdigest()


def root(digests: Iterable[str]) -> str:
    """One hash over the digests of a seal's events, in order."""
    whole = hashlib.sha256(ROOT)
    for digest in digests:
        whole.update(bytes.fromhex(digest))
    return whole.hexdigest()


def seal_bytes(seal: Mapping[str, Any]) -> bytes:
    """What is signed, and what the next seal's `previous` is the SHA-256 of."""
    return SEAL + canonical({name: seal[name] for name in SEAL_FIELDS}).encode()


def seal_digest(seal: Mapping[str, Any]) -> str:
    return hashlib.sha256(seal_bytes(seal)).hexdigest()


def moment(value: datetime | None) -> str | None:
    """A time in UTC, always with six digits: 2026-01-31T23:59:59.000000Z."""
    if value is None:
        return None
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _string(value: str) -> str:
    text = _quoted(value)
    return text if text.isascii() else _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _ordered(names: Iterable[str]) -> list[str]:
    """RFC 8785, 3.2.3: names are ordered by their UTF-16 code units."""
    if "".join(names).isascii():
        return sorted(names)
    return sorted(names, key=lambda name: name.encode("utf-16-be", "surrogatepass"))


def _number(value: float) -> str:
    """As ECMAScript writes it (RFC 8785, 3.2.2.3); whole numbers as the same integer."""
    if not math.isfinite(value):
        raise ValueError("a number of the record is not finite")
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    sign, digits, exponent = _decimal(value)
    point = len(digits) + exponent
    if len(digits) <= point <= _LONGEST_PLAIN:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= _LONGEST_PLAIN:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if _SHORTEST_PLAIN < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _decimal(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits and the power of ten they stand at: 0.25 is ("", "25", -2)."""
    mantissa, _e, power = repr(abs(value)).partition("e")
    whole, _point, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    exponent = int(power or 0) - len(fraction)
    short = digits.rstrip("0")
    return ("-" if value < 0 else "", short, exponent + len(digits) - len(short))
