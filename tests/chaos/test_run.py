"""A run that is stopped in the middle ends everything it has started, and removes its folder."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.surroundings import ROOT

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]
LONGEST_SECONDS = 600


def processes_of(folder: Path) -> list[str]:
    """Command lines of processes that were told of a folder below this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{folder}/gatehouse-chaos".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Unlike pytest's own, one that PostgreSQL's user may pass through."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.mark.parametrize("embedded", [True, False], ids=["embedded", "own servers"])
def test_stopped_in_the_middle_it_leaves_no_process_and_no_folder(folder, embedded):
    parts = ["--database=sqlite", "--broker=files"] if embedded else []
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos", "--small", "--seed=5", *parts],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    said = []
    for line in child.stdout:
        said.append(line)
        if "the storm begins" in line:
            break
    assert processes_of(folder) != [], said
    child.send_signal(signal.SIGINT)
    rest, _ = child.communicate(timeout=LONGEST_SECONDS)
    assert child.returncode == 130, "".join(said) + rest
    assert processes_of(folder) == []
    assert list(folder.iterdir()) == []
