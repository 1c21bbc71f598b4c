"""Rows of `aws-auth` as YAML that means the same to every reader: all scalars double-quoted."""

from collections.abc import Iterable
from typing import Any

import yaml

from policies.documents.auth_rows import ARN_KEY, Row

# The same text from libyaml, which not every PyYAML is built with, in a fifth of the time.
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_UNFOLDED = 2**31 - 1  # the widest line libyaml knows


def _fields(row: Row) -> dict[str, Any]:
    return {
        ARN_KEY[row.section]: row.arn,
        "username": row.username,
        "groups": list(row.groups),
    }


def dump(value: Any, *, flow: bool, dumper: Any = _DUMPER) -> str:
    """A value's text."""
    # Quoted, ASCII and unfolded: of the writers tried, the only one whose every string the
    # authenticator's parser reads back (plain 1e3, 0o17, y or ~ would become other types).
    dumped = yaml.dump(
        value,
        Dumper=dumper,
        default_style='"',
        default_flow_style=flow,
        width=_UNFOLDED,
        sort_keys=False,
    )
    return str(dumped)


def block_text(
    row: Row,
    newline: str,
    column: int = 0,
    inner: int | None = None,
    extra: Iterable[str] = (),
) -> str:
    """A row as lines: its dash at `column`, its keys at `inner`."""
    inner = column + 2 if inner is None else inner
    lines = [*dump(_fields(row), flow=False).splitlines(), *extra]
    head = " " * column + "-" + " " * (inner - column - 1)
    return "".join(
        f"{' ' * inner if number else head}{line}{newline}" for number, line in enumerate(lines)
    )


def flow_text(row: Row, extra: Iterable[str] = ()) -> str:
    inside = dump(_fields(row), flow=True).strip()[1:-1]
    return "{" + ", ".join([inside, *extra]) + "}"
