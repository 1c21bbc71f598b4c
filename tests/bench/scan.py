"""Sweeping and scanning: every target is due for a look, nothing has to be changed.

100, 300 and 1,000 settled targets with 100 deliveries each: a third portfolios, a third policies,
a third maps. For each size a process of its own (`python -m tests.bench.scan N`) sweeps them until
all are settled again, and tells the most memory it ever had. Two looks settle a target.
The fake answers at once here: what is measured is ours.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DELIVERIES = 100
FLAT = 1.1  # as much memory at most, whatever the number of targets
LINEAR = 1.25  # as much time per target at most
WARM = 3  # passes before the clock starts: one of each kind
ROOT = Path(__file__).resolve().parents[2]


def measure(place: Any, sizes: Sequence[int]) -> list[Any]:
    """The rows; each size adds targets to those of the size before."""
    from tests import factories as f

    place.fresh(f.ACCOUNT)
    found, made = [], 0
    for size in sizes:
        _fill(place, made, size)
        made = size
        found.append(_child())
        told = {name: value for name, value in found[-1].items() if name != "memory_at"}
        print(f"  scan: {told}", flush=True)
    return _rows(found)


def _fill(place: Any, first: int, last: int) -> None:
    """More targets, in AWS as the rows say."""
    from tests import factories as f
    from tests.bench import decided
    from tests.bench.bursts import MAP, POLICY, PORTFOLIO
    from tests.bench.decided import Want

    kinds = (PORTFOLIO, POLICY, MAP)
    if not first:
        place.roles(f.ACCOUNT, [f"scan-{i}" for i in range(DELIVERIES)])
    for i in range(first, last):
        kind, name = kinds[i % 3], f"scan-target-{i}"
        if kind == PORTFOLIO:
            name = f"port-scan{i:09}"
        where = f"arn:aws:iam::{f.ACCOUNT}:role/{name}" if kind == POLICY else name
        wants = [
            Want(kind, f.ACCOUNT, where, name if kind == POLICY else f"scan-{n}", n)
            for n in range(DELIVERIES)
        ]
        place.hold(decided.settled(wants)[0], [want.part["body"] for want in wants])
    decided.identify(f.ACCOUNT)


def _child() -> dict[str, Any]:
    """Scan in a process of its own: what is left in memory there is the scan's alone."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.scan"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _rows(found: Sequence[dict[str, Any]]) -> list[Any]:
    from tests.bench.report import Row

    memory = [one["memory"] for one in found]
    cpu = [one["cpu"] / one["targets"] for one in found]
    queries = [one["queries"] / one["targets"] for one in found]
    sizes = " / ".join(f"{one['targets']:,}" for one in found)
    facts = {"runs": list(found)}
    flat = max(memory) / memory[0]
    linear = max(cpu) / cpu[0]
    return [
        Row(
            f"memory, scan of {sizes} targets",
            f"≤ {FLAT} × the first",
            f"{_list(memory, ' MiB')}: {flat:.2f} ×",
            flat <= FLAT,
            found[-1]["targets"],
            facts,
        ),
        Row(
            f"processor time per target, scan of {sizes} targets",
            f"≤ {LINEAR} × the first",
            f"{_list([one * 1000 for one in cpu], ' ms')}: {linear:.2f} ×",
            linear <= LINEAR,
            found[-1]["targets"],
        ),
        Row(
            f"queries per target, scan of {sizes} targets",
            "told",
            _list(queries, ""),
            None,
            found[-1]["targets"],
        ),
    ]


def _list(values: Sequence[float], unit: str) -> str:
    return " / ".join(f"{one:.1f}" for one in values) + unit


def scan() -> dict[str, Any]:
    """In the child: all targets become due, and are swept until none is."""
    from django.db import connection
    from django.db.models.functions import Now

    from policies import reconcile
    from policies.models import Target

    Target.objects.update(next_look_at=Now(), hurried_at=None)
    for pk in _woken()[:WARM]:
        reconcile.converge(pk)
    counted, memory_at = _Counter(), []
    began, cpu = time.monotonic(), time.process_time()
    with connection.execute_wrapper(counted):
        while Target.objects.filter(next_look_at__isnull=False).exists():
            memory_at.append(_sweep())
    return {
        "targets": Target.objects.count(),
        "memory": round(_most_memory(), 1),
        "memory_at": memory_at,
        "cpu": round(time.process_time() - cpu, 2),
        "wall": round(time.monotonic() - began, 2),
        "queries": counted.number,
    }


def _sweep() -> float:
    """One sweep, and a pass for each target it woke; MiB in use after it."""
    from policies import reconcile, tasks

    tasks.sweep()
    for pk in _woken():
        reconcile.converge(pk)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def _most_memory() -> float:
    """MiB; not getrusage's, which a child inherits from its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(one for one in lines if one.startswith("VmHWM:")).split()[1]) / 1024


def _woken() -> list[int]:
    """What a worker would find in the queue: at most one batch of the sweep."""
    from django.db.models.functions import Now

    from policies.models import Target
    from policies.tasks import BATCH

    due = Target.objects.filter(next_look_at__lte=Now()).order_by("next_look_at")
    return list(due.values_list("pk", flat=True)[:BATCH])


class _Counter:
    """Counts the statements a connection executes."""

    number = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.number += 1
        return execute(*arguments)


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(scan()))
