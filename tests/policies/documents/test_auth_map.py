"""What a map means: every fact observed of the authenticator, and the state we derive."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.documents.auth_map import (
    complaints,
    effective,
    lookup,
    protected,
    row_text,
    rows_state,
    size_bytes,
)
from policies.documents.auth_rows import ROW_SECTIONS, Row, accounts, read, row_key, wanted_row
from policies.documents.auth_text import Node, Unreadable, compose, scalar_type

FACTS = json.loads((Path(__file__).parent / "data" / "aws_auth.json").read_text())
READING = FACTS["reading"]


def case(fact: dict[str, Any]) -> str:
    return str(fact["case"])


DEV = "arn:aws:iam::111122223333:role/dev"
KEY = f"role:{DEV}"


def entry(*lines: str, arn: str = DEV) -> str:
    return "\n  ".join([f"- rolearn: {arn}", *lines]) + "\n"


@pytest.mark.parametrize("fact", READING, ids=case)
def test_callers_are_answered_as_the_authenticator_answers_them(fact: dict[str, Any]) -> None:
    answers = {arn: lookup(fact["given"], arn) for arn in fact["answers"]}
    expected = {
        arn: answer and (answer[0], answer[1], tuple(answer[2]))
        for arn, answer in fact["answers"].items()
    }
    assert answers == expected


@pytest.mark.parametrize("fact", READING, ids=case)
def test_entries_are_kept_and_complained_of_as_the_authenticator_does(
    fact: dict[str, Any],
) -> None:
    ignored = {k: v for k, v in complaints(fact["given"]).items() if k in fact["given"]}
    readable = [n for n in ROW_SECTIONS if n not in ignored]
    entries = {n: read(fact["given"].get(n, ""), n).entries for n in readable}
    wrong = [e for found in entries.values() for e in found if e.problem]
    broken = [name for name in ignored if name in ROW_SECTIONS]
    assert len(wrong) + len(broken) == fact["problems"]
    for name, kept in fact.get("kept", {}).items():
        rows = [e.row for e in entries[name] if e.row is not None]
        assert [[r.arn, r.username, list(r.groups)] for r in rows] == kept


@pytest.mark.parametrize("fact", [f for f in READING if "accounts" in f], ids=case)
def test_accounts_are_read_as_text(fact: dict[str, Any]) -> None:
    assert list(accounts(fact["given"])) == fact["accounts"]


@pytest.mark.parametrize(
    "text",
    [
        *[t for f in FACTS["reading"] for t in f["given"].values()],
        "- a: |\n    x\n\n- b: >-\n    y\n# end",
        "[{a: b}, {c: [d, e]}] # f",
        '- "\\U0001F600": \U0001f600\n  x: [1,\n 2]',
    ],
)
def test_both_yaml_readers_give_the_same_tree(text: str) -> None:
    trees: list[tuple[Node | None, bool] | None] = []
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        try:
            trees.append(compose(text, loader))
        except Unreadable:
            trees.append(None)
    assert trees[0] == trees[1]


@pytest.mark.parametrize(
    "value",
    [
        *("y", "n", "Y", "N", "yes", "No", "ON", "off", "true", "FALSE"),
        *("0", "08", "012", "0x1f", "0b1", "0o17", "-7", "+7", "1_000", "1."),
        *(".5", "-.8", "1e3", "1E-3"),
    ],
)
def test_plain_values_of_other_types_are_not_text(value: str) -> None:
    assert scalar_type(Node("scalar", 0, value=value, plain=True)) == "other"
    row = read(entry(f"username: {value}")).entries[0].row
    assert row is not None
    assert row.username == ""


@pytest.mark.parametrize(
    "value",
    ["2024-01-01", "12:30", "1e999", "0x1FFFFFFFFFFFFFFFF", "yEs", "0xg", "_1", ".", "-", "="],
)
def test_plain_values_that_only_look_typed_stay_text(value: str) -> None:
    assert scalar_type(Node("scalar", 0, value=value, plain=True)) == "text"


@pytest.mark.parametrize("value", ["", "~", "null", "NULL"])
def test_a_null_username_is_empty_without_a_complaint(value: str) -> None:
    found = read(entry(f"username: {value}")).entries[0]
    assert found.row is not None
    assert (found.row.username, found.problem) == ("", "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (entry("username: {{SessionName}}"), "unquoted"),
        (entry("username: !odd x"), "tag"),
        (entry("username: .nan"), "JSON"),
        (entry("groups: *g"), "not YAML|alias"),
        (entry("groups: &g [*g]"), "contains itself"),
        (entry("<<: text"), "merge key"),
        ("[]\n- foo\n", "not YAML"),
        ("- x: " + "[" * 60 + "]" * 60, "deep"),
        ("''\n", "not a list"),
        ("- \ud800\n", "not YAML"),
    ],
)
def test_a_section_the_cluster_drops_or_we_doubt_is_unreadable(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(text)
    assert lookup({"mapRoles": text}, DEV) is None


def test_keys_are_matched_in_any_case_and_the_last_in_byte_order_wins() -> None:
    text = entry("username: two", "username: three", "Groups: [g]", "UserName: one")
    assert effective({"mapRoles": text}) == {DEV: ("role", "three", ("g",))}


def test_a_group_that_is_not_text_becomes_an_empty_group() -> None:
    found = read(entry("username: u", "groups: [a, 1, null]")).entries[0]
    assert found.row is not None
    assert found.row.groups == ("a", "", "")
    assert found.problem == "Its group is not text."


def test_merged_keys_are_read_in_the_order_of_the_text() -> None:
    text = f"- &base\n  rolearn: {DEV}-x\n  username: b\n- <<: *base\n  rolearn: {DEV}\n"
    assert effective({"mapRoles": text})[DEV] == ("role", "b", ())
    text = f"- &a {{username: a}}\n- &b {{username: b}}\n- <<: [*a, *b]\n  rolearn: {DEV}\n"
    assert effective({"mapRoles": text})[DEV] == ("role", "a", ())


def test_the_state_shows_every_entry_of_the_map_once() -> None:
    twice = entry("username: one") + entry("username: two", "groups: [b, a, b]")
    odd = "- hello\n- hello\n-\n- sso: {permissionSetName: A}\n" + entry(
        "username: p", arn=f"{DEV}:p"
    )
    path = entry("username: p", arn="arn:aws:iam::111122223333:role/team/ops")
    state = rows_state({"mapRoles": twice + odd + path, "mapAccounts": "- 012345670123\n"})
    assert state.pop(KEY) == row_text("two", ["a", "b"]) == '{"groups":["a","b"],"username":"two"}'
    assert state.pop("account:012345670123") == "012345670123"
    assert len(state) == 7
    assert all(key.startswith("~") for key in state)
    assert sorted(key[-2:] for key in state) == ["#1"] * 6 + ["#2"]
    assert "rolearn" in "".join(state.values())
    assert path.strip()[2:] in "".join(state.values())


def test_a_row_in_other_case_has_the_lower_case_key() -> None:
    text = entry("username: u", arn="arn:aws:iam::111122223333:ROLE/Dev")
    assert rows_state({"mapRoles": text}) == {KEY: row_text("u", [])}


def test_users_that_differ_in_case_have_no_row_that_surely_takes_effect() -> None:
    user = "arn:aws:iam::111122223333:user/bob"
    text = f"- userarn: {user}\n  username: a\n- userarn: {user.upper()}\n  username: b\n"
    assert all(key.startswith("~") for key in rows_state({"mapUsers": text}))


def test_an_unreadable_section_has_no_state_but_others_can_be_asked_alone() -> None:
    data = {"mapRoles": entry("username: u"), "mapUsers": "a: b: c"}
    with pytest.raises(Unreadable):
        rows_state(data)
    assert list(rows_state(data, ["mapRoles"])) == [KEY]
    assert list(complaints(data)) == ["mapUsers"]


def test_a_section_named_in_other_case_is_complained_of() -> None:
    assert "case-sensitive" in complaints({"maproles": ""})["maproles"]


def test_a_wanted_row_is_canonical() -> None:
    row = wanted_row(" arn:aws:iam::111122223333:role/team/Dev ", "u", ["b", "a", "b"])
    assert row == Row("mapRoles", "arn:aws:iam::111122223333:role/Dev", "u", ("a", "b"))
    assert row.key == KEY == row_key("arn:aws:iam::111122223333:role/other/DEV")


@pytest.mark.parametrize(
    ("arn", "username", "groups", "is_protected"),
    [
        (DEV, "system:node:{{EC2PrivateDNSName}}", [], True),
        (DEV, "x", ["a", "system:nodes"], True),
        (DEV, "x", ["system:bootstrappers"], True),
        (DEV, "x", ["eks:kube-proxy-windows"], True),
        (DEV, "x", ["system:masters"], True),
        ("arn:aws:iam::111122223333:role/AWSServiceRoleForAmazonEMRContainers", "emr", [], True),
        ("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/Y", "y", [], True),
        (DEV, "system-node", ["nodes"], False),
    ],
)
def test_rows_the_cluster_depends_on_are_protected(
    arn: str, username: str, groups: list[str], is_protected: bool
) -> None:
    assert bool(protected(Row("mapRoles", arn, username, tuple(groups)))) is is_protected


def test_the_size_is_that_of_the_values_in_utf_8() -> None:
    assert size_bytes({"mapRoles": "é😀", "note": "ab"}) == 2 + 4 + 2
