"""The pure middle: what `next_step` does with every mixture of memory, reading and wish."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.plan import (
    Change,
    KeyMemory,
    Memory,
    Origin,
    Reading,
    Rules,
    Verdict,
    next_step,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = Rules()


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def step(memory=None, there=None, wanted=None, *, at=0.0, rules=RULES):
    return next_step(
        memory or Memory(), Reading(there or {}), wanted or {}, now=seconds(at), rules=rules
    )


def looked(memory, there=None, wanted=None, *, at=0.0):
    """The memory after a look, agreeing or not."""
    first = step(memory, there, wanted, at=at)
    return replace(memory, agreed_at=first.agreed_at, agreed_digest=first.agreed_digest)


def made(text, *, until=60.0, **more):
    return KeyMemory(Origin.MADE, text, seconds(until), **more)


def found(text):
    return KeyMemory(Origin.FOUND, text)


def test_a_wanted_key_that_is_absent_is_written():
    assert step(wanted={"a": "1"}).changes == (Change("a", None, "1"),)


def test_a_key_that_is_already_as_wanted_is_found_and_not_written():
    result = step(there={"a": "1"}, wanted={"a": "1"})
    assert (result.verdict, result.found, result.changes) == (Verdict.LOOK, {"a": "1"}, ())


def test_a_key_that_already_stands_with_other_text_is_a_conflict_and_never_written():
    result = step(there={"a": "foreign"}, wanted={"a": "1"})
    assert (result.conflicts, result.changes) == ({"a": "foreign"}, ())


def test_a_conflict_does_not_keep_other_keys_from_being_written():
    result = step(there={"a": "foreign"}, wanted={"a": "1", "b": "2"})
    assert result.changes == (Change("b", None, "2"),)


def test_a_found_key_is_left_when_nobody_wants_it_any_more():
    result = step(Memory({"a": found("1")}), there={"a": "1"})
    assert (result.changes, result.forget) == ((), {"a"})


def test_a_made_key_is_removed_when_nobody_wants_it_any_more():
    result = step(Memory({"a": made("1")}), there={"a": "1"})
    assert result.changes == (Change("a", "1", None),)


def test_foreign_keys_are_never_touched():
    assert step(there={"x": "theirs"}).changes == ()


def test_inside_the_window_a_contrary_look_is_no_reason_to_write():
    memory = Memory({"a": made("1")}, written_at=NOW)
    result = step(memory, there={}, wanted={"a": "1"}, at=3)
    assert (result.verdict, result.next_look_at) == (Verdict.LOOK, seconds(4))


def test_inside_the_window_a_new_wish_is_written_at_once():
    memory = Memory({"a": made("1")}, written_at=NOW)
    result = step(memory, there={}, wanted={"a": "2"}, at=3)
    assert result.changes == (Change("a", "1", "2"),)


def test_a_stale_reading_after_a_removal_does_not_make_the_key_found():
    memory = Memory({"a": made(None, seen=True)}, written_at=NOW)
    result = step(memory, there={"a": "1"}, wanted={"a": "1"}, at=3)
    assert (result.found, result.changes) == ({}, (Change("a", None, "1"),))


def test_a_removal_seen_gone_is_over_and_the_key_then_belongs_to_whoever_uses_it():
    memory = Memory({"a": made(None, until=10, seen=True)})
    result = step(memory, there={"a": "theirs"}, at=20)
    assert (result.changes, result.forget) == ((), {"a"})


def test_one_look_at_an_absent_key_does_not_make_us_forget_that_we_are_removing_it():
    memory = Memory({"a": made(None, until=10)}, written_at=NOW)
    once = looked(memory, there={}, at=20)
    assert step(memory, there={}, at=20).forget == frozenset()
    assert step(once, there={"a": "1"}, at=21).changes == (Change("a", "1", None),)


def test_a_removal_that_still_shows_after_its_window_is_written_again():
    memory = Memory({"a": made(None, until=10)}, written_at=NOW)
    result = step(memory, there={"a": "1"}, at=20)
    assert (result.changes, result.round) == ((Change("a", "1", None),), 1)


def test_after_the_window_the_same_text_is_written_once_more():
    memory = Memory({"a": made("1", until=10)}, written_at=NOW)
    assert step(memory, there={}, wanted={"a": "1"}, at=11).round == 1


def test_after_three_rounds_a_give_waits_for_a_person():
    memory = Memory({"a": made("1", until=10)}, written_at=NOW, round=3, agreed_at=None)
    result = step(memory, there={}, wanted={"a": "1"}, at=11)
    assert (result.changes, result.exhausted) == ((), {"a"})


def test_after_three_rounds_a_removal_goes_on_every_quarter_of_an_hour():
    memory = Memory({"a": made(None, until=10)}, written_at=NOW, round=3)
    assert step(memory, there={"a": "1"}, at=11).changes == ()
    assert step(memory, there={"a": "1"}, at=901).changes == (Change("a", "1", None),)


def test_a_write_that_takes_ended_access_away_goes_on_like_a_removal():
    """The key stays for others; under it something ended still stands."""
    there, wanted = {"a": "both"}, {"a": "one"}
    memory = Memory({"a": made("one", until=10)}, written_at=NOW, round=3)
    assert step(memory, there, wanted, at=901).changes == ()
    ending = replace(memory, ending=frozenset("a"))
    assert step(ending, there, wanted, at=11).changes == ()
    assert step(ending, there, wanted, at=901).changes == (Change("a", "both", "one"),)


def test_two_agreeing_looks_a_second_apart_settle():
    wanted = {"a": "1"}
    memory = Memory({"a": made("1")}, written_at=NOW)
    first = step(memory, there=wanted, wanted=wanted, at=0)
    assert (first.verdict, first.next_look_at) == (Verdict.LOOK, seconds(1))
    agreed = replace(memory, agreed_at=first.agreed_at, agreed_digest=first.agreed_digest)
    assert step(agreed, there=wanted, wanted=wanted, at=0.9).verdict is Verdict.LOOK
    assert step(agreed, there=wanted, wanted=wanted, at=1).verdict is Verdict.SETTLE


def test_an_agreement_about_another_wish_does_not_count():
    other = looked(Memory({"a": made("0")}), there={"a": "0"}, wanted={"a": "0"})
    memory = replace(other, keys={"a": made("1")})
    result = step(memory, there={"a": "1"}, wanted={"a": "1"}, at=5)
    assert (result.verdict, result.agreed_at) == (Verdict.LOOK, seconds(5))


def test_a_key_whose_conflict_ended_between_two_looks_was_seen_once_and_does_not_settle():
    rules = Rules(whole_key=False)
    memory = Memory({"a": made("1", until=10)})
    first = step(memory, there={"a": "edited"}, at=20, rules=rules)
    assert first.conflicts == {"a": "edited"}
    later = replace(memory, agreed_at=first.agreed_at, agreed_digest=first.agreed_digest)
    second = step(later, there={}, at=25, rules=rules)
    assert (second.verdict, second.agreed_at) == (Verdict.LOOK, seconds(25))


def test_a_contrary_look_between_forgets_the_agreement():
    memory = Memory({"a": made("1")}, written_at=NOW, agreed_at=NOW)
    assert step(memory, there={}, wanted={"a": "1"}, at=1).agreed_at is None


def test_after_a_lost_answer_looks_count_only_after_the_window():
    wanted = {"a": "1"}
    memory = looked(Memory({"a": made("1")}, written_at=NOW), there=wanted, wanted=wanted)
    memory = replace(memory, keys={"a": made("1", until=10, doubt=True)})
    result = step(memory, there=wanted, wanted=wanted, at=5)
    assert (result.verdict, result.next_look_at) == (Verdict.LOOK, seconds(10))
    assert step(memory, there=wanted, wanted=wanted, at=11).verdict is Verdict.SETTLE


def test_a_refused_key_is_left_alone_and_the_rest_goes_on():
    memory = Memory(refused={"a": "1"})
    result = step(memory, there={}, wanted={"a": "1", "b": "2"})
    assert result.changes == (Change("b", None, "2"),)


def test_a_refused_key_blocks_settling():
    wanted = {"a": "1"}
    memory = looked(Memory(refused=wanted), wanted=wanted)
    assert step(memory, wanted=wanted, at=1).verdict is Verdict.BLOCKED


def test_a_text_changed_by_others_inside_our_key_is_a_conflict_where_others_edit_too():
    rules = Rules(whole_key=False)
    memory = Memory({"a": made("1", until=10)})
    for wanted in ({"a": "2"}, {}):
        result = step(memory, there={"a": "edited"}, wanted=wanted, at=20, rules=rules)
        assert (result.conflicts, result.changes) == ({"a": "edited"}, ())


def test_a_change_that_never_arrived_is_no_edit_of_others():
    rules = Rules(whole_key=False)
    lost = made("2", until=10, doubt=True, replaced="1")
    result = step(Memory({"a": lost}), {"a": "1"}, {"a": "2"}, at=20, rules=rules)
    assert (result.conflicts, result.changes) == ({}, (Change("a", "1", "2"),))
    result = step(Memory({"a": lost}), {"a": "edited"}, {"a": "2"}, at=20, rules=rules)
    assert result.conflicts == {"a": "edited"}


@pytest.mark.parametrize(
    ("at", "look"), [(0, 1), (0.5, 1), (1, 2), (2, 4), (5, 8), (8, 16), (40, 60)]
)
def test_looks_come_at_doubling_distances_and_never_after_the_window(at, look):
    memory = Memory({"a": made("1")}, written_at=NOW)
    assert step(memory, there={}, wanted={"a": "1"}, at=at).next_look_at == seconds(look)


texts = st.sampled_from(["1", "2", "3"])
keys = st.sampled_from("abcd")
states = st.dictionaries(keys, texts)
memories = st.dictionaries(
    keys,
    st.builds(
        KeyMemory,
        st.sampled_from(Origin),
        st.one_of(st.none(), texts),
        st.one_of(st.none(), st.integers(-20, 20).map(seconds)),
        st.booleans(),
        st.booleans(),
    ),
)


@given(memories, states, states, st.booleans())
def test_only_keys_that_were_never_foreign_are_changed(keys, there, wanted, whole):
    result = next_step(Memory(keys), Reading(there), wanted, now=NOW, rules=Rules(whole_key=whole))
    for change in result.changes:
        one = keys.get(change.key)
        ours = one is not None and one.origin is not Origin.FOUND
        absent = change.key not in there or (one is not None and one.seen and one.text is None)
        assert ours or absent
        assert change.after == wanted.get(change.key)


@given(memories, states, states)
def test_what_is_settled_is_what_was_read(keys, there, wanted):
    memory = looked(Memory(keys), there=there, wanted=wanted, at=-5)
    result = next_step(memory, Reading(there), wanted, now=NOW, rules=RULES)
    if result.verdict is Verdict.SETTLE:
        assert {key: there.get(key) for key in wanted} == wanted


@given(memories, states, states)
def test_every_step_writes_settles_blocks_or_names_its_next_look(keys, there, wanted):
    result = next_step(Memory(keys), Reading(there), wanted, now=NOW, rules=RULES)
    if result.verdict is Verdict.LOOK:
        assert result.next_look_at is not None
        assert result.next_look_at > NOW
