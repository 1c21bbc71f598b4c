"""The canonical form: one text for one value, as RFC 8785 has it, whatever wrote it down."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Event, Seal
from accounts.seals import canonical
from accounts.seals.canonical import EVENT_FIELDS, SEAL_FIELDS, event_digest

TEXTS = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
# A machine under load is no failure.
SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# RFC 8785, appendix B, as doubles; and what this form writes in full instead.
NUMBERS = {
    0.0: "0",
    5e-324: "5e-324",
    -5e-324: "-5e-324",
    1.7976931348623157e308: "1.7976931348623157e+308",
    9007199254740992.0: "9007199254740992",
    295147905179352830000.0: "295147905179352830000",
    9.999999999999997e22: "9.999999999999997e+22",
    1e23: "1e+23",
    1.0000000000000001e23: "1.0000000000000001e+23",
    999999999999999700000.0: "999999999999999700000",
    1e21: "1e+21",
    9.999999999999997e-7: "9.999999999999997e-7",
    0.000001: "0.000001",
    333333333.3333332: "333333333.3333332",
    -0.0000033333333333333333: "-0.0000033333333333333333",
    1424953923781206.2: "1424953923781206.2",
    0.1: "0.1",
    1.0: "1",
}


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_are_written_as_ecmascript_writes_them(number):
    assert canonical.canonical(number) == NUMBERS[number]


def test_names_are_ordered_by_utf_16_code_units():
    """RFC 8785, 3.2.3: the example there."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    wanted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    text = canonical.canonical(dict.fromkeys(names, 1))
    assert list(json.loads(text)) == wanted


@SLOWLY
@given(JSON)
def test_the_form_reads_back_and_is_its_own_form(value):
    text = canonical.canonical(value)
    assert canonical.canonical(json.loads(text)) == text
    assert json.loads(text) == _plain(value)
    assert text.encode()


@SLOWLY
@given(JSON, st.integers(0, 8), st.booleans())
def test_how_it_was_written_down_makes_no_difference(value, indent, ascii_only):
    written = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert canonical.canonical(json.loads(written)) == canonical.canonical(value)


@SLOWLY
@given(JSON, JSON)
def test_two_values_have_one_form_only_when_they_are_equal(one, other):
    same = canonical.canonical(one) == canonical.canonical(other)
    texts = {json.dumps(_plain(value), sort_keys=True) for value in (one, other)}
    assert same == (len(texts) == 1)


def _plain(value):
    """Whole floats as the integers they are; then Python's own text tells values apart."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(canonical.canonical(value))
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value


def test_true_is_not_one_and_whole_numbers_are_exact():
    assert canonical.canonical([True, 1, "1", None]) == '[true,1,"1",null]'
    assert canonical.canonical(-0.0) == canonical.canonical(0)
    assert canonical.canonical(2**64 + 1) == "18446744073709551617"
    assert canonical.canonical('"\\\u0007\n\u007fé') == '"\\"\\\\\\u0007\\n\u007fé"'
    assert canonical.canonical("\ud800") == '"\\ud800"'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1}])
def test_what_is_no_json_value_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        canonical.canonical(value)


def test_a_time_has_one_text_in_every_zone():
    there = timezone(timedelta(hours=9))
    assert canonical.moment(datetime(2026, 2, 1, 8, 59, 59, tzinfo=there)) == (
        "2026-01-31T23:59:59.000000Z"
    )
    assert canonical.moment(datetime(2026, 1, 31, 23, 59, 59, 5, UTC)) == (
        "2026-01-31T23:59:59.000005Z"
    )


def test_every_column_is_sealed():
    """A new column of these tables needs a new version of the form: decide it, then change this."""
    assert set(EVENT_FIELDS) == {one.attname for one in Event._meta.fields}
    assert {*SEAL_FIELDS, "digest", "signature"} == {one.attname for one in Seal._meta.fields}


# docs/audit.md shows this very event, so that who writes another verifier can try it.
EXAMPLE = {
    "id": 41,
    "at": "2026-01-31T09:30:00.120000Z",
    "what": "grant.made",
    "actor_kind": "person",
    "actor_id": "7",
    "on_behalf_of": "",
    "channel": "page",
    "assurance": "password",
    "object_kind": "grant",
    "object_id": "G-7F3K9",
    "person_id": "12",
    "before": None,
    "after": {"until": "2026-03-01", "days": 30},
    "rules": {},
    "aws": [],
    "note_digest": "",
    "correlation": "0f" * 16,
    "seeded": False,
}
TEXT = (
    '{"actor_id":"7","actor_kind":"person","after":{"days":30,"until":"2026-03-01"},'
    '"assurance":"password","at":"2026-01-31T09:30:00.120000Z","aws":[],"before":null,'
    '"channel":"page","correlation":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f","id":41,"note_digest":"",'
    '"object_id":"G-7F3K9","object_kind":"grant","on_behalf_of":"","person_id":"12",'
    '"position":3,"rules":{},"seeded":false,"what":"grant.made"}'
)


def test_the_example_of_the_documentation_holds():
    assert canonical.canonical({**EXAMPLE, "position": 3}) == TEXT
    with open("docs/audit.md", encoding="utf-8") as page:
        text = page.read()
    assert event_digest(3, EXAMPLE) in text
    assert TEXT in text.replace("\n    ", "").replace("\n", "")
