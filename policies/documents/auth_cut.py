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

from policies.documents.auth_lines import (
    BREAKS,
    is_closed,
    line_end,
    line_start,
    moved,
    newline_of,
    without_last_break,
)
from policies.documents.auth_render import block_text, flow_text
from policies.documents.auth_rows import EMPTY, Entry, Row, Section, stand_alone
from policies.documents.auth_text import Node, Refused

Due = dict[str, tuple[Entry | None, Row | None]]
Edit = tuple[int, int, str]

_MARK = "# Empty before Gatehouse; put back after its last row: "
_COMMENT = re.compile(rf"#[^{BREAKS}]*")
_COMMA = re.compile(r"\s*,")


def cut(section: Section, due: Due, *, absent: bool) -> str | None:
    """The section's text with these changes; None when the data key shall be absent.

    `absent` says that there is no data key now. Raises Refused where a change would lose
    something of somebody else's.
    """
    if _bare(section):
        rows = "".join(_row_lines(row, "\n") for _, row in due.values() if row)
        return f"{_MARK}{json.dumps(None if absent else section.text)}\n{rows}"
    if section.root is not None and section.root.flow:
        return _cut_flow(section, section.root, due)
    text = _cut_block(section, due)
    found, original = _kept(text)
    if found:
        return original
    return text or "[]" + (newline_of(section.text) if is_closed(section.text) else "")


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
    newline = newline_of(section.text)
    closed = is_closed(section.text)
    body = section.text if closed else section.text + newline
    edits: list[Edit] = []
    column = 0
    if section.entries:
        column = section.entries[0].start - line_start(body, section.entries[0].start)
    for entry, row in due.values():
        if entry is None:
            start = end = len(body)
            new = _row_lines(row, newline, column) if row else ""
        else:
            start, end = _lines(body, entry)
            new = _rewritten(section, entry, row, newline) if row else ""
            start -= _notes_above(body[:start], row, newline, entry.start - start) if row else 0
        edits.append((start, end, new))
    result = _applied(body, edits)
    return result if closed else without_last_break(result)


def own_text(section: Section, entry: Entry) -> str:
    """An entry as it stands: its lines, or in a flow list what is between the commas."""
    if section.root is not None and section.root.flow:
        return section.text[entry.start : entry.end]
    start, end = _lines(section.text, entry)
    return without_last_break(section.text[start:end])


def _row_lines(row: Row, newline: str, column: int = 0) -> str:
    """A row to be put at the end of a list: in its own text, if it has one."""
    if not row.source:
        return block_text(row, newline, column)
    if row.source.startswith("{"):
        return f"{' ' * column}- {row.source}{newline}"
    text = moved(row.source, column)
    return _too_odd() if text is None else text + newline


def _notes_above(before: str, row: Row, newline: str, column: int) -> int:
    """How many characters above a row are the comments once taken out of its own text."""
    entry = stand_alone(row.key, row.source) if row.source else None
    if entry is None:
        return 0
    notes = _comments(row.source, entry, len(row.source))
    above = "".join(f"{' ' * column}{note}{newline}" for note in notes)
    return len(above) if before.endswith(above) else 0


def _lines(body: str, entry: Entry) -> tuple[int, int]:
    start = line_start(body, entry.start)
    if body[start : entry.start].strip(" "):
        raise Refused(
            "Something stands before the row on its line.",
            "Put the row on lines of its own.",
        )
    return start, line_end(body, entry.end)


def _rewritten(section: Section, entry: Entry, row: Row, newline: str) -> str:
    """The row anew in its place; comments inside go above it, other people's keys stay."""
    if row.source:
        return _row_lines(row, newline, entry.start - line_start(section.text, entry.start))
    text, first = section.text, entry.node.start
    column = inner = entry.start - line_start(text, entry.start)
    if not entry.node.flow:
        inner = first - line_start(text, first)
    notes = _comments(text, entry, line_end(text, entry.end))
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
    separator = f",{newline_of(text)} "
    added = separator.join(_flow_row(row) for entry, row in due.values() if row and entry is None)
    changed = {id(entry): row for entry, row in due.values() if entry is not None}
    for entry in entries:
        if id(entry) in changed and (
            text[entry.start] != "{" or any(_comments(text, entry, entry.end))
        ):
            _too_odd()
    gone = [entry for entry in entries if id(entry) in changed and changed[id(entry)] is None]
    edits: list[Edit] = [
        (entry.start, entry.end, _flow_row(row, entry.row.extra if entry.row else ()))
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


def _flow_row(row: Row, extra: Iterable[str] = ()) -> str:
    if row.source and not row.source.startswith("{"):
        _too_odd()
    return row.source or flow_text(row, extra)


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
