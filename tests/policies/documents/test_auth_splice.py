"""Rows come and go; every byte of somebody else's stays."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.documents.auth_map import LIMIT_BYTES, effective
from policies.documents.auth_rows import Row, read, row_key, wanted_row
from policies.documents.auth_splice import splice, verify
from policies.documents.auth_text import Refused, Unreadable
from policies.documents.names import BadName, check_group, check_username

FACTS = json.loads((Path(__file__).parent / "data" / "aws_auth.json").read_text())
ROLE = "arn:aws:iam::111122223333:role/"
NODE = (
    f"- rolearn: {ROLE}eks-node\n  username: system:node:{{{{EC2PrivateDNSName}}}}\n"
    "  groups:\n  - system:bootstrappers\n  - system:nodes\n"
)
NEW = wanted_row(f"{ROLE}new", "new:{{SessionName}}", ["b", "a"])
TRAPS = [
    *("1e3", "0o17", "08", "-.8", "y", "n", "yes", "no", "on", "off", "~", "null", "true", ".5"),
    *("1_000", "0x1f", "2024-01-01", "12:30:45", "=", "<<", "-", "? a", "#", " # ", "&a", "*a"),
    *("!t", "|x", ">x", "%x", "@x", "`x", "[", "]", "{", "}", ",", "'", '"', "\\", "\\n", "a: b"),
    *("a #b", "😀", "é", "\U0001f9d1", "---", "...", "x  y", ":", "a,b"),
]

# Hand-edited maps, as people and tools leave them: all readable, all to be left as they were.
FOREIGN = [
    NODE,
    NODE.rstrip("\n"),
    NODE.replace("\n", "\r\n"),
    "\ufeff" + NODE.replace("\n", "\r\n"),
    NODE.replace("\n", "\r\n").rstrip(),
    "\n\n# team A\n" + NODE + "\n# the end\n",
    NODE + "  # indented end, no break",
    "---\n" + NODE,
    "%YAML 1.1\n--- # start\n" + NODE + "\n\n",
    "".join(f"    {line}\n" for line in NODE.splitlines()),
    f"-   rolearn: {ROLE}x # why\n\n    username: |-\n      x\n    note: by hand\n  # in between\n"
    f"- hello\n-\n- {{rolearn: '{ROLE}flow', username: f,\n    groups: [a]}}\n",
    f"-\n rolearn: {ROLE}below\n username: x\n",
    f'- rolearn: {ROLE}q\n  username: "two\n- lines"\n- last: |+\n    kept\n\n\n',
    f"- &a {{rolearn: {ROLE}a, username: a, groups: &g [x]}}\n- {{rolearn: {ROLE}b, groups: *g}}\n",
    f"- rolearn: {ROLE}dup\n- rolearn: {ROLE}dup\n- rolearn: {ROLE}team/new\n  username: p\n",
    *("", "''", '""', "``", "null", "~ # none", "\n", "  ", "\ufeff", "---", "--- # c\n"),
    *("# only\n# comments", "# only\n", "[]", "[]\n", "[ ] # none\n", "[\n]\r\n", "[ # c\n]\n"),
    f"[{{rolearn: '{ROLE}f', username: f, groups: [a]}}]",
    f'[\n  {{"rolearn": "{ROLE}f", "username": "f"}}, # first\n  {{"x": [1]}},\n]\n',
]
VISIBLE = st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp"))
NAMES = st.one_of(st.sampled_from(TRAPS), st.text(VISIBLE, min_size=1, max_size=20))


def _passes(check: Any, name: str) -> bool:
    try:
        check(name)
    except BadName:
        return False
    return True


USERNAMES = NAMES.filter(lambda name: _passes(check_username, name))
GROUPS = st.lists(NAMES.filter(lambda name: _passes(check_group, name)), max_size=3)
ROWS = st.dictionaries(st.integers(0, 9), st.tuples(USERNAMES, GROUPS), min_size=1, max_size=5).map(
    lambda d: [wanted_row(f"{ROLE}team/new{n}", u, g) for n, (u, g) in d.items()]
)


@pytest.mark.parametrize("fact", [pytest.param(f, id=f["case"]) for f in FACTS["editing"]])
def test_editing_goes_by_the_rules_of_the_portal(fact: dict[str, Any]) -> None:
    changes = {k: v and wanted_row(*v) for k, v in fact["change"].items()}
    if isinstance(fact["then"], str) and fact["then"] != "same":
        with pytest.raises(Refused, match=fact["then"].removeprefix("refused: ")) as caught:
            splice(fact["given"], changes)
        assert caught.value.remedy
    else:
        after = fact["given"] if fact["then"] == "same" else fact["then"]
        assert splice(fact["given"], changes) == after


@pytest.mark.parametrize("text", FOREIGN)
@settings(deadline=None, max_examples=25)
@given(rows=ROWS, data=st.data())
def test_what_was_added_and_removed_leaves_no_trace(
    text: str, rows: list[Row], data: st.DataObject
) -> None:
    before = {"mapRoles": text, "teamNote": "keep", "mapUsers": "a: b: c"}
    full = splice(before, {row.key: row for row in rows})
    assert effective(full) == effective(before) | {
        row.arn.lower(): ("role", row.username, row.groups) for row in rows
    }
    kept = [entry.raw for entry in read(text).entries]
    assert [entry.raw for entry in read(full["mapRoles"]).entries][: len(kept)] == kept
    order = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(order)))
    partly = splice(full, {row.key: None for row in order[:cut]})
    assert splice(partly, {row.key: None for row in order[cut:]}) == before


PIECES = st.sampled_from(
    [
        *("- hello", "-", "- ", "-  a: b", "  a: b", "  c:", "  - d", "   - e # f", "# g", "  # h"),
        *("- |", "- >+", "  x", "    y", "- 'q", "r'", "- [a,", " b]", "- {rolearn: x}", "---"),
        *("[", "]", "{a: b}", "{c: d},", ",", "null", "~", "''", "...", "- rolearn: y", "\t", " "),
        *("- &a z", "- *a", "? k", ": v", "\ufeff", "%YAML 1.1", "- !!str n", "  username: u"),
    ]
)
BREAKS = st.sampled_from(["\n", "\n", "\n\n", "\r\n", "\r", "\u2028", "\x85", " ", ""])


def _joined(pieces: list[tuple[str, str]]) -> str:
    return "".join(piece + end for piece, end in pieces)


@settings(deadline=None, max_examples=200)
@given(
    text=st.lists(st.tuples(PIECES, BREAKS), max_size=8).map(_joined),
    rows=ROWS,
)
def test_any_text_is_refused_or_comes_back_byte_for_byte(text: str, rows: list[Row]) -> None:
    before = {"mapRoles": text}
    try:
        full = splice(before, {row.key: row for row in rows})
    except Refused:
        return
    for row in rows:
        full = splice(full, {row.key: None})
    assert full == before


@pytest.mark.parametrize("text", FOREIGN)
def test_an_appended_row_stands_after_the_text_as_it_was(text: str) -> None:
    after = splice({"mapRoles": text}, {NEW.key: NEW})["mapRoles"]
    if text.startswith(("---", "%", "- ", " ", "\n", "#", "\ufeff")):
        assert after.startswith(text)
    entry = read(after).entries[-1]
    assert entry.row is not None
    assert entry.row.key == NEW.key
    if text.count("\r\n") == text.count("\n") > 0:
        assert after.count("\r\n") == after.count("\n")


@pytest.mark.parametrize("text", FOREIGN)
def test_a_replaced_row_changes_alone(text: str) -> None:
    other = wanted_row(f"{ROLE}other", "o", [])
    full = splice({"mapRoles": text}, {NEW.key: NEW, other.key: other})
    again = wanted_row(NEW.arn, "1e3", [])
    after = splice(full, {NEW.key: again})
    assert effective(after) == effective(full) | {NEW.arn: ("role", "1e3", ())}
    assert splice(after, {NEW.key: NEW}) == full


def test_a_section_that_was_absent_is_absent_again() -> None:
    full = splice({"note": "x"}, {NEW.key: NEW})
    assert full["mapRoles"].startswith("# Empty before Gatehouse")
    assert full["note"] == "x"
    assert splice(full, {NEW.key: None}) == {"note": "x"}


@pytest.mark.parametrize("below", ["", "\n", "# mine\n"])
def test_a_text_that_is_only_our_comment_is_put_back_too(below: str) -> None:
    mark = splice({}, {NEW.key: NEW})["mapRoles"].splitlines(keepends=True)[0]
    before = {"mapRoles": mark + below}
    assert splice(splice(before, {NEW.key: NEW}), {NEW.key: None}) == before


def test_our_comment_is_left_where_somebody_wrote_below_it() -> None:
    full = splice({"mapRoles": "''"}, {NEW.key: NEW})
    mark = full["mapRoles"].splitlines(keepends=True)[0]
    edited = {"mapRoles": full["mapRoles"] + "# mine\n"}
    assert splice(edited, {NEW.key: None}) == {"mapRoles": mark + "# mine\n"}


def test_a_forged_comment_cannot_bring_rows_in() -> None:
    row = splice({}, {NEW.key: NEW})["mapRoles"].split("\n", 1)[1]
    mark = splice({}, {NEW.key: NEW})["mapRoles"].split("null", 1)[0]
    forged = {"mapRoles": mark + json.dumps(NODE) + "\n" + row}
    with pytest.raises(Refused, match="not what was meant"):
        splice(forged, {NEW.key: None})


def test_only_the_lines_of_the_removed_row_go() -> None:
    ours = f"  -  rolearn: {ROLE}x # of the row\n     # inside\n     username: x\n"
    above, below = "  # above\n", "  # below\n\n  - hello # last\n"
    after = splice({"mapRoles": above + ours + below}, {row_key(f"{ROLE}x"): None})
    assert after == {"mapRoles": above + below}


def test_a_removed_row_that_ends_in_a_block_of_text_takes_nothing_along() -> None:
    ours = f"- rolearn: {ROLE}new\n  username: |\n    x\n"
    after = splice({"mapRoles": NODE + ours + "# not of the row\n"}, {NEW.key: None})
    assert after == {"mapRoles": NODE + "# not of the row\n"}


def test_a_replaced_row_keeps_its_place_its_comments_and_foreign_keys() -> None:
    text = (
        f"-   roleARN: {ROLE}new # why\n    # inside\n    username: old\n    userid: AROAX\n"
        "    note:\n      by: hand\n    groups:\n    - g # old\n" + NODE
    )
    expected = (
        f'# why\n# inside\n# old\n-   "rolearn": "{ROLE}new"\n    "username": "new:{{{{SessionName'
        '}}"\n    "groups":\n    - "a"\n    - "b"\n    userid: AROAX\n    note:\n      by: hand\n'
        + NODE
    )
    assert splice({"mapRoles": text}, {NEW.key: NEW}) == {"mapRoles": expected}


def test_a_replaced_flow_row_keeps_foreign_keys() -> None:
    text = f"[{{note: [x], rolearn: '{ROLE}new'}}, {{x: y}}]"
    after = splice({"mapRoles": text}, {NEW.key: NEW})["mapRoles"]
    assert after.startswith('[{"rolearn"')
    assert after.endswith('"b"], note: [x]}, {x: y}]')


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[{X}]", "[]"),
        ("[{X},]", "[]"),
        ("[{X}, hello]", "[hello]"),
        ("[hello, {X}, you]", "[hello, you]"),
        ("[hello,\n {X}\n]\n", "[hello\n]\n"),
    ],
)
def test_a_row_is_cut_out_of_a_flow_list_with_its_comma(text: str, left: str) -> None:
    given = {"mapRoles": text.replace("X", f"rolearn: '{ROLE}new'")}
    assert splice(given, {NEW.key: None}) == {"mapRoles": left}


@pytest.mark.parametrize(
    "text",
    [
        "[hello, # of hello\n {X}]",
        "[X]",
        "[{X # c\n}]",
        "- {X} \n...\n",
        "&a\n- {X}\n",
        "!!seq\n- {X}\n",
    ],
)
def test_a_text_too_odd_to_cut_is_refused_with_a_remedy(text: str) -> None:
    given = {"mapRoles": text.replace("X", f"rolearn: '{ROLE}new'")}
    with pytest.raises(Refused, match=r"by hand|plain list") as caught:
        splice(given, {NEW.key: None})
    assert not isinstance(caught.value, Unreadable)


@pytest.mark.parametrize("last", ["- |\n  no break", "- note: |\n    no break"])
def test_a_new_line_that_would_change_a_foreign_value_is_refused(last: str) -> None:
    with pytest.raises(Refused, match="another entry"):
        splice({"mapRoles": f"- a: b\n{last}"}, {NEW.key: NEW})


def test_a_foreign_field_that_cannot_be_kept_is_not_lost() -> None:
    text = f"- rolearn: {ROLE}new\n  note: |+\n    x\n\n\n  username: x\n"
    with pytest.raises(Refused, match="kept for somebody else"):
        splice({"mapRoles": text}, {NEW.key: NEW})


@pytest.mark.parametrize(
    ("key", "row", "why"),
    [
        ("role:arn:aws:iam::111122223333:role/other", NEW, "canonical form"),
        (NEW.key, Row("mapRoles", f"{ROLE}team/new", "n", ()), "canonical form"),
        (NEW.key, Row("mapUsers", NEW.arn, "n", ()), "canonical form"),
        (NEW.key, Row("mapRoles", NEW.arn, "n", ("b", "a")), "canonical form"),
        (NEW.key, Row("mapRoles", NEW.arn, "n", (), ("note: x",)), "canonical form"),
        ("~0123456789ab#1", None, "names no row"),
        ("account:111122223333", None, "names no row"),
    ],
)
def test_a_change_that_is_not_canonical_is_refused(key: str, row: Row | None, why: str) -> None:
    with pytest.raises(Refused, match=why):
        splice({"mapRoles": NODE}, {key: row})


def test_a_row_for_a_service_linked_role_is_not_written() -> None:
    row = wanted_row(f"{ROLE}AWSServiceRoleForX", "x", [])
    with pytest.raises(Refused, match="linked to an AWS service"):
        splice({}, {row.key: row})


def test_nothing_is_written_over_the_size_limit_but_removals_pass() -> None:
    small = splice({"mapRoles": NODE}, {NEW.key: NEW})
    used = sum(len(value) for value in small.values())
    exact = {**small, "note": "x" * (LIMIT_BYTES - used)}
    without = {**exact, "mapRoles": NODE}
    assert splice(without, {NEW.key: NEW}) == exact
    with pytest.raises(Refused, match="1,048,576"):
        splice({**without, "note": exact["note"] + "x"}, {NEW.key: NEW})
    over = {**exact, "note": exact["note"] + "x" * 1000}
    assert splice(over, {NEW.key: None})["mapRoles"] == NODE


def test_a_hundred_rows_at_once_come_and_go_on_a_hand_edited_map() -> None:
    before = {"mapRoles": "".join(FOREIGN[10:11]) + NODE, "mapUsers": "[]\n"}
    rows = [wanted_row(f"{ROLE}r{n}", f"u{n}", [f"g{n % 7}"]) for n in range(50)]
    users = [wanted_row(f"arn:aws:iam::111122223333:user/t/u{n}", "1e3", []) for n in range(50)]
    full = splice(before, {row.key: row for row in rows + users})
    assert len(effective(full)) == len(effective(before)) + 100
    assert splice(full, {row.key: None for row in users + rows}) == before


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ({"mapRoles": NODE + "- rolearn: x\n"}, "who gets in|another entry"),
        ({"mapRoles": NODE}, "who gets in"),
        ({"mapRoles": NODE, "note": "new"}, "note would change"),
        ({"mapRoles": "a: b: c"}, "not YAML"),
    ],
)
def test_verify_refuses_a_text_that_does_not_read_back_as_meant(
    after: dict[str, str], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        verify({"mapRoles": NODE}, after, {NEW.key: NEW})


@pytest.mark.parametrize("field", ["  note: theirs\n", "  groups: [a, b] # why\n"])
def test_verify_refuses_a_changed_field_of_another_entry_that_lets_the_same_people_in(
    field: str,
) -> None:
    theirs = f"- rolearn: {ROLE}theirs\n  username: x\n"
    full = splice({"mapRoles": theirs + field}, {NEW.key: NEW})
    changed = {"mapRoles": full["mapRoles"].replace(field, field.replace("theirs", "ours"))}
    changed = {"mapRoles": changed["mapRoles"].replace("[a, b] # why", "[b, a]")}
    with pytest.raises(Refused, match="another entry"):
        verify({"mapRoles": theirs + field}, changed, {NEW.key: NEW})
