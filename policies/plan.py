"""What to do next with a target: a pure question about values, asked once a pass.

`next_step(memory, reading, wanted, …)` is all there is. It knows nothing of Django, of
AWS or of the clock; `reconcile` brings it what is remembered and read, and does as told.

Words: a *state* maps keys to canonical text; a key is *found* (there before us), *made*
or *adopted*; only the last two are ever changed. A *look* is a reading after a write.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

State = Mapping[str, str]

AGREEMENT_SECONDS = 1.0  # two agreeing looks lie at least this far apart
ROUNDS = 3  # writes of one and the same text before we stop believing in it
REMOVAL_RETRY_SECONDS = 900.0


class Origin(StrEnum):
    FOUND = "found"
    MADE = "made"
    ADOPTED = "adopted"


@dataclass(frozen=True)
class Change:
    """One key from `before` (None: absent) to `after` (None: removed)."""

    key: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Reading:
    """What a target holds: canonical `state`, the `raw` answer, a `version` for compare-and-set."""

    state: State
    raw: Any = None
    version: str = ""


@dataclass(frozen=True)
class KeyMemory:
    """The last text we wrote under a key (None: we removed it).

    Until `window_until` a reading that says otherwise proves nothing. `doubt`: the answer
    to the write was lost, so until then a reading that agrees proves nothing either.
    `seen`: two agreeing looks confirmed the text. `replaced`: what stood there before the write.
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

    `ending`: keys under which ended access may still stand. A write there takes something away,
    even where the key stays for others, and so never gives up.
    """

    keys: Mapping[str, KeyMemory] = field(default_factory=dict)
    refused: Mapping[str, str | None] = field(default_factory=dict)
    written_at: datetime | None = None
    agreed_at: datetime | None = None
    agreed_digest: str = ""
    round: int = 0
    ending: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rules:
    """How a kind of target behaves. `pace` multiplies every wait; `whole_key` as in Provider."""

    whole_key: bool = True
    pace: float = 1.0

    def seconds(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds * self.pace)


class Verdict(StrEnum):
    WRITE = "write"  # make `changes`
    LOOK = "look"  # come back at `next_look_at`
    SETTLE = "settle"  # two looks agree on everything wanted
    BLOCKED = "blocked"  # two looks agree on all but conflicts, refusals, exhausted rounds


@dataclass(frozen=True)
class Step:
    """What to do, and what to remember: `found` keys to note, `forget` keys to drop."""

    verdict: Verdict
    changes: tuple[Change, ...] = ()
    found: State = field(default_factory=dict)
    forget: frozenset[str] = frozenset()
    conflicts: Mapping[str, str] = field(default_factory=dict)
    exhausted: frozenset[str] = frozenset()
    agreed_at: datetime | None = None
    agreed_digest: str = ""
    next_look_at: datetime | None = None
    round: int = 0


def digest(value: Any) -> str:
    """SHA-256 of canonical JSON: equal for equal values, whatever the order of keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def next_step(
    memory: Memory, reading: Reading, wanted: State, *, now: datetime, rules: Rules
) -> Step:
    """The one next thing to do with a target. Total: every input has an answer."""
    keys, found, forget = _recall(memory, reading, wanted, now)
    conflicts = _conflicts(keys, reading, wanted, now, rules)
    open_keys = (wanted.keys() | _ours(keys)) - conflicts.keys()
    changes = _diff(open_keys, keys, memory, reading, wanted, now)
    again = {change.key for change in changes if _written_before(keys, change)}
    exhausted = _exhausted(changes, again, memory, now, rules)
    changes = tuple(change for change in changes if change.key not in exhausted)
    common: dict[str, Any] = {
        "found": found,
        "forget": forget,
        "conflicts": conflicts,
        "exhausted": exhausted,
    }
    if changes:
        rewriting = any(change.key in again for change in changes)
        return Step(
            Verdict.WRITE,
            changes,
            round=memory.round + (1 if rewriting else 0),
            **common,
        )
    unsettled = open_keys - exhausted - memory.refused.keys()
    step = _look(unsettled, keys, memory, reading, wanted, now, rules)
    blocked = bool(conflicts or exhausted or memory.refused)
    verdict = Verdict.BLOCKED if step.verdict is Verdict.SETTLE and blocked else step.verdict
    return Step(
        verdict,
        agreed_at=step.agreed_at,
        agreed_digest=step.agreed_digest,
        next_look_at=step.next_look_at,
        round=memory.round,
        **common,
    )


def _recall(
    memory: Memory, reading: Reading, wanted: State, now: datetime
) -> tuple[dict[str, KeyMemory], State, frozenset[str]]:
    """Memory without what has lapsed, plus keys met for the first time that were there already.

    A removal is over once two looks saw it gone, whoever uses the key then; never after one.
    """
    forget = {
        key
        for key, one in memory.keys.items()
        if (one.origin is Origin.FOUND and key not in wanted)
        or (_is_removal(one) and one.seen and not one.in_window(now))
    }
    keys = {key: one for key, one in memory.keys.items() if key not in forget}
    found = {key: reading.state[key] for key in wanted if key not in keys and key in reading.state}
    keys |= {key: KeyMemory(Origin.FOUND, text) for key, text in found.items()}
    return keys, found, frozenset(forget)


