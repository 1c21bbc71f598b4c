"""`python -m tests.bench [--json FILE] [--only NAME …] [--quick]`.

Starts a fake AWS with AWS's latencies and a database of its own, measures, prints a table and
ends with 1 when something that must be is not. How it is measured: docs/performance.md.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from policies.management.environment import OURS

NAMES = ("bursts", "own-time", "first-write", "stale", "scan")
QUICK_TARGETS = [6, 30]
KEPT = ("DATABASE_URL", "CELERY_BROKER_URL")  # where it is measured is the caller's choice


def main() -> int:
    options = _options()
    # However it is asked to stop, what it started ends and what it wrote goes.
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        _surround(folder)
        import django

        django.setup()
        from tests.bench import run

        began = time.monotonic()
        sizes = QUICK_TARGETS if options.quick else options.targets
        rows = run.measure(options.only, quick=options.quick, sizes=sizes)
        about = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "quick": options.quick,
            "seconds": round(time.monotonic() - began),
            **run.machine(),
        }
    return _tell(rows, about, options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write every figure to this file")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="NAME")
    parser.add_argument(
        "--targets",
        nargs="+",
        type=int,
        default=[100, 300, 1_000],
        metavar="N",
        help="how many targets the scan goes over, rising (100 300 1000)",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    return parser.parse_args()


def _surround(folder: str) -> None:
    """Nothing of the caller's but where it is to be measured; PACE is 1.0."""
    for name in list(os.environ):
        if (name in OURS and name not in KEPT) or name.startswith("AWS_"):
            del os.environ[name]
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "STATE_DIR": folder,
        "LOG_LEVEL": "ERROR",
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def _tell(rows: list[Any], about: dict[str, Any], path: Path | None) -> int:
    from tests.bench import report

    print(f"\n{report.table(rows)}\n")
    print(", ".join(f"{name} {value}" for name, value in about.items()))
    if path is not None:
        report.write(path, rows, about)
    missed = [row.name for row in rows if row.ok is False]
    print(f"{len(missed)} missed: {'; '.join(missed)}" if missed else "Every must is met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
