"""Defects of the passes."""

from tests.mutants.mutant import Mutant

TURNS = "tests/journeys/test_rare_turns.py::test_"
HONEST = "tests/journeys/test_honesty.py::test_"
LEASES = "tests/journeys/test_leases.py::test_"
DURING = "tests/journeys/test_during_a_pass.py::test_"
ALIVE = "tests/policies/test_living.py::test_"

STAGES = "tests/journeys/test_stages.py::test_"
DEATH = "tests/journeys/test_death.py::test_"


def _mutant(name: str, file: str, old: str, new: str, test: str, harm: str) -> Mutant:
    return Mutant(name, f"policies/reconcile/{file}.py", old, new, (test,), harm)


ALL = (
    _mutant(
        "settle at the current generation",
        "passes",
        '"settled_generation": target.generation,',
        '"settled_generation": F("generation"),',
        DURING + "a_wish_raised_while_two_looks_agree_is_not_settled_with_them",
        "An end that comes while AWS is read is lost: access stays.",
    ),
    Mutant(
        "the lease is not asked before a write",
        "policies/clients.py",
        "if writing and not self.allowed():",
        "if writing and not self:",
        (LEASES + "every_write_asks_for_leave_after_its_waiting_and_right_before_it_is_sent",),
        "A worker that woke up late gives what was ended meanwhile.",
    ),
    Mutant(
        "a lent identity stays with the client",
        "policies/sessions.py",
        "_acting.reset(token)",
        "del token",
        (
            "tests/policies/test_sessions.py::test_an_identity_is_lent_for_one_call_and_then_taken_back",
        ),
        "A call for which nobody said who it is goes out as whoever came before.",
    ),
    _mutant(
        "anybody may settle",
        "lease",
        "Target.objects.filter(pk=self.target.pk, lease_token=self.token)\n        return bool",
        "Target.objects.filter(pk=self.target.pk)\n        return bool",
        DURING + "a_worker_that_lost_its_lease_settles_nothing",
        "A worker that woke up late calls an old reading confirmed.",
    ),
    _mutant(
        "two workers hold one lease",
        "lease",
        "Q(lease_until__isnull=True) | Q(lease_until__lte=Now()),",
        "Q(),",
        HONEST + "a_second_pass_over_a_leased_target_does_nothing",
        "Two workers write one document, and one change is lost.",
    ),
    _mutant(
        "a newer wish is written over",
        "lease",
        "values[name] = Case(When(raised, then=F(name)), default=kept)",
        "values[name] = Case(When(raised, then=kept), default=kept)",
        TURNS + "a_wish_raised_during_a_throttled_write_stays_due_at_once",
        "An urgent end waits for the back-off of an older give.",
    ),
    _mutant(
        "a lost answer is a written one",
        "writing",
        'self.went(group, "lost")',
        'self.went(group, "written")',
        HONEST + "a_lost_answer_settles_by_reading_and_only_after_the_window",
        "A write that never arrived is taken for made.",
    ),
    _mutant(
        "a refused write leaves its mark",
        "writing",
        'one["fate"] in {"refused", "pending"}',
        'one["fate"] in {"pending"}',
        HONEST + "a_denied_write_is_stuck_with_advice_and_leaves_no_trace_of_ownership",
        "What others then put there is taken for ours and removed.",
    ),
    _mutant(
        "a refused shrinking waits for a person",
        "retries",
        "takes = change.after is None or change.key in ending",
        "takes = change.after is None",
        TURNS + "a_refused_write_that_takes_ended_access_away_is_tried_for_ever",
        "An ended execution role stays in the policy because AWS once said no.",
    ),
    _mutant(
        "nothing is in doubt before the answer",
        "writing",
        "doubt=True,",
        "doubt=False,",
        DURING + "what_a_dead_worker_was_about_to_write_is_in_doubt",
        "After a crash the first stale reading is believed.",
    ),
    _mutant(
        "dead plans are forgotten",
        "memory",
        "target.plans.filter(finished_at__isnull=True)",
        "target.plans.filter(finished_at__isnull=True).none()",
        DURING + "what_a_dead_worker_was_about_to_write_is_in_doubt",
        "The record never says what became of a write.",
    ),
    _mutant(
        "what was written last counts, not what was seen",
        "memory",
        "if text != wanted.get(key):",
        "if text is None and wanted.get(key) == text:",
        TURNS + "what_was_given_again_before_its_removal_landed_is_still_ours_to_end",
        "Access given again after a lost removal stays for ever, as if others had given it.",
    ),
    _mutant(
        "removals have the window of gives",
        "memory",
        "(ending if removing else giving)",
        "giving",
        ALIVE + "a_removal_is_looked_at_for_its_own_longer_window",
        "A lagging list shows access as gone that is still there.",
    ),
    _mutant(
        "what others gave is called gone",
        "deliveries",
        "return Delivery.Release.FOUND",
        "return Delivery.Release.GONE",
        HONEST + "an_association_that_was_there_before_is_still_there_after",
        "A leaver's receipt says “gone” over access that is still there.",
    ),
    _mutant(
        "what others still need is called gone",
        "deliveries",
        "return Delivery.Release.NEEDED",
        "return Delivery.Release.GONE",
        HONEST + "two_grants_of_the_same_thing_end_one_by_one",
        "Somebody is told that access is gone, and it works on.",
    ),
    _mutant(
        "a row in conflict is called gone",
        "deliveries",
        "return None if keys & proof.blocked else Delivery.Release.GONE",
        "return Delivery.Release.GONE",
        TURNS + "a_row_edited_by_others_is_not_called_gone_while_it_still_gives_the_group",
        "A row that others edited still lets a leaver in.",
    ),
    Mutant(
        "access begins before its first day",
        "policies/models/grants.py",
        "and (grant.started_at is not None or grant.starts_at <= now)",
        "and bool(grant.starts_at)",
        (ALIVE + "a_grant_lives_from_its_first_moment_until_before_its_last",),
        "Access is given weeks before anybody meant it to be.",
    ),
    Mutant(
        "access outlives its end",
        "policies/models/grants.py",
        "grant.ends_at > now)",
        "grant.ends_at > now.replace(tzinfo=grant.ends_at.tzinfo))",
        (ALIVE + "a_grant_lives_from_its_first_moment_until_before_its_last",),
        "Clocks in two time zones are compared by their faces: access ends hours late.",
    ),
    _mutant(
        "a refused removal waits for a person",
        "retries",
        "retry = now + REMOVAL_RETRY * settings.PACE if takes else",
        "retry = None if takes else",
        HONEST + "a_denied_removal_is_tried_for_ever",
        "Access that AWS once refused to remove stays until somebody looks.",
    ),
    Mutant(
        "the brake lets one too many through",
        "policies/brake.py",
        "stop.unordered > min(",
        "stop.unordered - 1 > min(",
        ("tests/journeys/test_holds.py::test_the_brake_counts_what_nobody_ordered",),
        "A list that came back empty is believed, and everybody is asked anew.",
    ),
    Mutant(
        "the brake counts what people ordered",
        "policies/brake.py",
        "if change.key not in ordered]",
        "if change.key]",
        ("tests/journeys/test_holds.py::test_the_brake_counts_what_nobody_ordered",),
        "A department's last day waits for an administrator.",
    ),
    _mutant(
        "nothing waits for a lower stage",
        "deliveries",
        'return _gives(delivery) and _has(delivery, "lower_unseen")',
        'return _gives(delivery) and _has(delivery, "lower_unseen") is None',
        STAGES + "a_higher_stage_waits_until_the_lower_one_was_seen",
        "The caller is let on before the other side lets anybody in, and is told so.",
    ),
    _mutant(
        "nothing is kept for a higher stage",
        "deliveries",
        'return _gives(delivery) and over and _has(delivery, "higher_left")',
        'return _gives(delivery) and over and _has(delivery, "higher_left") is None',
        STAGES + "at_the_end_a_lower_stage_stays_until_the_higher_one_is_gone",
        "What access stands on goes first, and its end fails halfway.",
    ),
    Mutant(
        "a message every five seconds, for ever",
        "policies/tasks.py",
        "        | Q(twice__lte=Now())\n",
        "        | Q(pk__isnull=False)\n",
        (DEATH + "messages_about_one_target_grow_rarer_the_longer_it_waits",),
        "A slow worker is buried under messages about the same targets.",
    ),
)
