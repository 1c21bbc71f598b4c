"""Defects of what stands between us and a place that others write."""

from tests.mutants.mutant import Mutant

JOURNEY = "tests/journeys/test_external.py::test_"

ALL = (
    Mutant(
        "others' places are looked at like ours",
        "policies/plan.py",
        "    if rules.watching:\n        return",
        "    if False:\n        return",
        (JOURNEY + "others_access_there_is_seen_while_one_waits",),
        "While one change waits for Terraform, nothing else there is confirmed or seen gone.",
    ),
    Mutant(
        "what ended in others' places is not asked to go",
        "policies/reconcile/wishes.py",
        "clearing=clearing | standing_still if watching else clearing",
        "clearing=clearing",
        (JOURNEY + "what_its_owner_makes_is_seen_and_what_is_to_go_is_waited_for",),
        "A leaver's access that Terraform holds is called gone while it stands.",
    ),
    Mutant(
        "a place that changes hands is written by the pass under way",
        "policies/reconcile/holds.py",
        "pk=target.pk, managed_by=ManagedBy.EXTERNAL",
        "pk=None, managed_by=ManagedBy.EXTERNAL",
        (JOURNEY + "a_place_that_changes_hands_during_a_pass_is_not_written",),
        "A worker writes into what Terraform owns.",
    ),
)
