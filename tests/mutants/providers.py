"""Defects of the code that reads and changes AWS."""

from tests.mutants.mutant import Mutant

PURE = "tests/policies/test_providers.py::test_"
TURNS = "tests/journeys/test_rare_turns.py::test_"
HONEST = "tests/journeys/test_honesty.py::test_"

ENTRIES = "tests/journeys/test_access_entries.py::test_"
STUDIO = "tests/journeys/test_studio.py::test_"


def _mutant(name: str, file: str, old: str, new: str, test: str, harm: str) -> Mutant:
    return Mutant(name, f"policies/providers/{file}.py", old, new, (test,), harm)


AGAIN = "tests/journeys/test_given_again.py::test_what_is_called_seen_stands_there"

ALL = (
    _mutant(
        "a row that the reading shows already is not written",
        "cluster_auth_map",
        "    if made:\n        _patch(",
        "    if made and after != before:\n        _patch(",
        AGAIN,
        "Given again before AWS shows its end, a row is called confirmed and is not there.",
    ),
    _mutant(
        "a reading says what a policy of ours holds",
        "managed",
        "before.removeprefix(NOT_ATTACHED) != text",
        "_text(clients, arn) != text",
        AGAIN,
        "Given again before IAM shows its end, a policy is called confirmed and is not there.",
    ),
    _mutant(
        "not found is success when giving",
        "portfolio_principals",
        "            clients.call(_SERVICE, _ON, **pair)",
        "            keyed.unless(_is_gone, clients, _SERVICE, _ON, **pair)",
        TURNS + "giving_what_aws_does_not_find_is_refused",
        "A grant into a deleted portfolio waits for ever and nobody is told why.",
    ),
    _mutant(
        "additions come first",
        "keyed",
        "key=lambda one: one.after is not None",
        "key=lambda one: one.after is None",
        PURE + "removals_come_first_so_that_what_they_free_can_be_used",
        "A full portfolio refuses the newcomer whose place has just come free.",
    ),
    _mutant(
        "others do not count against the quota",
        "portfolio_principals",
        'basis["others"] + len(desired(place, parts))',
        "len(desired(place, parts))",
        PURE + "others_principals_count_against_the_quota_and_ours_count_once",
        "A request is approved that AWS then refuses.",
    ),
    _mutant(
        "any policy of ours holds any part",
        "principal_policy",
        "any(iam.covers(text, piece) for text in attached) for piece",
        "bool(attached) for piece",
        PURE + "a_policy_holds_a_part_only_with_its_execution_role",
        "A second role is called confirmed because the first one is there.",
    ),
    _mutant(
        "a role of the same name will do",
        "principal_policy",
        'if about["Arn"] != place.object:',
        'if about["Arn"].rsplit("/", 1)[-1] != place.object.rsplit("/", 1)[-1]:',
        TURNS + "an_identity_of_the_same_name_at_another_path_is_not_the_one_meant",
        "Somebody else who got a freed name gets the access with it.",
    ),
    _mutant(
        "untagged roles are written",
        "principal_policy",
        "    for problem in problems(reading, place, parts):\n        raise Outcome",
        "    for problem in ():\n        raise Outcome",
        TURNS + "a_role_that_lost_its_tag_is_not_written",
        "A role whose owner withdrew it from the portal is changed all the same.",
    ),
    _mutant(
        "not found on removal is a failure",
        "principal_policy",
        'if error.code != "NoSuchEntity":\n            raise\n\n\ndef _key(',
        'if error.code != "NoSuchEntityException":\n            raise\n\n\ndef _key(',
        TURNS + "removing_what_is_gone_already_is_no_refusal",
        "What somebody removed by hand can never be confirmed as gone.",
    ),
    _mutant(
        "the last group wins",
        "cluster_auth_map",
        'groups.add(part["group"])',
        'groups.intersection_update({part["group"]}) or groups.add(part["group"])',
        PURE + "groups_of_one_arn_are_united_in_one_row",
        "A second grant takes the first one's group away.",
    ),
    _mutant(
        "the user name does not matter",
        "cluster_auth_map",
        'row["username"] == part["username"] and part["group"] in row["groups"]',
        'part["group"] in row["groups"]',
        PURE + "a_row_holds_a_part_only_with_its_group_and_its_user_name",
        "Somebody is somebody else on the cluster, and it is called confirmed.",
    ),
    _mutant(
        "the newest version is taken for the one that was read",
        "cluster_auth_map",
        "version=reading.version",
        'version=read(clients, place).version if reading.version else ""',
        HONEST + "a_concurrent_editor_of_the_map_loses_nothing",
        "Whoever edits the map at the same moment loses the edit.",
    ),
    Mutant(
        "a machine's entry may be removed",
        "policies/providers/cluster_access_entries.py",
        "    if text == UNREAD:\n        return _(",
        "    if not text:\n        return _(",
        (ENTRIES + "nobody_removes_an_entry_that_was_not_looked_into",),
        "An administrator tidies up, and the nodes leave the cluster.",
    ),
    Mutant(
        "the lowest level wins",
        "policies/providers/studio_sessions.py",
        'key=lambda part: (-len(part["above"])',
        'key=lambda part: (len(part["above"])',
        (STUDIO + "the_highest_living_level_wins_and_the_lower_one_comes_back",),
        "Somebody who was given more cannot use it, and is told that it is confirmed.",
    ),
)
