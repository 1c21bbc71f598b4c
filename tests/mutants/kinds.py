"""Defects of what guards the rarer kinds: the ceiling, hosts, groups, moves, what is left over."""

from tests.mutants.mutant import Mutant

ALL = (
    Mutant(
        "the worker forgets the ceiling",
        "policies/providers/principal_policy.py",
        "for part in parts for one in _statements(part) for breach in above(one)]",
        "for part in parts[:0] for one in _statements(part) for breach in above(one)]",
        ("tests/journeys/test_ceiling.py::test_what_is_above_the_ceiling_is_never_written",),
        "A row forged in the database makes its author an administrator of AWS.",
    ),
    Mutant(
        "any host hears the token",
        "policies/rest.py",
        "    if host not in allowed:",
        "    if False:",
        (
            "tests/journeys/test_workspace.py::test_a_host_that_is_not_allowed_never_hears_the_token",
        ),
        "Whoever changes a workspace's host in the catalogue gets its administrator token.",
    ),
    Mutant(
        "others' lists in a domain are not kept",
        "policies/providers/domain_roles.py",
        "kept = [one for one in mapping.get(name, ()) if one not in asked]",
        "kept: list[str] = []",
        ("tests/journeys/test_domain.py::test_whoever_registers_holds_the_role_inside",),
        "One person's snapshots take everybody else's away.",
    ),
    Mutant(
        "a user of the same name is a group",
        "policies/documents/rbac.py",
        'if one.get("kind") == "Group":',
        "if one:",
        (
            "tests/policies/documents/test_rbac.py::test_a_user_or_account_of_the_same_name_is_no_group",
        ),
        "Whoever decides reads rights that the group does not have.",
    ),
    Mutant(
        "rows go before their entries were seen",
        "policies/access/moves.py",
        "entry is None or not (entry.state == Delivery.State.SEEN or _has_not_begun(grant))",
        "entry is None",
        (
            "tests/journeys/test_migrate_auth_map.py::"
            "test_the_entry_comes_before_the_row_goes_and_it_goes_on_where_it_stopped",
        ),
        "Between row and entry nobody gets into the cluster.",
    ),
    Mutant(
        "incomplete access is told again and again",
        "policies/lifecycle.py",
        "            if waiting.update(incomplete_at=now):",
        "            if waiting.exists():",
        (
            "tests/journeys/test_incomplete.py::test_the_owner_is_told_once_and_only_when_it_is_late",
        ),
        "The owner gets a message each minute, and reads none of them.",
    ),
)
