"""The plan where others edit inside our keys: what is theirs, what is late, what is unreadable."""

from datetime import UTC, datetime, timedelta

import pytest

from policies.plan import Change, KeyMemory, Memory, Origin, Reading, Rules, Verdict, next_step

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SHARED = Rules(whole_key=False)


def at(seconds):
    return NOW + timedelta(seconds=seconds)


def made(text, *, until=10.0, replaced=None, **more):
    return KeyMemory(Origin.MADE, text, at(until), replaced=replaced, **more)


def step(one, there, wanted, *, now=3.0, **reading):
    memory = Memory({"a": one}, written_at=NOW)
    state = {} if there is None else {"a": there}
    wish = {} if wanted is None else {"a": wanted}
    return next_step(memory, Reading(state, **reading), wish, now=at(now), rules=SHARED)


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        (made("1"), "2"),
        (made("1"), None),
        (made("1", replaced="0"), "2"),
        (made(None, replaced="1"), "2"),
    ],
)
def test_inside_the_window_what_others_wrote_is_not_written_over(one, wanted):
    result = step(one, "theirs", wanted)
    assert (result.verdict, result.changes) == (Verdict.LOOK, ())
    assert result.next_look_at <= at(10)
    late = step(one, "theirs", wanted, now=11)
    assert (late.conflicts, late.changes) == ({"a": "theirs"}, ())


@pytest.mark.parametrize("there", ["0", "1", None])
def test_inside_the_window_a_reading_that_is_only_late_keeps_no_wish_waiting(there):
    result = step(made("1", replaced="0"), there, "2")
    assert result.changes == (Change("a", "1", "2"),)


def test_what_was_replaced_is_known_by_its_own_bytes_too():
    one = made("1", replaced="- a row  # theirs")
    result = step(one, "0", "2", originals={"a": "- a row  # theirs"})
    assert result.changes == (Change("a", "1", "2"),)


@pytest.mark.parametrize("wanted", ["1", "2", None])
def test_a_write_that_never_arrived_is_no_edit_of_others(wanted):
    result = step(made("1", replaced="0", doubt=True), "0", wanted, now=11)
    assert (result.conflicts, result.changes) == ({}, (Change("a", "0", wanted),))


def test_what_others_turned_back_after_it_was_seen_is_drift_and_never_written_over_at_once():
    result = step(made("1", replaced="0", seen=True), "0", "1", now=11)
    assert (result.drift, result.conflicts, result.changes) == ({"a": "0"}, {}, ())


def test_what_others_made_of_a_row_is_a_conflict_for_a_new_wish():
    result = step(made("1", replaced="", seen=True), "0", "2", now=11)
    assert (result.conflicts, result.changes) == ({"a": "0"}, ())


def test_a_removal_that_does_not_show_is_made_again_and_a_new_row_of_others_is_not_removed():
    again = step(made(None, replaced="1"), "1", None, now=11)
    assert again.changes == (Change("a", "1", None),)
    theirs = step(made(None, replaced="1"), "new", None, now=11)
    assert (theirs.changes, theirs.conflicts) == ((), {"a": "new"})


@pytest.mark.parametrize("wanted", ["1", None])
def test_of_a_key_in_an_unreadable_part_nothing_is_written_and_nothing_settles(wanted):
    one = made("1", until=-20)
    for now in (3.0, 5.0):
        result = step(one, None, wanted, now=now, unreadable={"a": "broken"})
        assert (result.changes, result.hidden) == ((), {"a": "broken"})
        assert result.verdict is not Verdict.SETTLE


def test_an_unreadable_part_keeps_no_other_key_waiting():
    reading = Reading({}, unreadable={"user:": "broken"})
    wanted = {"role:x": "1"}
    result = next_step(Memory(), reading, wanted, now=NOW, rules=SHARED)
    assert (result.changes, result.hidden) == ((Change("role:x", None, "1"),), {})


def test_two_looks_at_an_unreadable_part_are_blocked_not_settled():
    reading = Reading({}, unreadable={"a": "broken"})
    first = next_step(Memory(), reading, {"a": "1"}, now=NOW, rules=SHARED)
    memory = Memory(agreed_at=first.agreed_at, agreed_digest=first.agreed_digest)
    second = next_step(memory, reading, {"a": "1"}, now=at(2), rules=SHARED)
    assert second.verdict is Verdict.BLOCKED
