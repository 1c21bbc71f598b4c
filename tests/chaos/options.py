"""What can be chosen of a run, and the two sizes that are ready made."""

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ABOUT = """Real processes (web, workers, beat, a fake AWS, and PostgreSQL and Redis of its own where
their programs are installed) under every fault at once: a share of AWS calls throttled, broken,
dropped, answered late, with old data or not at all; kill -9; the broker emptied; the database
restarted; others writing in the same places. Then everything in AWS is compared with what was
decided. Nothing of this machine's own services is touched.

exit code: 0 nothing lost, doubled or damaged and all settled, 1 otherwise, 2 it could not run."""


@dataclass(frozen=True)
class Options:
    """`seconds`: how long the faults last at least; they go on until everything is decided,
    `storm` seconds at most: a slow machine decides slowly, and that is no defect."""

    grants: int = 2000
    targets: int = 40
    seconds: float = 600.0
    seed: int = 0
    faulty: float = 0.20
    kill_every: float = 5.0
    pace: float = 1.0
    storm: float = 7200.0
    patience: float = 1800.0
    database: str = "auto"
    broker: str = "auto"
    keep: bool = False
    report: Path | None = None

    @property
    def is_small(self) -> bool:
        return self.pace < 1


SMALL = Options(
    grants=60, targets=6, seconds=45.0, kill_every=4.0, pace=0.1, storm=345.0, patience=300.0
)


def read(arguments: Sequence[str] | None = None) -> Options:
    """From the command line; what is not given comes from the size, the seed from chance."""
    given = vars(_parser().parse_args(arguments))
    size = SMALL if given.pop("small") else Options()
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    chosen.setdefault("seed", random.SystemRandom().randrange(1, 1_000_000))
    return replace(size, **chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make chaos",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--small", action="store_true", help="60 grants, 6 places, all waits a tenth: for CI")
    add("--grants", type=int, help="how many to decide (2000)")
    add("--targets", type=int, help="over how many places in AWS (40)")
    add("--seconds", type=float, help="how long faults last at least (600)")
    add("--seed", type=int, help="throw the same dice as an earlier run")
    add("--faulty", type=float, help="share of calls that meet a fault (0.20)")
    add("--kill-every", type=float, help="seconds between two kill -9 (5); 0: none")
    add("--pace", type=float, help="multiplies every wait of product and fake (1.0)")
    add("--storm", type=float, help="seconds until all must be decided (7200)")
    add("--patience", type=float, help="seconds to settle after the last fault (1800)")
    add("--database", choices=("auto", "postgresql", "sqlite"), help="auto: PostgreSQL if here")
    add("--broker", choices=("auto", "redis", "files"), help="auto: Redis if here")
    add("--keep", action="store_true", default=None, help="keep the folder with every log")
    add("--report", type=Path, help="also write the table to this file, as JSON")
    return parser
