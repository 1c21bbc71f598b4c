"""Child processes of a command: each in a session of its own, watched, and ended together."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Any, Self

PATIENCE_SECONDS = 15.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1  # prctl(2), Linux


class Ended(RuntimeError):
    """A child that should be running has ended, or a step failed; the text is one line."""


class Stopped(Exception):
    """Somebody asked this command to stop: Ctrl-C, SIGTERM or a closed terminal."""


class Late(TimeoutError):
    """What was waited for did not come in time."""


class Processes:
    """Starts children and ends all of them when the `with` block is left, whatever the reason.

    Signals raise nothing: the next `check` does, so that no child is ever half started.
    `patience`: seconds that each child gets to end by itself before it is killed.
    """

    def __init__(
        self, logs: Path, environment: Mapping[str, str], patience: float = PATIENCE_SECONDS
    ) -> None:
        self._logs, self._environment, self._patience = logs, dict(environment), patience
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._former: dict[int, Any] = {}
        self._asked = False

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        self._former = {one: signal.signal(one, self._ask) for one in SIGNALS}
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()
        for one, former in self._former.items():
            signal.signal(one, former)

    def start(
        self,
        name: str,
        *command: str,
        environment: Mapping[str, str] | None = None,
        aloud: bool = False,
    ) -> None:
        """Start a child, with more environment. With `aloud` its words go where ours go."""
        self.check()
        self._children[name] = self._spawn(name, command, environment or {}, aloud)

    def run(self, name: str, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Run a child to its end. Raises Ended with the last line it said when it fails."""
        self.start(name, *command, environment=environment)
        if self.finish(name):
            raise Ended(f"{name} failed: {self.last_words(name)}")

    def finish(self, name: str) -> int:
        """Wait for a child to end by itself; its exit code. The others may not end meanwhile."""
        child = self._children[name]
        while child.poll() is None:
            self.check(but=name)
            time.sleep(0.05)
        return self._children.pop(name).returncode

    def check(self, but: str = "") -> None:
        """Raises Stopped when asked to stop, Ended when a child is not running any more."""
        if self._asked:
            raise Stopped
        for name, child in self._children.items():
            if name != but and child.poll() is not None:
                code = child.returncode
                raise Ended(f"{name} ended with code {code}: {self.last_words(name)}")

    def wait(self, ready: Callable[[], Any], *, seconds: float, what: str) -> Any:
        """Ask `ready` until it answers something true. Raises Late, Stopped, Ended."""
        end = time.monotonic() + seconds
        while not (answer := ready()):
            self.check()
            if time.monotonic() > end:
                raise Late(f"{what}: not within {seconds:.0f} s")
            time.sleep(0.1)
        return answer

    def stop(self, *names: str) -> None:
        """End the named children, or all: one by one, the last started first.

        Each may need those started before it until it has ended. Who does not end is killed.
        """
        for name in reversed(names or list(self._children)):
            child = self._children.pop(name)
            if child.poll() is None:
                child.terminate()
            try:
                child.wait(self._patience)
            except subprocess.TimeoutExpired:
                child.kill()
            _kill_group(child)
            child.wait()

    def last_words(self, name: str) -> str:
        """The last line a child wrote, and where the rest is."""
        path = self._log(name)
        lines = path.read_text(errors="replace").split("\n") if path.exists() else []
        said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return f"{said[:300]} (log: {path})"

    def _log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def _spawn(
        self, name: str, command: tuple[str, ...], extra: Mapping[str, str], aloud: bool
    ) -> subprocess.Popen[bytes]:
        with open(self._log(name), "ab") as log:
            out: IO[bytes] | None = None if aloud else log
            return subprocess.Popen(  # noqa: S603  (our own commands, no shell)
                command,
                env={**self._environment, **extra},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out and subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def _ask(self, _signal: int, _frame: FrameType | None) -> None:
        self._asked = True


def _end_with_parent() -> None:
    """In the child: be told to end when the parent dies, even by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    """Whatever the child left behind in its session."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
