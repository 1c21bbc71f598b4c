"""Rows of `aws-auth` as YAML that means the same to every reader: all scalars double-quoted."""

from collections.abc import Iterable
from typing import Any

import yaml

from policies.documents.auth_rows import ARN_KEY, Row


def _fields(row: Row) -> dict[str, Any]:
    return {
        ARN_KEY[row.section]: row.arn,
        "username": row.username,
        "groups": list(row.groups),
    }


def _dump(value: Any, *, flow: bool) -> str:
    # Quoted, ASCII and unfolded: of the writers tried, the only one whose every string the
    # authenticator's parser reads back (plain 1e3, 0o17, y or ~ would become other types).
    dumped = yaml.dump(
        value,
        Dumper=yaml.SafeDumper,
        default_style='"',
        default_flow_style=flow,
        width=float("inf"),
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
    lines = [*_dump(_fields(row), flow=False).splitlines(), *extra]
    head = " " * column + "-" + " " * (inner - column - 1)
    return "".join(
        f"{' ' * inner if number else head}{line}{newline}" for number, line in enumerate(lines)
    )


def flow_text(row: Row, extra: Iterable[str] = ()) -> str:
    inside = _dump(_fields(row), flow=True).strip()[1:-1]
    return "{" + ", ".join([inside, *extra]) + "}"
