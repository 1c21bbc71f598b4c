"""Cutting and inserting rows in the text of one `aws-auth` section.

A list in block style is changed by whole lines, one in flow style between its commas. A text
without a list (absent, empty, `null`) gets one below a comment that keeps what stood there,
so that removing the last row can put it back byte for byte.
"""

import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NoReturn

from policies.documents.auth_render import block_text, flow_text
from policies.documents.auth_rows import EMPTY, Entry, Row, Section
from policies.documents.auth_text import BOM, Node, Refused

Due = dict[str, tuple[Entry | None, Row | None]]
Edit = tuple[int, int, str]

_MARK = "# Empty before Gatehouse; put back after its last row: "
_BREAKS = "\n\r\x85\u2028\u2029"
_LAST_BREAK = re.compile(rf"(?:\r\n|[{_BREAKS}])\Z")
_REST_OF_LINE = re.compile(rf"[^{_BREAKS}]*(?:\r\n|[{_BREAKS}]|\Z)")
_COMMENT = re.compile(rf"#[^{_BREAKS}]*")
_COMMA = re.compile(r"\s*,")
_NEWLINE = re.compile(r"\r\n|\n|\r")


def cut(section: Section, due: Due, *, absent: bool) -> str | None:
    """The section's text with these changes; None when the data key shall be absent.

    `absent` says that there is no data key now. Raises Refused where a change would lose
    something of somebody else's.
    """
    if _bare(section):
        rows = "".join(block_text(row, "\n") for _, row in due.values() if row)
        return f"{_MARK}{json.dumps(None if absent else section.text)}\n{rows}"
    if section.root is not None and section.root.flow:
        return _cut_flow(section, section.root, due)
    text = _cut_block(section, due)
    found, original = _kept(text)
    if found:
        return original
    return text or "[]" + (_newline(section.text) if _closed(section.text) else "")


def _bare(section: Section) -> bool:
    """Whether rows cannot stand beside what the text holds now."""
    root = section.root
    says_null = root is not None and root.kind == "scalar" and root.value != ""
    return section.text in EMPTY or says_null or _kept(section.text)[0]


def _kept(text: str) -> tuple[bool, str | None]:
    """Whether our comment is all the text says, and what it keeps (None: no data key)."""
    if not text.startswith(_MARK):
        return False, None
    try:
        original: Any = json.loads(text.removeprefix(_MARK))
    except ValueError:
        return False, None
    return original is None or isinstance(original, str), original


def _cut_block(section: Section, due: Due) -> str:
    newline = _newline(section.text)
    closed = _closed(section.text)
    body = section.text if closed else section.text + newline
    edits: list[Edit] = []
    column = 0
    if section.entries:
        column = section.entries[0].start - _line_start(body, section.entries[0].start)
    for entry, row in due.values():
        if entry is None:
            start = end = len(body)
            new = block_text(row, newline, column) if row else ""
        else:
            start, end = _lines(body, entry)
            new = _rewritten(section, entry, row, newline) if row else ""
        edits.append((start, end, new))
    result = _applied(body, edits)
    return result if closed else _LAST_BREAK.sub("", result)


def _lines(body: str, entry: Entry) -> tuple[int, int]:
    start = _line_start(body, entry.start)
    if body[start : entry.start].strip(" "):
        raise Refused(
            "Something stands before the row on its line.",
            "Put the row on lines of its own.",
        )
    return start, _line_end(body, entry.end)


def _rewritten(section: Section, entry: Entry, row: Row, newline: str) -> str:
    """The row anew in its place; comments inside go above it, other people's keys stay."""
    text, first = section.text, entry.node.start
    column = inner = entry.start - _line_start(text, entry.start)
    if not entry.node.flow:
        inner = first - _line_start(text, first)
    notes = _comments(text, entry, _line_end(text, entry.end))
    above = "".join(f"{' ' * column}{note}{newline}" for note in notes)
    extra = entry.row.extra if entry.row else ()
    return above + block_text(row, newline, column, max(inner, column + 2), extra)


def _comments(text: str, entry: Entry, end: int) -> Iterator[str]:
    """The comments between an entry's values, and after its last one up to `end`."""
    at = entry.start
    for leaf in _leaves(entry.node):
        yield from _COMMENT.findall(text[at : leaf.start])
        at = leaf.end
    yield from _COMMENT.findall(text[at:end])


def _leaves(node: Node) -> Iterator[Node]:
    if node.kind in ("scalar", "alias"):
        yield node
        return
    for child in node.children:
        yield from _leaves(child)


def _cut_flow(section: Section, root: Node, due: Due) -> str:
    text, entries = section.text, section.entries
    separator = f",{_newline(text)} "
    added = separator.join(flow_text(row) for entry, row in due.values() if row and entry is None)
    changed = {id(entry): row for entry, row in due.values() if entry is not None}
    for entry in entries:
        if id(entry) in changed and (
            text[entry.start] != "{" or any(_comments(text, entry, entry.end))
        ):
            _too_odd()
    gone = [entry for entry in entries if id(entry) in changed and changed[id(entry)] is None]
    edits: list[Edit] = [
        (entry.start, entry.end, flow_text(row, entry.row.extra if entry.row else ()))
        for entry in entries
        if (row := changed.get(id(entry))) is not None
    ]
    if len(gone) == len(entries):
        start, end = root.start + 1, root.start + 1
        if entries:
            start, end = entries[0].start, entries[-1].end
            _plain_gaps(text, entries)
            end = end if added else _past_comma(text, end)
        return _applied(text, [(start, end, added)])
    edits += _without(text, entries, gone)
    if added:
        edits.append((entries[-1].end, entries[-1].end, separator + added))
    return _applied(text, edits)


def _without(text: str, entries: tuple[Entry, ...], gone: list[Entry]) -> Iterator[Edit]:
    """Cuts for entries of a flow list of which at least one stays."""
    lost = {id(entry) for entry in gone}
    first = next(n for n, entry in enumerate(entries) if id(entry) not in lost)
    if first:
        _plain_gaps(text, entries[: first + 1])
        yield entries[0].start, entries[first].start, ""
    for before, entry in pairwise(entries[first:]):
        if id(entry) in lost:
            _plain_gaps(text, (before, entry))
            yield before.end, entry.end, ""


def _plain_gaps(text: str, entries: tuple[Entry, ...]) -> None:
    """Refuses where more than a comma and space stands between two entries."""
    for before, entry in pairwise(entries):
        if text[before.end : entry.start].strip() != ",":
            _too_odd()


def _past_comma(text: str, at: int) -> int:
    match = _COMMA.match(text, at)
    return match.end() if match else at


def _too_odd() -> NoReturn:
    raise Refused(
        "The list is in flow style ([…]) with comments or bare pairs where the row stands.",
        "Write it as a plain list with one dash per row; then try again.",
    )


def _applied(text: str, edits: Iterable[Edit]) -> str:
    pieces, at = list[str](), 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def _newline(text: str) -> str:
    """The text's own line ending: its last one."""
    return str((_NEWLINE.findall(text) or ["\n"])[-1])


def _closed(text: str) -> bool:
    """Whether a row may simply be put at the end."""
    return not text.lstrip(BOM) or bool(_LAST_BREAK.search(text))


def _line_start(text: str, at: int) -> int:
    start = len(text) - len(text.lstrip(BOM))
    for char in _BREAKS:
        start = max(start, text.rfind(char, start, at) + 1)
    return start


def _line_end(text: str, at: int) -> int:
    match = _REST_OF_LINE.match(text, at)
    return match.end() if match else len(text)
