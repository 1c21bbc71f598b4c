"""The measurements in their order, in one place of their own."""

import os
import platform
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from tests import factories as f
from tests.bench import bursts, first_write, own_time, place, scan, stale
from tests.bench.place import Place
from tests.bench.report import Row
from tests.bench.wire import Pass
from tests.fakes import process


def measure(names: Collection[str], *, quick: bool, sizes: Sequence[int]) -> list[Row]:
    """Every row of the measurements named. Raises what went wrong; nothing is left running."""
    name = str(connection.settings_dict["NAME"])
    place.make_database()
    try:
        with process.start(pace=1.0) as fake:
            here = Place(fake)
            here.fresh(f.ACCOUNT)
            f.company()
            return _rows(here, names, quick, sizes)
    finally:
        place.drop_database(name)


def _rows(here: Place, names: Collection[str], quick: bool, sizes: Sequence[int]) -> list[Row]:
    rows: list[Row] = []
    made: list[Pass] = []
    if {"bursts", "own-time"} & set(names):
        found, made = bursts.measure(here, quick=quick)
        rows += found if "bursts" in names else []
    if "own-time" in names:
        rows += own_time.rows(made)
    if "first-write" in names:
        rows += first_write.measure(here, quick=quick)
    if "stale" in names:
        rows += stale.measure(here, quick=quick)
    if "scan" in names:
        rows += scan.measure(here, sizes)
    return rows


def machine() -> dict[str, Any]:
    """What it was measured on, in neutral words."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory": f"{pages * size / 2**30:.0f} GiB",
        "python": platform.python_version(),
        "database": connection.vendor,
    }
