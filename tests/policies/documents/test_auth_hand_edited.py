"""Any hand-edited map, any rows of ours in any order: refused, or nobody else's byte moves."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.documents.auth_map import complaints, effective, row_text
from policies.documents.auth_original import original_row, originals
from policies.documents.auth_rows import ROW_SECTIONS, Row, read, row_key, wanted_row
from policies.documents.auth_splice import fit, splice
from policies.documents.auth_text import Refused
from tests.policies.documents.hand_edited import ARN, COMMENTS, TEXTS, maps

NAMES = st.sampled_from([text for text in TEXTS if not text.startswith("{{")])
ROWS = st.builds(
    lambda kind, number, user, groups: wanted_row(f"{ARN}{kind}/ours{number}", user, groups),
    st.sampled_from(["role", "user"]),
    st.integers(0, 6),
    NAMES,
    st.lists(NAMES, max_size=3),
)
SEVERAL = st.lists(ROWS, min_size=1, max_size=4)
relaxed = settings(
    derandomize=True, deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow]
)


def _meaning(data: dict[str, str]) -> dict[str, tuple[str, str]]:
    """The authenticator's answers, groups as a set."""
    answers = effective(data).items()
    return {arn: (one.via, row_text(one.username, one.groups)) for arn, one in answers}


def _with(rows: dict[str, Row]) -> dict[str, tuple[str, str]]:
    return {key[5:]: (key[:4], row_text(row.username, row.groups)) for key, row in rows.items()}


def _foreign(data: dict[str, str]) -> dict[str, list[str]]:
    """Everybody else's entries, as they stand."""
    found: dict[str, list[str]] = {}
    for name in ROW_SECTIONS:
        entries = _entries(data, name)
        found[name] = [e.raw for e in entries if e.row is None or "/ours" not in e.row.key]
    return found


@relaxed
@given(before=maps(), draw=st.data())
def test_rows_that_come_change_and_go_leave_the_map_as_it_was(
    before: dict[str, str], draw: st.DataObject
) -> None:
    data, ours = dict(before), dict[str, Row]()
    for _ in range(draw.draw(st.integers(1, 4))):
        rows = {row.key: row for row in draw.draw(SEVERAL)}
        gone = draw.draw(st.sets(st.sampled_from(sorted(ours)))) if ours else set()
        changes: dict[str, Row | None] = {**rows, **dict.fromkeys(gone - rows.keys())}
        try:
            after = splice(data, changes)
        except Refused:
            continue
        ours = {key: row for key, row in {**ours, **changes}.items() if row is not None}
        assert _foreign(after) == _foreign(before)
        assert _meaning(after) == _meaning(before) | _with(ours)
        untouched = set(before) - set(ROW_SECTIONS)
        assert {key: after[key] for key in untouched} == {key: before[key] for key in untouched}
        data = after
    for key in draw.draw(st.permutations(sorted(ours))):
        data = splice(data, {key: None})
    assert data == before


@relaxed
@given(before=maps(), rows=SEVERAL, draw=st.data())
def test_others_edit_between_and_find_their_edit_and_nothing_else(
    before: dict[str, str], rows: list[Row], draw: st.DataObject
) -> None:
    """A line or row of others' put at the end while our rows are there stays when they go."""
    row = rows[0]
    name = row.section
    text = before.get(name, "")
    try:
        with_ours = splice(before, {row.key: row})[name]
    except Refused:
        return
    flow = with_ours.lstrip("\ufeff \n")[:1] == "["
    if flow or with_ours.startswith("# Empty before") or not text.endswith("\n"):
        return
    theirs = f"{draw.draw(st.sampled_from(COMMENTS))}\n"
    edited = {**before, name: with_ours + theirs}
    assert splice(edited, {row.key: None}) == {**before, name: text + theirs}


def _lines(text: str) -> list[str]:
    """A row's lines but for their indentation, which is that of the list they stand in."""
    return [line.strip() for line in text.strip().splitlines()]


@relaxed
@given(before=maps(), draw=st.data())
def test_a_row_taken_out_is_put_back_with_its_own_bytes(
    before: dict[str, str], draw: st.DataObject
) -> None:
    kept = originals(before)
    if not kept:
        return
    key = draw.draw(st.sampled_from(sorted(kept)))
    row = original_row(key, kept[key])
    try:
        without = splice(before, {key: None})
        back = splice(without, {key: row})
    except Refused:
        return
    assert row is not None
    assert _lines(originals(back)[key]) == _lines(kept[key])
    assert _meaning(back) == _meaning(before)
    assert splice(back, {key: None}) == without


@relaxed
@given(before=maps(), draw=st.data())
def test_a_row_changed_in_its_place_and_put_back_means_what_it_meant_and_touches_no_other(
    before: dict[str, str], draw: st.DataObject
) -> None:
    kept = {key: text for key, text in originals(before).items() if original_row(key, text)}
    if not kept:
        return
    key = draw.draw(st.sampled_from(sorted(kept)))
    changed = wanted_row(key[5:], "somebody", ["else"])
    try:
        after = splice(before, {key: changed})
    except Refused:
        return
    back = splice(after, {key: original_row(key, kept[key])})
    assert _meaning(back) == _meaning(before)
    others = {one: _lines(text) for one, text in originals(before).items() if one != key}
    assert others.items() <= {one: _lines(text) for one, text in originals(back).items()}.items()


def _entries(data: dict[str, str], name: str) -> Any:
    text = data.get(name, "")
    return () if name in complaints({name: text}) else read(text, name).entries


@relaxed
@given(before=maps(), rows=SEVERAL)
def test_what_fits_is_written_although_other_rows_are_refused(
    before: dict[str, str], rows: list[Row]
) -> None:
    bad = Row("mapRoles", f"{ARN}role/AWSServiceRoleForX", "x", ())
    changes: dict[str, Row | None] = {bad.key: bad} | {row.key: row for row in rows}
    after, refused = fit(before, changes)
    assert bad.key in refused
    written = {key: row for key, row in changes.items() if row and key not in refused}
    assert _meaning(after) == _meaning(before) | _with(written)


@relaxed
@given(before=maps(), draw=st.data())
def test_a_row_of_others_is_never_shadowed(before: dict[str, str], draw: st.DataObject) -> None:
    """Whatever stands for an ARN, in any case, spelling or section, is met and not appended to."""
    arns = {
        e.row.arn.lower(): e.row.arn for n in ROW_SECTIONS for e in _entries(before, n) if e.row
    }
    natural = [arn for low, arn in arns.items() if arn == arn.strip() and _natural(low)]
    if not natural:
        return
    row = wanted_row(draw.draw(st.sampled_from(natural)), "ours", [])
    try:
        after = splice(before, {row.key: row})
    except Refused:
        return
    assert [len(list(_entries(after, n))) for n in ROW_SECTIONS] == [
        len(list(_entries(before, n))) for n in ROW_SECTIONS
    ]


def _natural(arn: str) -> bool:
    try:
        return row_key(arn)[5:] == arn
    except ValueError:
        return False
