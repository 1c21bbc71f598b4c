"""Defects of the pure decision."""

from tests.mutants.mutant import Mutant

FILE, TESTS = "policies/plan.py", "tests/policies/test_plan.py::test_"
DRIFT = "tests/policies/test_plan_drift.py::test_"


def _mutant(name: str, old: str, new: str, test: str, harm: str) -> Mutant:
    return Mutant(name, FILE, old, new, (TESTS + test,), harm)


ALL = (
    _mutant(
        "one look is enough",
        "since is not None and now >= since",
        "since is None or now >= since",
        "two_agreeing_looks_a_second_apart_settle",
        "A single stale reading tells somebody that access is given or gone.",
    ),
    _mutant(
        "looks need no distance",
        "AGREEMENT_SECONDS = 1.0",
        "AGREEMENT_SECONDS = 0.0",
        "two_agreeing_looks_a_second_apart_settle",
        "Two readings of one stale cache count as two.",
    ),
    _mutant(
        "an agreement about another wish counts",
        "memory.agreed_at if memory.agreed_digest == agreement else None",
        "memory.agreed_at",
        "an_agreement_about_another_wish_does_not_count",
        "What was just approved is called confirmed after a single look.",
    ),
    _mutant(
        "a lost answer is trusted",
        "if one.doubt and one.in_window(now)]",
        "if one.doubt and not one.in_window(now)]",
        "after_a_lost_answer_looks_count_only_after_the_window",
        "A write whose answer was lost is called confirmed by a stale reading.",
    ),
    _mutant(
        "a stale reading counts inside the window",
        "        return one.text\n",
        "        pass\n",
        "inside_the_window_a_contrary_look_is_no_reason_to_write",
        "Each lagging read makes us write again, and throttles everybody else.",
    ),
    _mutant(
        "what nobody here wants is removed",
        "open_keys = (wanted.keys() | _ours(keys))",
        "open_keys = (wanted.keys() | reading.state.keys())",
        "foreign_keys_are_never_touched",
        "Everybody's access that was given outside of the portal is taken away.",
    ),
    _mutant(
        "found things are written over",
        "foreign = one.origin is Origin.FOUND and key in wanted",
        "foreign = False",
        "a_key_that_already_stands_with_other_text_is_a_conflict_and_never_written",
        "A colleague's hand-made entry is replaced by ours.",
    ),
    _mutant(
        "others' edits inside ours are written over",
        "and not rules.whole_key",
        "and rules.whole_key",
        "a_text_changed_by_others_inside_our_key_is_a_conflict_where_others_edit_too",
        "An administrator's emergency edit of a row is silently undone.",
    ),
    _mutant(
        "a lost change is taken for others' edit",
        "(one.doubt or one.text is None))",
        "(one.text is None))",
        "a_change_that_never_arrived_is_no_edit_of_others",
        "A broken connection holds a whole cluster until a person looks.",
    ),
    _mutant(
        "one look forgets a removal",
        "(_is_removal(one) and one.seen and not one.in_window(now))",
        "(_is_removal(one) and not one.in_window(now))",
        "one_look_at_an_absent_key_does_not_make_us_forget_that_we_are_removing_it",
        "Access that comes back into view after a stale read stays for ever.",
    ),
    _mutant(
        "a removal is forgotten inside its window",
        "(_is_removal(one) and one.seen and not one.in_window(now))",
        "(_is_removal(one) and one.seen)",
        "a_stale_reading_after_a_removal_does_not_make_the_key_found",
        "Given again at once, access is taken for somebody else's and never ends.",
    ),
    _mutant(
        "one round too many",
        "if memory.round < ROUNDS:",
        "if memory.round <= ROUNDS:",
        "after_three_rounds_a_give_waits_for_a_person",
        "Nobody is told that AWS swallows a write; it goes on unseen.",
    ),
    _mutant(
        "removals give up",
        "if change.key in again and not (due and _takes_away(change, memory))",
        "if change.key in again",
        "after_three_rounds_a_removal_goes_on_every_quarter_of_an_hour",
        "A leaver keeps access because AWS was unwell for an hour.",
    ),
    _mutant(
        "only whole removals are removals",
        "return change.after is None or change.key in memory.ending",
        "return change.after is None",
        "a_write_that_takes_ended_access_away_goes_on_like_a_removal",
        "Somebody keeps an ended part of a policy that others still need.",
    ),
    _mutant(
        "a refusal does not block settling",
        "blocked = bool(conflicts or exhausted or memory.refused or drift or hidden)",
        "blocked = bool(conflicts or exhausted or drift or hidden)",
        "a_refused_key_blocks_settling",
        "The page says “confirmed in AWS” over what AWS refused.",
    ),
    _mutant(
        "a refused write is sent again at once",
        "memory.refused[change.key] == change.after",
        "memory.refused[change.key] != change.after",
        "a_refused_key_is_left_alone_and_the_rest_goes_on",
        "One denied key is tried in every pass and starves all others.",
    ),
    _mutant(
        "looks miss the end of the window",
        "return min([start + rules.seconds(wait), *filter(None, ends)])",
        "return start + rules.seconds(wait)",
        "looks_come_at_doubling_distances_and_never_after_the_window",
        "A lost write is made again a minute later than it could be.",
    ),
    _mutant(
        "looks come at even distances",
        "wait *= 2",
        "wait += 1",
        "looks_come_at_doubling_distances_and_never_after_the_window",
        "A slow AWS is asked every second by every target.",
    ),
    _mutant(
        "an agreement is about what is wanted alone",
        "about = wanted.keys() | keys.keys() | left",
        "about = wanted.keys()",
        "a_key_whose_conflict_ended_between_two_looks_was_seen_once_and_does_not_settle",
        "A row that others edit while we look is called gone after one look.",
    ),
    Mutant(
        "drift is believed after one look",
        FILE,
        "agreed = Verdict.DRIFT",
        "agreed = Verdict.DRIFT; step = Step(Verdict.SETTLE)",
        (DRIFT + "one_contrary_look_is_no_drift_and_two_agreeing_ones_are",),
        "A stale reading is told as somebody's change, and put back over nothing.",
    ),
    Mutant(
        "drift is put back whoever said so",
        FILE,
        "confirmed & memory.repairable",
        "confirmed",
        (DRIFT + "confirmed_drift_is_left_until_it_may_be_put_back",),
        "What another team changed on purpose is undone again and again.",
    ),
    Mutant(
        "what was overwritten is not said",
        FILE,
        "overwrites=_overwrites(keys, changes, reading, now),",
        "",
        (DRIFT + "a_new_wish_is_written_over_drift_and_says_what_it_overwrites",),
        "Somebody's change disappears and nobody can put it back.",
    ),
    Mutant(
        "our mark means nothing",
        FILE,
        "ours = key in reading.marked",
        "ours = False",
        (DRIFT + "an_entry_with_our_mark_is_ours_and_one_without_it_is_not",),
        "After a restore every policy of ours is a conflict.",
    ),
)
