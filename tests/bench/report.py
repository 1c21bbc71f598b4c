"""Rows of the table: what was measured, what must be, and whether it is."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

WORDS = {True: "ok", False: "MISSED", None: "–"}


@dataclass(frozen=True)
class Row:
    """`ok` None: told, not judged. `facts` go into the JSON only."""

    name: str
    must: str
    measured: str
    ok: bool | None
    n: int
    facts: dict[str, Any] = field(default_factory=dict)


def table(rows: Sequence[Row]) -> str:
    """Columns as wide as their widest cell."""
    head = ("row", "must", "measured", "verdict", "n")
    lines = [head, *((r.name, r.must, r.measured, WORDS[r.ok], str(r.n)) for r in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def write(path: Path, rows: Sequence[Row], about: dict[str, Any]) -> None:
    document = {**about, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def spread(values: Sequence[float]) -> str:
    """Median and the middle 80 %, in milliseconds."""
    low, middle, high = percentiles(values)
    return f"{middle * 1000:.0f} ms ({low * 1000:.0f} to {high * 1000:.0f})"


def percentiles(values: Sequence[float]) -> tuple[float, float, float]:
    """10th percentile, median, 90th percentile."""
    if len(values) < 2:
        return (values[0], values[0], values[0])
    cuts = statistics.quantiles(values, n=10, method="inclusive")
    return (cuts[0], statistics.median(values), cuts[8])
