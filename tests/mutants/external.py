"""Defects of what stands between us and a place that others write."""

from tests.mutants.mutant import Mutant

JOURNEY = "tests/journeys/test_external.py::test_"

ALL = (
    Mutant(
        "others' places are written like ours",
        "policies/plan.py",
        "    if rules.watching:\n        return",
        "    if False:\n        return",
        (JOURNEY + "what_its_owner_makes_is_seen_and_what_is_to_go_is_waited_for",),
        "What Terraform made is called left in place when access ends, and nobody takes it away.",
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
