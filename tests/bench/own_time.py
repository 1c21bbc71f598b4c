"""Our own time per converge: a pass's wall time less the time between requests and answers."""

from collections.abc import Sequence

from tests.bench.report import Row, percentiles, spread
from tests.bench.wire import Pass

MOST = 0.050
SIZES = ((1, 1), (2, 20), (21, 100), (101, 1_000))


def rows(made: Sequence[Pass]) -> list[Row]:
    """One row per kind of pass and size of target; the median is judged."""
    found = []
    for least, most in SIZES:
        for what in ("write", "look", "settle"):
            these = [one for one in made if one.what == what and least <= one.size <= most]
            if these:
                found.append(_row(these, what, f"{least}–{most}" if least < most else f"{least}"))
    return found


def _row(these: Sequence[Pass], what: str, size: str) -> Row:
    own = [one.own for one in these]
    median = percentiles(own)[1]
    cpu = percentiles([one.cpu for one in these])[1]
    return Row(
        f"own time, {what}, {size} deliveries",
        f"< {MOST * 1000:.0f} ms",
        f"{spread(own)}; {cpu * 1000:.0f} ms of processor",
        median < MOST,
        len(these),
        {"own": sorted(round(one, 4) for one in own), "cpu": cpu},
    )
