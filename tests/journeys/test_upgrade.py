"""A database of the first release migrates: nothing lost, nothing loosened, old code goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import databases

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.processes


@pytest.mark.parametrize("vendor", ["sqlite", "postgresql"])
def test_a_database_of_the_first_release_migrates(vendor, tmp_path):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    with databases.own(vendor, tmp_path) as url:
        done = subprocess.run(
            [sys.executable, "-m", "tests.journeys.upgrade"],
            cwd=ROOT,
            env={**kept, "STATE_DIR": str(tmp_path), "DATABASE_URL": url},
            capture_output=True,
            text=True,
            timeout=600,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert set(told.pop("pages").values()) == {200}
    assert told == {
        "empty": [],
        "different": [],
        "old code cannot insert": [],
        "constraints that are gone": [],
    }
