"""The part of YAML that is read, and everything that is refused before it is understood."""

import pytest

from policies.access.catalogue import file
from policies.access.catalogue.file import Items, Keys, Scalar
from policies.access.catalogue.problems import BadCatalogue
from policies.access.catalogue.schema import SECTIONS
from tests.policies import catalogue_run as run


def refused(data: bytes) -> list[tuple[int, str]]:
    with pytest.raises(BadCatalogue) as caught:
        file.read(data)
    assert all(one.remedy for one in caught.value.problems)
    return [(one.mark.line, one.what) for one in caught.value.problems]


def test_every_scalar_stays_the_text_that_was_written():
    root = file.read(b"version: 1\naccounts:\n  - {number: 011111111111, name: no, at: 12:30:45}\n")
    accounts = root.nodes["accounts"]
    assert isinstance(accounts, Items)
    entry = accounts.nodes[0]
    assert isinstance(entry, Keys)
    texts = [one.text for one in entry.nodes.values() if isinstance(one, Scalar)]
    assert texts == ["011111111111", "no", "12:30:45"]
    assert (entry.mark.line, entry.mark.column) == (3, 5)


def test_nothing_and_the_quoted_word_null_are_not_the_same():
    nodes = file.read(b"a: null\nb: 'null'\nc:\n").nodes
    assert [one.is_blank for one in nodes.values() if isinstance(one, Scalar)] == [
        True,
        False,
        True,
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    assert list(file.read(b"\xef\xbb\xbfversion: 1\n").nodes) == ["version"]


@pytest.mark.parametrize(
    ("data", "line", "what"),
    [
        (b"", 1, "empty"),
        (b"# only a remark\n", 1, "empty"),
        (b"- version\n", 1, "not a list of sections"),
        (b"a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
        (b"a: 1\nb: x: y\n", 2, "not YAML"),
        (b"a: 1\n\tb: 2\n", 2, "not YAML"),
        (b"a: 1\n---\nb: 2\n", 2, "second document"),
        (b"a: 1\nb: &x 2\n", 2, "Anchors"),
        (b"a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "tag"),
        (b"a: 1\nb: !secret x\n", 2, "tag"),
        (b"a: 1\nb: ! x\n", 2, "tag"),
        (b"a: 1\nb: 2\na: 3\n", 3, "twice; first on line 1"),
        (b"a: 1\n? [b]\n: 2\n", 2, "key is a list"),
        (b"a: 1\nb: caf\xe9\n", 2, "UTF-8"),
        (b"a: 1\nb: \x07\n", 2, "U+0007"),
        (b"\xff\xfea\x00", 1, "UTF-8"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_line(data, line, what):
    found = refused(data)
    assert [one for one in found if one[0] == line and what in one[1]], found


def test_a_yaml_bomb_is_refused_and_never_grows():
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    found = refused("\n".join(lines).encode())
    assert len(found) == 60 + 2 * 59
    assert all("Anchors and aliases" in what for _line, what in found)


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- "])
def test_deep_nesting_is_refused_before_it_is_followed(opening):
    assert "levels deep" in refused(b"a:\n " + opening * 50_000)[0][1]


def test_the_deepest_level_is_read_and_the_next_is_not():
    deepest = b"a: " + b"[" * (file.DEEPEST - 1) + b"]" * (file.DEEPEST - 1)
    assert list(file.read(deepest).nodes) == ["a"]
    assert "levels deep" in refused(b"a: " + b"[" * file.DEEPEST + b"]" * file.DEEPEST)[0][1]


def test_a_file_that_is_too_large_is_refused_unread():
    assert "larger than 8 MiB" in refused(b"#" * (file.LARGEST + 1))[0][1]
    assert "empty" in refused(b"#" * file.LARGEST)[0][1]


def test_all_that_is_forbidden_is_told_at_once():
    found = refused(b"a: &x 1\na: !t 2\nb: *x\n")
    assert [line for line, _what in found] == [1, 2, 2, 3]


def test_every_section_and_key_is_explained_in_the_documentation():
    said = (run.EXAMPLE.parent / "catalogue.md").read_text()
    names = {one.name for section in SECTIONS.values() for one in section.record.fields}
    missing = [name for name in {*SECTIONS, *names} if f"`{name}`" not in said]
    assert missing == []
