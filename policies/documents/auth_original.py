"""A row's own bytes: kept when the row is changed or removed, written again when it is put back."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from policies.documents.auth_cut import own_text
from policies.documents.auth_map import row_text, takes_effect
from policies.documents.auth_rows import ROW_SECTIONS, Row, read, stand_alone
from policies.documents.auth_text import Refused


def originals(data: Mapping[str, str]) -> dict[str, str]:
    """Key → the text of the row that takes effect, as it stands: a list item's lines with the
    comments in and behind them, or what stands between two commas of a flow list.

    Sections that cannot be read or edited are left out.
    """
    found = {}
    for name in ROW_SECTIONS:
        try:
            section = read(data.get(name, ""), name)
        except Refused:
            continue
        for entry in () if section.lock else section.entries:
            row = entry.row
            if row is None or not takes_effect(section, entry, row):
                continue
            with suppress(Refused):  # something stands before it on its line
                found[row.key] = own_text(section, entry)
    return found


def original_row(key: str, text: str) -> Row | None:
    """The row that a kept text says, to be written with that text; None when it says another."""
    entry = stand_alone(key, text)
    return None if entry is None or entry.row is None else replace(entry.row, source=text)


def means(key: str, text: str) -> str:
    """The canonical text of a kept original; empty when it is not a row of this key."""
    row = original_row(key, text)
    return row_text(row.username, row.groups) if row else ""
