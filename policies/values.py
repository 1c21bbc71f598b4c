"""The values that planning is about: what is read, remembered, wanted, and to be done next.

Words: a *state* maps keys to canonical text; a key is *found* (there before us), *made*
or *adopted*; only the last two are ever changed. A *look* is a reading after a write.
"""

import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

State = Mapping[str, str]


class Origin(StrEnum):
    FOUND = "found"
    MADE = "made"
    ADOPTED = "adopted"


@dataclass(frozen=True)
class Change:
    """One key from `before` (None: absent) to `after` (None: removed).

    `original` is verbatim text kept from AWS; where it means `after`, it is what gets written.
    """

    key: str
    before: str | None
    after: str | None
    original: str = ""


@dataclass(frozen=True)
class Reading:
    """What a target holds: canonical `state`, the `raw` answer, a `version` for compare-and-set.

    `marked`: keys that carry this installation's own name, so are ours whatever is remembered.
    `identities`: unique ids of principals, by ARN, where the reading learned them.
    `originals`: a key's own bytes, where canonical text does not keep them. `writer`: who wrote
    the whole last, where AWS tells. `unreadable`: beginnings of keys whose part of the document
    cannot be read, and why; nothing is known of such keys, neither that they are there nor gone.
    `missing`: AWS's words when the target itself is known not to exist, which is an empty state.
    """

    state: State
    raw: Any = None
    version: str = ""
    marked: frozenset[str] = frozenset()
    identities: Mapping[str, str] = field(default_factory=dict)
    originals: State = field(default_factory=dict)
    writer: str = ""
    unreadable: State = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True)
class KeyMemory:
    """The last text we wrote under a key (None: we removed it).

    Until `window_until` a reading that says otherwise proves nothing. `doubt`: the answer
    to the write was lost, so until then a reading that agrees proves nothing either.
    `seen`: two agreeing looks confirmed the text. `replaced`: what stood there before it.
    """

    origin: Origin
    text: str | None = None
    window_until: datetime | None = None
    doubt: bool = False
    seen: bool = False
    replaced: str | None = None

    def in_window(self, now: datetime) -> bool:
        return self.window_until is not None and now < self.window_until


@dataclass(frozen=True)
class Memory:
    """What is remembered of a target between passes.

    `settled`: nothing was wanted since two looks agreed. `drift`: what others made of keys of
    ours, as two looks confirmed it. `repairable`: keys of those that may be put back now.
    `ending`: keys under which ended access may still stand. A write there takes something away,
    even where the key stays for others, and so never gives up.
    """

    keys: Mapping[str, KeyMemory] = field(default_factory=dict)
    refused: Mapping[str, str | None] = field(default_factory=dict)
    written_at: datetime | None = None
    agreed_at: datetime | None = None
    agreed_digest: str = ""
    round: int = 0
    settled: bool = False
    drift: Mapping[str, str | None] = field(default_factory=dict)
    repairable: frozenset[str] = frozenset()
    ending: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """How a kind of target behaves. `pace` multiplies every wait; `whole_key` as in Provider.

    `clearing`: keys that are to go although we made none of them, by a living order.
    `watching`: others write here and we never do; what we would change is told to them.
    """

    whole_key: bool = True
    pace: float = 1.0
    clearing: Set[str] = frozenset()
    watching: bool = False

    def seconds(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds * self.pace)


class Verdict(StrEnum):
    WRITE = "write"  # make `changes`
    LOOK = "look"  # come back at `next_look_at`
    SETTLE = "settle"  # two looks agree on everything wanted
    DRIFT = "drift"  # two looks agree that others changed keys of ours: take it down
    BLOCKED = "blocked"  # two looks agree on all but conflicts, refusals, drift, exhausted rounds


@dataclass(frozen=True)
class Step:
    """What to do, and what to remember: `found` keys to note, `forget` keys to drop.

    `claimed`: those of the found keys that carry our mark. `drift`: what others made of keys
    of ours. `overwrites`: what others made of keys that `changes` now writes over.
    `hidden`: keys nothing can be said of, because their part of the document is unreadable.
    `theirs`: what others are to change, where we only watch (`Rules.watching`).
    """

    verdict: Verdict
    changes: tuple[Change, ...] = ()
    theirs: tuple[Change, ...] = ()
    found: State = field(default_factory=dict)
    claimed: frozenset[str] = frozenset()
    drift: Mapping[str, str | None] = field(default_factory=dict)
    overwrites: Mapping[str, str | None] = field(default_factory=dict)
    forget: frozenset[str] = frozenset()
    conflicts: Mapping[str, str] = field(default_factory=dict)
    exhausted: frozenset[str] = frozenset()
    hidden: Mapping[str, str] = field(default_factory=dict)
    agreed_at: datetime | None = None
    agreed_digest: str = ""
    next_look_at: datetime | None = None
    round: int = 0


def digest(value: Any) -> str:
    """SHA-256 of canonical JSON: equal for equal values, whatever the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
