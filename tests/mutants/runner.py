"""Trying mutants: each in a copy of the tree, never in the tree itself."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from tests.fakes import process
from tests.mutants.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("accounts", "policies", "portal", "templates", "static", "locale", "tests")
FILES = ("manage.py", "pyproject.toml")
FAKE, PACE = "fake.json", 0.05
LONGEST_SECONDS = 600
# What pytest calls a test's own verdict, in the first words of a failure.
VERDICTS = ("assert", "AssertionError", "Failed: DID NOT RAISE")


@dataclass(frozen=True)
class Result:
    """`verdict`: caught, survived, or broken (the tests fell over instead of judging)."""

    name: str
    verdict: str
    seconds: float
    told: str = ""

    @property
    def is_good(self) -> bool:
        return self.verdict == "caught"


class Trees:
    """As many copies as jobs; each is lent to one mutant at a time and put back as it was.

    Each has a fake AWS and a database that its runs share, for starting them is most of the time.
    """

    def __init__(self, folder: Path, jobs: int) -> None:
        self._free: Queue[Path] = Queue()
        self._fakes: list[process.FakeAWS] = []
        for number in range(jobs):
            tree = folder / f"tree{number}"
            for name in filter(lambda one: (ROOT / one).exists(), COPIED):
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, tree / name, ignore=ignored)
            for name in FILES:
                shutil.copy(ROOT / name, tree / name)
            self._fakes.append(process.start(pace=PACE))
            (tree / FAKE).write_text(json.dumps(self._fakes[-1].addresses))
            self._free.put(tree)

    def __enter__(self) -> "Trees":
        return self

    def __exit__(self, *_error: object) -> None:
        for fake in self._fakes:
            fake.stop()

    @contextmanager
    def one(self):
        tree = self._free.get()
        try:
            yield tree
        finally:
            self._free.put(tree)


def run(mutants: Sequence[Mutant], jobs: int, tell) -> list[Result]:
    """First every named test on the tree as it is, then each mutant. `tell` hears each result."""
    with (
        tempfile.TemporaryDirectory(prefix="gatehouse-mutants-") as folder,
        Trees(Path(folder), jobs) as trees,
        ThreadPoolExecutor(jobs) as pool,
    ):
        sound = list(pool.map(lambda share: _sound(trees, share), _shares(mutants, jobs)))
        for one in sound:
            tell(one)
        if not all(one.verdict == "passes" for one in sound):
            return sound
        results = []
        for one in pool.map(lambda mutant: _try(trees, mutant), mutants):
            tell(one)
            results.append(one)
        return results


def _shares(mutants: Sequence[Mutant], jobs: int) -> list[list[str]]:
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    return [share for number in range(jobs) if (share := tests[number::jobs])]


def _sound(trees: Trees, tests: list[str]) -> Result:
    began = time.monotonic()
    with trees.one() as tree:
        code, words = _pytest(tree, tests)
    verdict = "passes" if code == 0 else "broken"
    return Result(f"as it is, {len(tests)} tests", verdict, time.monotonic() - began, words)


def _try(trees: Trees, mutant: Mutant) -> Result:
    began = time.monotonic()
    with trees.one() as tree:
        path = tree / mutant.file
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.apply(tree), encoding="utf-8")
        try:
            code, words = _pytest(tree, mutant.tests)
        finally:
            path.write_text(original, encoding="utf-8")
    verdict = {0: "survived", 1: "caught"}.get(code, "broken")
    return Result(mutant.name, verdict, time.monotonic() - began, words)


def _pytest(tree: Path, tests: Sequence[str]) -> tuple[int, str]:
    """0: all passed. 1: one judged that something is wrong. 2: anything else; and its words."""
    report = tree / "report.xml"
    report.unlink(missing_ok=True)
    options = ["-x", "-q", "-n0", "--reuse-db", "-p", "no:cacheprovider", f"--junitxml={report}"]
    state = tree / "state"
    state.mkdir(exist_ok=True)
    environment = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "STATE_DIR": str(state),
        "DATABASE_URL": "",
        "TEST_DATABASE_FILE": str(state / "test.sqlite3"),
        "FAKE_AWS": (tree / FAKE).read_text(),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return 0, ""
    failures = ET.parse(report).iter("failure") if report.exists() else ()
    words = [one.get("message", "").strip() for one in failures]
    judged = [one for one in words if one.startswith(VERDICTS)]
    if judged:
        return 1, judged[0].splitlines()[0]
    return 2, (words or [done.stdout[-2000:] + done.stderr[-2000:]])[0]
