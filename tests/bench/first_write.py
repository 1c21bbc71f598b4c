"""From a decision to its first write, with real workers behind the broker, at AWS's latencies.

The clock starts when the transaction that makes the grant is about to commit, and stops when the
write reaches the fake. One decision at a time, on workers with nothing else to do.
"""

import os
import sys
import time
from datetime import datetime
from itertools import count
from pathlib import Path

from django.conf import settings

from policies.management.processes import Processes
from policies.models import Grant
from tests import factories as f
from tests.bench import decided
from tests.bench.bursts import POLICY, PORTFOLIO
from tests.bench.decided import Want
from tests.bench.place import Place
from tests.bench.report import Row, percentiles, spread

MOST = 1.0
SEEN_SECONDS = 60
WORKER = ("-m", "celery", "-A", "portal", "worker", "-B", "-Q", "read,write", "-c", "1")
WRITES = ("AssociatePrincipalWithPortfolio", "PutRolePolicy")
_numbers = count(1)


def measure(place: Place, *, quick: bool) -> list[Row]:
    """A worker is warm after its first two grants; then one row."""
    place.fresh(f.ACCOUNT)
    number = 3 if quick else 15
    wants = _prepare(place, 2 * (number + 1))
    place.be_slow()
    environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}
    with Processes(Path(settings.STATE_DIR) / "logs", environment) as processes:
        processes.start("worker", sys.executable, *WORKER)
        times = [_timed(place, processes, want) for want in wants][2:]
    median = percentiles(times)[1]
    broker = settings.CELERY_BROKER_URL.split(":")[0]
    return [
        Row(
            f"decision → first write, broker {broker}",
            f"< {MOST:.0f} s",
            f"{spread(times)}, at most {max(times) * 1000:.0f} ms",
            median < MOST,
            len(times),
            {"seconds": sorted(round(one, 3) for one in times)},
        )
    ]


def _prepare(place: Place, number: int) -> list[Want]:
    names = [f"first-{next(_numbers)}" for _i in range(number)]
    portfolio = f"port-first{next(_numbers):08}"
    place.roles(f.ACCOUNT, names)
    place.portfolios(f.ACCOUNT, [portfolio])
    return [
        Want(PORTFOLIO, f.ACCOUNT, portfolio, name)
        if i % 2
        else Want(POLICY, f.ACCOUNT, f"arn:aws:iam::{f.ACCOUNT}:role/{name}", name)
        for i, name in enumerate(names)
    ]


def _timed(place: Place, processes: Processes, want: Want) -> float:
    items = decided.approved([want])
    decided.identify(f.ACCOUNT)  # before it is decided: another id is another identity
    for item in items:
        item.refresh_from_db()
    place.forget_calls()
    began = time.time()
    grant = decided.make(items)[0]
    processes.wait(lambda: _seen(grant), seconds=SEEN_SECONDS, what="seen")
    write = next(call for call in place.calls() if call["operation"] in WRITES)
    # The journal's time is that of the answer.
    arrived = datetime.fromisoformat(write["time"]).timestamp() - write["seconds"]
    return arrived - began


def _seen(grant: Grant) -> bool:
    grant.refresh_from_db()
    return grant.seen_at is not None
