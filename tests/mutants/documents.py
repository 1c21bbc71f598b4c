"""Defects of the documents: policies and aws-auth."""

from tests.mutants.mutant import Mutant

IAM = "tests/policies/documents/test_iam.py::test_"
MAP = "tests/policies/documents/test_auth_map.py::test_"
SPLICE = "tests/policies/documents/test_auth_splice.py::test_"
NAMES = "tests/policies/documents/test_names.py::test_"


def _mutant(name: str, file: str, old: str, new: str, test: str, harm: str) -> Mutant:
    return Mutant(name, f"policies/documents/{file}.py", old, new, (test,), harm)


TEMPLATES = "tests/policies/test_templates.py::test_"
ALL = (
    _mutant(
        "values of a negated condition are merged",
        "iam",
        'if len(pairs) != 1 or "Not" in pairs[0][0] or',
        "if len(pairs) != 1 or",
        TEMPLATES + "values_of_a_negated_condition_are_not_put_together",
        "A second grant makes the first one smaller.",
    ),
    _mutant(
        "a wildcard is taken for its letters",
        "ceiling",
        "any(fnmatchcase(one, action) for one in _KEY_POLICIES)",
        "action in _KEY_POLICIES",
        TEMPLATES + "nothing_rises_above_the_ceiling",
        "kms:Create* gives away a key that kms:CreateGrant may not.",
    ),
    _mutant(
        "a variable passes as a value",
        "template",
        'and "${" not in value',
        "",
        TEMPLATES + "plain_text_is_never_more_than_it_says",
        "What was approved for one name means whoever is asking.",
    ),
    _mutant(
        "merging drops a condition value",
        "iam",
        "values |= {*listed(other",
        "values &= {*listed(other",
        IAM + "statements_that_differ_in_one_conditions_values_are_one_with_all_of_them",
        "A second execution role takes the first one away.",
    ),
    _mutant(
        "a foreign statement is dropped",
        "iam",
        "[canonical_statement(one) for one in statements]",
        '[canonical_statement(one) for one in statements if "Gatehouse" in one.get("Sid", "")]',
        IAM + "canonical_text_keeps_every_statement",
        "A statement that others put into our policy is not seen as drift.",
    ),
    _mutant(
        "the order of actions counts",
        "iam",
        "same[name] = sorted(set(listed(same[name])))",
        "same[name] = listed(same[name])",
        IAM + "a_bare_string_and_another_order_are_the_same",
        "IAM's own way of writing is drift for ever, and access is never confirmed.",
    ),
    _mutant(
        "a bare string is a list of letters",
        "iam",
        "return list(value) if isinstance(value, list) else [value]",
        "return list(value)",
        IAM + "a_bare_string_and_another_order_are_the_same",
        "Policies that IAM returns in short form are never recognised.",
    ),
    _mutant(
        "any statement of that name will do",
        "iam",
        "return one is not None and _united(one, wanted) == one",
        "return one is not None",
        IAM + "a_document_covers_what_it_holds_and_nothing_more",
        "A role that may not be passed yet is called confirmed.",
    ),
    _mutant(
        "white space counts against the quota",
        "iam",
        r'len(re.sub(r"\s", "", policy_text))',
        "len(policy_text)",
        IAM + "white_space_does_not_count_against_the_quota",
        "Requests that fit are refused.",
    ),
    _mutant(
        "the first duplicate wins",
        "auth_map",
        "namesakes[-1] is entry",
        "namesakes[0] is entry",
        MAP + "the_state_shows_every_entry_of_the_map_once",
        "The portal shows groups that the cluster does not give.",
    ),
    _mutant(
        "node rows may be edited",
        "auth_map",
        'startswith("system:node:")',
        'startswith("system:node:-")',
        MAP + "rows_the_cluster_depends_on_are_protected",
        "A cluster loses its nodes by an approved request.",
    ),
    _mutant(
        "duplicates are edited",
        "auth_splice",
        "if len(found) > 1:",
        "if len(found) > 9:",
        SPLICE + "editing_goes_by_the_rules_of_the_portal",
        "A removed row uncovers an older one with more groups.",
    ),
    _mutant(
        "who gets in is not read back",
        "auth_splice",
        "if _meaning(after) != expected:",
        "if _meaning(after) != expected and not after:",
        SPLICE + "verify_refuses_a_text_that_does_not_read_back_as_meant",
        "A map that locks somebody out is written.",
    ),
    _mutant(
        "other entries are not read back",
        "auth_splice",
        "if _others(old, changes) != _others(new, changes):",
        "if len(_others(old, changes)) != len(_others(new, changes)):",
        SPLICE + "verify_refuses_a_changed_field_of_another_entry_that_lets_the_same_people_in",
        "Another team's row is changed and nobody notices.",
    ),
    _mutant(
        "comments inside a row are lost",
        "auth_cut",
        "return above + block_text(",
        "return block_text(",
        SPLICE + "a_replaced_row_keeps_its_place_its_comments_and_foreign_keys",
        "Whoever wrote “do not remove, see ticket” wrote it in vain.",
    ),
    _mutant(
        "line endings are ours",
        "auth_lines",
        'return str((_NEWLINE.findall(text) or ["\\n"])[-1])',
        'return "\\n"',
        SPLICE + "an_appended_row_stands_after_the_text_as_it_was",
        "A map kept with Windows line endings shows as changed in every line.",
    ),
    _mutant(
        "the size is not checked",
        "auth_splice",
        "if size_bytes(after) > max(",
        "if len(after) > max(",
        SPLICE + "nothing_is_written_over_the_size_limit_but_removals_pass",
        "Kubernetes refuses every later change of the map.",
    ),
    _mutant(
        "role paths are kept",
        "names",
        'path = "/" if match["kind"] == "role" else match["path"]',
        'path = match["path"]',
        NAMES + "an_arn_is_written_in_the_form_that_matches",
        "The row never matches: access is confirmed and does not work.",
    ),
)
