"""Our own time per converge: a pass's wall time less its calls (see `tests.bench.wire`)."""

from collections.abc import Sequence

from tests.bench.report import Row, percentiles, spread
from tests.bench.wire import Pass

MOST = 0.050
SIZES = ((1, 1), (2, 20), (21, 100), (101, 1_000))
JUDGED = 100  # deliveries of a target; bigger ones are told
MANY = 30  # calls in one pass: what each call costs us is then told by the call


def rows(made: Sequence[Pass]) -> list[Row]:
    """One row per kind of pass and size of target; the median is judged."""
    found = []
    few = [one for one in made if one.requests <= MANY]
    for least, most in SIZES:
        for what in ("write", "look", "settle"):
            these = [one for one in few if one.what == what and least <= one.size <= most]
            if these:
                found.append(_row(these, what, f"{least}–{most}" if least < most else f"{least}"))
    return [*found, *_by_call([one for one in made if one.requests > MANY])]


def _row(these: Sequence[Pass], what: str, size: str) -> Row:
    own = [one.own for one in these]
    judged = these[0].size <= JUDGED
    return Row(
        f"own time, {what}, {size} deliveries",
        f"< {MOST * 1000:.0f} ms" if judged else "told",
        f"{spread(own)}; {percentiles([one.cpu for one in these])[1] * 1000:.0f} ms of processor",
        percentiles(own)[1] < MOST if judged else None,
        len(these),
        {"own": sorted(round(one, 4) for one in own)},
    )


def _by_call(these: Sequence[Pass]) -> list[Row]:
    if not these:
        return []
    each = [one.own / one.requests for one in these]
    middle = percentiles(each)[1] * 1000
    name = f"own time per call, passes of more than {MANY} calls"
    return [Row(name, "told", f"{middle:.1f} ms", None, len(these))]
