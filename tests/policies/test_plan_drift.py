"""Drift: told apart from a wish by memory, believed after two looks, put back when allowed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from policies.plan import Change, KeyMemory, Memory, Origin, Reading, Rules, Verdict, next_step

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SEEN = KeyMemory(Origin.MADE, "ours", NOON - timedelta(hours=1), seen=True)
SETTLED = Memory(keys={"a": SEEN}, settled=True)
RULES = Rules()


def look(memory, there, wanted="ours", *, after=0.0):
    state = {} if there is None else {"a": there}
    now = NOON + timedelta(seconds=after)
    return next_step(memory, Reading(state), {"a": wanted}, now=now, rules=RULES)


@pytest.mark.parametrize("there", [None, "theirs"])
def test_one_contrary_look_is_no_drift_and_two_agreeing_ones_are(there):
    first = look(SETTLED, there)
    assert (first.verdict, first.changes) == (Verdict.LOOK, ())
    again = replace(SETTLED, agreed_at=first.agreed_at, agreed_digest=first.agreed_digest)
    assert look(again, there, after=0.5).verdict is Verdict.LOOK
    second = look(again, there, after=1.0)
    assert (second.verdict, second.drift) == (Verdict.DRIFT, {"a": there})


def test_two_contrary_looks_that_differ_are_no_drift_yet():
    first = look(SETTLED, "theirs")
    again = replace(SETTLED, agreed_at=first.agreed_at, agreed_digest=first.agreed_digest)
    assert look(again, "others", after=2.0).verdict is Verdict.LOOK


def test_confirmed_drift_is_left_until_it_may_be_put_back():
    known = replace(SETTLED, drift={"a": "theirs"}, settled=False)
    first = look(known, "theirs")
    again = replace(known, agreed_at=first.agreed_at, agreed_digest=first.agreed_digest)
    held = look(again, "theirs", after=2.0)
    assert (held.verdict, held.changes) == (Verdict.BLOCKED, ())
    step = look(replace(known, repairable=frozenset({"a"})), "theirs")
    assert step.changes == (Change("a", "theirs", "ours"),)
    assert (step.overwrites, step.round) == ({"a": "theirs"}, 0)


def test_what_changed_again_since_it_was_confirmed_is_not_put_back_unseen():
    known = replace(SETTLED, drift={"a": "theirs"}, repairable=frozenset({"a"}))
    assert look(known, "others").changes == ()


def test_a_new_wish_is_written_over_drift_and_says_what_it_overwrites():
    step = look(SETTLED, "theirs", "new")
    assert step.changes == (Change("a", "theirs", "new"),)
    assert (step.drift, step.overwrites) == ({}, {"a": "theirs"})


def test_inside_the_window_of_our_write_nothing_is_drift():
    young = replace(SEEN, window_until=NOON + timedelta(seconds=9))
    step = look(Memory(keys={"a": young}), None)
    assert (step.verdict, step.drift, step.changes) == (Verdict.LOOK, {}, ())


def test_a_settled_target_needs_one_look_to_stay_so():
    assert look(SETTLED, "ours").verdict is Verdict.SETTLE
    assert look(replace(SETTLED, settled=False), "ours").verdict is Verdict.LOOK


def test_an_entry_with_our_mark_is_ours_and_one_without_it_is_not():
    marked = Reading({"a": "old"}, marked=frozenset({"a"}))
    step = next_step(Memory(), marked, {"a": "new"}, now=NOON, rules=RULES)
    assert (step.changes, step.claimed) == ((Change("a", "old", "new"),), frozenset({"a"}))
    step = next_step(Memory(), Reading({"a": "old"}), {"a": "new"}, now=NOON, rules=RULES)
    assert (step.changes, step.conflicts) == ((), {"a": "old"})
