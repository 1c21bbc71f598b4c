"""What to do next with a target: a pure question about values, asked once a pass.

`next_step(memory, reading, wanted, …)` is all there is. It knows nothing of Django, of
AWS or of the clock; `reconcile` brings it what is remembered and read, and does as told.

Words: a *state* maps keys to canonical text; a key is *found* (there before us), *made*
or *adopted*; only the last two are ever changed. A *look* is a reading after a write.
"""

from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from policies.values import (
    Change,
    KeyMemory,
    Memory,
    Origin,
    Reading,
    Rules,
    State,
    Step,
    Verdict,
    digest,
)

__all__ = [
    "Change",
    "KeyMemory",
    "Memory",
    "Origin",
    "Reading",
    "Rules",
    "State",
    "Step",
    "Verdict",
    "digest",
    "next_step",
]

AGREEMENT_SECONDS = 1.0  # two agreeing looks lie at least this far apart
ROUNDS = 3  # writes of one and the same text before we stop believing in it
REMOVAL_RETRY_SECONDS = 900.0


def next_step(
    memory: Memory, reading: Reading, wanted: State, *, now: datetime, rules: Rules
) -> Step:
    """The one next thing to do with a target. Total: every input has an answer."""
    if rules.watching:
        return _watch(memory, reading, wanted, now, rules)
    keys, found, forget = _recall(memory, reading, wanted, now, rules)
    conflicts = _conflicts(keys, reading, wanted, now, rules)
    hidden = _hidden(wanted.keys() | _ours(keys), reading)
    open_keys = (wanted.keys() | _ours(keys)) - conflicts.keys() - hidden.keys()
    disputed = set() if rules.whole_key else _disputed(open_keys, keys, reading, now)
    changes = _diff(open_keys - disputed, keys, memory, reading, wanted, now)
    drift = {one.key: one.before for one in changes if _drifted(keys.get(one.key), one, now)}
    confirmed = {key for key, there in drift.items() if (key, there) in memory.drift.items()}
    waiting = drift.keys() - (confirmed & memory.repairable)
    again = {change.key for change in changes if _written_before(keys, change)}
    exhausted = _exhausted(changes, again, memory, now, rules)
    changes = tuple(one for one in changes if one.key not in exhausted | waiting)
    common: dict[str, Any] = {
        "found": found,
        "claimed": found.keys() & reading.marked,
        "forget": forget,
        "conflicts": conflicts,
        "exhausted": exhausted,
        "drift": drift,
        "hidden": hidden,
    }
    if changes:
        rewriting = any(change.key in again for change in changes)
        return Step(
            Verdict.WRITE,
            changes,
            overwrites=_overwrites(keys, changes, reading, now),
            round=memory.round + (1 if rewriting else 0),
            **common,
        )
    if drift.keys() - confirmed:
        step = _agree(keys, memory, reading, wanted, now, rules)
        agreed = Verdict.DRIFT
    else:
        unsettled = open_keys - exhausted - memory.refused.keys() - drift.keys()
        step = _look(unsettled, keys, memory, reading, wanted, now, rules)
        blocked = bool(conflicts or exhausted or memory.refused or drift or hidden)
        agreed = Verdict.BLOCKED if blocked else Verdict.SETTLE
    return Step(
        agreed if step.verdict is Verdict.SETTLE else step.verdict,
        agreed_at=step.agreed_at,
        agreed_digest=step.agreed_digest,
        next_look_at=step.next_look_at,
        round=memory.round,
        **common,
    )


