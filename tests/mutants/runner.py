"""Trying mutants: each in a copy of the tree, never in the tree itself."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
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
PACE = 0.05
OPTIONS = (
    *("-x", "-q", "-n0", "--reuse-db", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # the warm process has loaded plugins
)
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


class Tree:
    """A copy of the tree with a fake AWS, a database and a warm process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in filter(lambda one: (ROOT / one).exists(), COPIED):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for name in FILES:
            shutil.copy(ROOT / name, folder / name)
        state = folder / "state"
        state.mkdir()
        self._fake = process.start(pace=PACE)
        self._warm = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.warm"],
            cwd=folder,
            env=os.environ
            | {
                "PYTHONDONTWRITEBYTECODE": "1",
                "STATE_DIR": str(state),
                "DATABASE_URL": "",
                "TEST_DATABASE_FILE": str(state / "test.sqlite3"),
                "FAKE_AWS": json.dumps(self._fake.addresses),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments: Sequence[str]) -> int:
        """pytest's exit code in a process forked for it."""
        assert self._warm.stdin
        assert self._warm.stdout
        self._warm.stdin.write(json.dumps(list(arguments)) + "\n")
        self._warm.stdin.flush()
        return int(self._warm.stdout.readline())

    def log(self) -> str:
        return (self.folder / "pytest.log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        self._warm.communicate()
        self._fake.stop()


class Trees:
    """As many copies as jobs; each is lent to one mutant at a time and put back as it was."""

    def __init__(self, folder: Path, jobs: int) -> None:
        self._free: Queue[Tree] = Queue()
        self._all = [Tree(folder / f"tree{number}") for number in range(jobs)]
        for tree in self._all:
            self._free.put(tree)

    def __enter__(self) -> "Trees":
        return self

    def __exit__(self, *_error: object) -> None:
        for tree in self._all:
            tree.stop()

    @contextmanager
    def one(self) -> Iterator[Tree]:
        tree = self._free.get()
        try:
            yield tree
        finally:
            self._free.put(tree)


def run(mutants: Sequence[Mutant], jobs: int, tell: Callable[[Result], None]) -> list[Result]:
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
        path = tree.folder / mutant.file
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.apply(tree.folder), encoding="utf-8")
        try:
            code, words = _pytest(tree, mutant.tests)
        finally:
            path.write_text(original, encoding="utf-8")
    verdict = {0: "survived", 1: "caught"}.get(code, "broken")
    return Result(mutant.name, verdict, time.monotonic() - began, words)


def _pytest(tree: Tree, tests: Sequence[str]) -> tuple[int, str]:
    """0: all passed. 1: one judged that something is wrong. 2: anything else; and its words."""
    report = tree.folder / "report.xml"
    report.unlink(missing_ok=True)
    code = tree.run([*OPTIONS, f"--junitxml={report}", *tests])
    if code == 0:
        return 0, ""
    failures = ET.parse(report).iter("failure") if report.exists() else ()
    words = [one.get("message", "").strip() for one in failures]
    judged = [one for one in words if one.startswith(VERDICTS)]
    if judged:
        return 1, judged[0].splitlines()[0]
    return 2, (words or [tree.log()])[0]