def _is_removal(one: KeyMemory) -> bool:
    return one.origin is not Origin.FOUND and one.text is None


def _ours(keys: Mapping[str, KeyMemory]) -> set[str]:
    return {key for key, one in keys.items() if one.origin is not Origin.FOUND}


def _conflicts(
    keys: Mapping[str, KeyMemory],
    reading: Reading,
    wanted: State,
    now: datetime,
    rules: Rules,
) -> dict[str, str]:
    """Keys whose text is somebody else's: {key: the text that stands there}."""
    conflicts = {}
    for key, one in keys.items():
        there = reading.state.get(key)
        if there is None or there == wanted.get(key):
            continue
        foreign = one.origin is Origin.FOUND and key in wanted
        edited = (
            one.origin is not Origin.FOUND
            and not rules.whole_key
            and not one.in_window(now)
            and one.text is not None
            and there != one.text
            and not (one.doubt and there == one.replaced)  # a write of ours that never arrived
        )
        if foreign or edited:
            conflicts[key] = there
    return conflicts


def _effective(key: str, keys: Mapping[str, KeyMemory], reading: Reading, now: datetime) -> Any:
    """Inside the window of our own write our text counts, not a reading that may be stale."""
    one = keys.get(key)
    if one is not None and one.origin is not Origin.FOUND and one.in_window(now):
        return one.text
    return reading.state.get(key)


def _diff(
    open_keys: set[str],
    keys: Mapping[str, KeyMemory],
    memory: Memory,
    reading: Reading,
    wanted: State,
    now: datetime,
) -> tuple[Change, ...]:
    changes = (
        Change(key, _effective(key, keys, reading, now), wanted.get(key))
        for key in sorted(open_keys)
    )
    return tuple(
        change
        for change in changes
        if change.before != change.after
        and not (change.key in memory.refused and memory.refused[change.key] == change.after)
    )


def _written_before(keys: Mapping[str, KeyMemory], change: Change) -> bool:
    """Whether we already wrote exactly this, and its window has passed in vain."""
    one = keys.get(change.key)
    return (
        one is not None
        and one.origin is not Origin.FOUND
        and one.text == change.after
        and one.window_until is not None
    )


def _exhausted(
    changes: tuple[Change, ...],
    again: set[str],
    memory: Memory,
    now: datetime,
    rules: Rules,
) -> frozenset[str]:
    """Keys to leave alone for now: gives after the last round, removals until their next turn."""
    if memory.round < ROUNDS:
        return frozenset()
    due = memory.written_at is None or now >= memory.written_at + rules.seconds(
        REMOVAL_RETRY_SECONDS
    )
    return frozenset(
        change.key
        for change in changes
        if change.key in again and not (due and _takes_away(change, memory))
    )


def _takes_away(change: Change, memory: Memory) -> bool:
    return change.after is None or change.key in memory.ending


def _look(
    unsettled: set[str],
    keys: Mapping[str, KeyMemory],
    memory: Memory,
    reading: Reading,
    wanted: State,
    now: datetime,
    rules: Rules,
) -> Step:
    """Count this reading as a look, unless a lost answer forbids it."""
    doubts = [one.window_until for one in keys.values() if one.doubt and one.in_window(now)]
    if doubts:
        return Step(Verdict.LOOK, next_look_at=max(filter(None, doubts)))
    if any(reading.state.get(key) != wanted.get(key) for key in unsettled):
        return Step(Verdict.LOOK, next_look_at=_next_look(keys, memory, now, rules))
    agreement = _agreement(keys, memory, reading, wanted)
    since = memory.agreed_at if memory.agreed_digest == agreement else None
    if since is not None and now >= since + rules.seconds(AGREEMENT_SECONDS):
        return Step(Verdict.SETTLE, agreed_at=since)
    since = since or now
    return Step(
        Verdict.LOOK,
        agreed_at=since,
        agreed_digest=agreement,
        next_look_at=since + rules.seconds(AGREEMENT_SECONDS),
    )


def _agreement(
    keys: Mapping[str, KeyMemory], memory: Memory, reading: Reading, wanted: State
) -> str:
    """What two looks must agree on: the wish, and what stands under every key it is about.

    Keys in conflict or refused count, too: one that changes between two looks was seen once.
    """
    left = {key for key, one in memory.keys.items() if one.origin is Origin.FOUND}
    about = wanted.keys() | keys.keys() | left
    return digest([dict(wanted), {key: reading.state.get(key) for key in about}])


def _next_look(
    keys: Mapping[str, KeyMemory], memory: Memory, now: datetime, rules: Rules
) -> datetime:
    """0, 1, 2, 4, 8 … seconds after the write; never past the end of the first open window."""
    start = memory.written_at or now
    wait = 1.0
    while start + rules.seconds(wait) <= now:
        wait *= 2
    ends = [one.window_until for one in keys.values() if one.in_window(now)]
    return min([start + rules.seconds(wait), *filter(None, ends)])
