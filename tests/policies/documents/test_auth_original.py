"""A row's own bytes are kept, and written again where they still fit."""

import pytest

from policies.documents.auth_map import row_text
from policies.documents.auth_original import means, original_row, originals
from policies.documents.auth_rows import Row, wanted_row
from policies.documents.auth_splice import splice
from policies.documents.auth_text import Refused

ROLE = "arn:aws:iam::111122223333:role/"
KEY = f"role:{ROLE}eve"
EVE = f"""- rolearn: {ROLE}Eve # asked by mail
  # until March
  username: 'eve'   # her name
  groups: [devs]
  note: {{by: hand}}"""
MAP = f"# team A\n- rolearn: {ROLE}a\n{EVE}\n# the end\n"


def put_back(data: dict[str, str], text: str) -> dict[str, str]:
    row = original_row(KEY, text)
    assert row is not None
    return splice(data, {KEY: row})


def test_the_text_of_a_row_is_its_lines_with_the_comments_in_and_behind_them() -> None:
    kept = originals({"mapRoles": MAP, "mapUsers": "a: b: c"})
    assert kept == {KEY: EVE, f"role:{ROLE}a": f"- rolearn: {ROLE}a"}
    assert means(KEY, kept[KEY]) == row_text("eve", ["devs"])


@pytest.mark.parametrize("ending", ["\n", "", "\r\n"])
@pytest.mark.parametrize("column", [0, 2])
def test_a_row_taken_out_at_the_end_and_put_back_gives_the_very_map(
    ending: str, column: int
) -> None:
    body = MAP.removesuffix("# the end\n").rstrip("\n")
    text = (ending or "\n").join(" " * column + line for line in body.splitlines()) + ending
    before = {"mapRoles": text}
    without = splice(before, {KEY: None})
    assert "ve # asked" not in without["mapRoles"]
    assert put_back(without, originals(before)[KEY]) == before


def test_a_row_changed_in_its_place_and_put_back_gives_the_very_map() -> None:
    before = {"mapRoles": MAP}
    changed = splice(before, {KEY: wanted_row(f"{ROLE}Eve", "x", ["y"])})
    assert "# until March\n# her name\n" in changed["mapRoles"]
    assert put_back(changed, originals(before)[KEY]) == before


@pytest.mark.parametrize(
    ("given", "then"),
    [
        ("  - a: b\n", "  - a: b\n" + "\n".join(f"  {line}" for line in EVE.splitlines()) + "\n"),
        ("- a: b", "- a: b\n" + EVE),
        ("- a: b\r\n", "- a: b\r\n" + EVE + "\r\n"),
    ],
)
def test_a_row_put_back_stands_as_the_list_stands_now(given: str, then: str) -> None:
    assert put_back({"mapRoles": given}, EVE) == {"mapRoles": then}


def test_rows_of_a_flow_list_are_kept_and_put_back_too() -> None:
    one = f"{{rolearn: '{ROLE}eve', username: e, x: [y]}}"
    before = {"mapRoles": f"[hello, {one}]"}
    assert originals(before) == {KEY: one}
    assert put_back(splice(before, {KEY: None}), one) == {"mapRoles": f"[hello,\n {one}]"}
    assert put_back({"mapRoles": "- hello\n"}, one) == {"mapRoles": f"- hello\n- {one}\n"}


@pytest.mark.parametrize("text", ["[hello]", "&a\n- hello\n", f"- rolearn: {ROLE}Eve\n" * 2])
def test_a_row_that_does_not_fit_any_more_is_not_put_back(text: str) -> None:
    with pytest.raises(Refused):
        put_back({"mapRoles": text}, EVE)


@pytest.mark.parametrize(
    "text",
    ["", "- hello", EVE.replace("Eve", "Bob"), f"{EVE}\n- x", "- {", "- rolearn: *a", f"a:\n{EVE}"],
)
def test_a_text_that_is_not_this_very_row_says_nothing(text: str) -> None:
    assert (means(KEY, text), original_row(KEY, text)) == ("", None)


def test_a_row_of_the_clusters_own_is_not_put_back_either() -> None:
    row = original_row(KEY, EVE.replace("devs", "'system:masters'"))
    with pytest.raises(Refused, match="may not be written"):
        splice({"mapRoles": "[]\n"}, {KEY: row})


def test_the_text_put_back_has_to_be_the_row_it_is_given_for() -> None:
    forged = Row("mapRoles", f"{ROLE}eve", "root", (), source=EVE)
    with pytest.raises(Refused, match="is not that row"):
        splice({"mapRoles": "[]\n"}, {KEY: forged})