def _watch(memory: Memory, reading: Reading, wanted: State, now: datetime, rules: Rules) -> Step:
    """What two looks say of a target that others write: never `WRITE`, and nothing becomes ours.

    Their texts are no conflicts here, for nobody here would write over them: whatever stands
    otherwise than wanted is theirs to change, and what stands as wanted is seen meanwhile.
    """
    reading = replace(reading, marked=frozenset())
    keys, found, forget = _recall(memory, reading, wanted, now, rules)
    hidden = _hidden(wanted.keys() | _ours(keys), reading)
    ours = _ours(keys)  # by an earlier day's work, or to go by an order
    open_keys = (ours | wanted.keys()) - hidden.keys()
    known = replace(memory, refused={})
    theirs = _diff(open_keys, keys, known, reading, wanted, now)
    drift = {one.key: one.before for one in theirs if _was_as_wanted(keys.get(one.key), one)}
    unsettled = open_keys - {one.key for one in theirs}
    if theirs:
        known = replace(known, settled=False)  # one look is not enough to say what is missing
    step = _look(unsettled, keys, known, reading, wanted, now, rules)
    if step.verdict is Verdict.SETTLE and drift.items() - memory.drift.items():
        step = replace(step, verdict=Verdict.DRIFT)
    elif step.verdict is Verdict.SETTLE and (theirs or hidden):
        step = replace(step, verdict=Verdict.BLOCKED)
    return replace(step, found=found, forget=forget, drift=drift, hidden=hidden, theirs=theirs)


def _was_as_wanted(one: KeyMemory | None, change: Change) -> bool:
    """Whether two looks once saw this key as it is still wanted."""
    return one is not None and one.seen and one.text == change.after


def _recall(
    memory: Memory, reading: Reading, wanted: State, now: datetime, rules: Rules
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
    for key, text in found.items():
        ours = key in reading.marked
        keys[key] = KeyMemory(Origin.MADE if ours else Origin.FOUND, text, seen=ours)
    ordered = (rules.clearing & reading.state.keys()) - keys.keys()
    keys |= {key: KeyMemory(Origin.MADE, reading.state[key]) for key in ordered}
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
            and there != one.text
            and not (_was_replaced(key, one, reading) and (one.doubt or one.text is None))
            and not (one.seen and one.text == wanted.get(key))  # that is drift
        )
        if foreign or edited:
            conflicts[key] = there
    return conflicts


def _hidden(keys: Set[str], reading: Reading) -> dict[str, str]:
    return {
        key: why
        for key in sorted(keys)
        for beginning, why in reading.unreadable.items()
        if key.startswith(beginning)
    }


def _disputed(
    keys: Set[str], memories: Mapping[str, KeyMemory], reading: Reading, now: datetime
) -> set[str]:
    """Keys that others changed inside the window of our write: not to be written over.

    What stood there before our write is no dispute: the write may not show yet.
    """
    found = set()
    for key in keys & memories.keys() & reading.state.keys():
        one = memories[key]
        if one.in_window(now) and reading.state[key] != one.text:
            found |= set() if _was_replaced(key, one, reading) else {key}
    return found


def _was_replaced(key: str, one: KeyMemory, reading: Reading) -> bool:
    there = (reading.state.get(key), reading.originals.get(key))
    return one.replaced is not None and one.replaced in there


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


def _drifted(one: KeyMemory | None, change: Change, now: datetime) -> bool:
    """Whether others changed what we wrote and saw: nobody here wants anything new."""
    return (
        one is not None
        and one.origin is not Origin.FOUND
        and one.seen
        and one.text == change.after
        and not one.in_window(now)
    )


def _overwrites(
    keys: Mapping[str, KeyMemory], changes: tuple[Change, ...], reading: Reading, now: datetime
) -> Mapping[str, str | None]:
    """What others made of keys of ours, where it is not what we last wrote and saw."""
    return {
        change.key: reading.state.get(change.key)
        for change in changes
        if (one := keys.get(change.key)) is not None
        and one.origin is not Origin.FOUND
        and one.seen
        and not one.in_window(now)
        and reading.state.get(change.key) not in {one.text, change.after}
    }


def _written_before(keys: Mapping[str, KeyMemory], change: Change) -> bool:
    """Whether we already wrote exactly this, and its window has passed in vain."""
    one = keys.get(change.key)
    return (
        one is not None
        and one.origin is not Origin.FOUND
        and one.text == change.after
        and one.window_until is not None
        and not one.seen
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
    if memory.settled:
        return Step(Verdict.SETTLE, agreed_at=now)  # still as two looks once agreed
    return _agree(keys, memory, reading, wanted, now, rules)


def _agree(
    keys: Mapping[str, KeyMemory],
    memory: Memory,
    reading: Reading,
    wanted: State,
    now: datetime,
    rules: Rules,
) -> Step:
    """SETTLE when this look and an earlier one say the same; else look again."""
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
