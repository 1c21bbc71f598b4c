"""One run from its empty folder to the table: set up, storm, settle, judge."""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import django

from policies.management.processes import Ended, Late, Stopped
from tests.chaos import surroundings
from tests.chaos.crew import Crew
from tests.chaos.options import Options


def main(options: Options) -> int:
    """The exit code: 0 all well, 1 something is wrong, 2 it could not run, 130 stopped."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-chaos-"))
    folder.chmod(0o711)  # PostgreSQL's user passes through; what is inside stays closed
    values = surroundings.own_values(folder, options)
    os.environ.clear()
    os.environ.update(values)
    say(f"seed {options.seed}; {options.grants} grants, {options.targets} places, {folder}")
    crew = Crew(folder / "logs", values, Random(options.seed))
    code = 2
    try:
        with crew:
            code = _run(crew, folder, values, options)
    except Stopped:
        code = 130
    except (Ended, Late, OSError, RuntimeError) as error:
        print(f"Chaos cannot go on: {error}", file=sys.stderr)
    finally:
        if options.keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


def say(text: str) -> None:
    print(text, flush=True)


def _run(crew: Crew, folder: Path, values: dict[str, str], options: Options) -> int:
    around = surroundings.start(crew, folder, values, options)
    os.environ.clear()
    os.environ.update(around.values)
    say(f"on {around.says}")
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from tests.chaos import verdict
    from tests.chaos.stage import Stage

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    stage = Stage(crew, around, options)
    try:
        stage.open()
        _storm(stage)
        _settle(stage)
        return verdict.told(stage)
    finally:
        stage.close()
        connections.close_all()


def _storm(stage: Any) -> None:
    """Faults until everything is decided, for `seconds` at least and `storm` at most."""
    stage.begin_storm()
    began, options = time.monotonic(), stage.options
    while (since := time.monotonic() - began) < options.storm:
        if since > options.seconds and stage.is_decided:
            break
        stage.tick()
    stage.end_storm()


def _settle(stage: Any) -> None:
    """Until all is settled, or patience ends; others go on writing, the operator stays."""
    began = time.monotonic()
    while time.monotonic() < began + stage.options.patience:
        stage.tick()
        if stage.is_settled:
            break
    stage.settled_after = time.monotonic() - began
