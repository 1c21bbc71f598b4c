"""The product's processes: started, killed with -9, started again at once, and watched."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from policies.management.processes import Processes

POSTGRESQL, WEB_NAME = "postgresql", "web"
CELERY = (sys.executable, "-m", "celery", "-A", "portal")
WORKER = (*CELERY, "worker", "--without-gossip", "--without-mingle")
WEB = (sys.executable, "-m", "gunicorn", "--no-control-socket", "--threads=2")


@dataclass(frozen=True)
class Member:
    """One process of the product, which starts others: `processes` in all when it is ready.

    `killed`: whether it may meet kill -9.
    """

    name: str
    command: tuple[str, ...]
    killed: bool = True
    processes: int = 2


def members(port: int, *, writers: int) -> list[Member]:
    """Web, beat, a reader, `writers`, and one writer left alone, whose memory is watched.

    The reader foresees for all who ask, so it has as many hands as there are writers.
    """
    bind = f"--bind=127.0.0.1:{port}"
    write = [
        Member(f"write worker {n}", (*WORKER, "-c1", "-Q", "write", "-n", f"w{n}@%h"))
        for n in range(1, writers + 1)
    ]
    return [
        Member("steady worker", (*WORKER, "-c1", "-Q", "write", "-n", "steady@%h"), killed=False),
        *write,
        Member("read worker", (*WORKER, f"-c{writers}", "-Q", "read", "-n", "r@%h")),
        Member("beat", (*CELERY, "beat"), processes=1),
        Member(WEB_NAME, (*WEB, bind, "portal.wsgi:application")),
    ]


class Crew(Processes):
    """Processes of which some are killed and come back, as under a service manager."""

    def __init__(self, logs: Path, environment: Mapping[str, str], dice: Random) -> None:
        super().__init__(logs, environment)
        self._dice = dice
        self._members: dict[str, Member] = {}
        self._surroundings: Mapping[str, str] = {}
        self._sessions: set[int] = set()
        self._births: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self.kills: Counter[str] = Counter()
        self.ended_alone: list[str] = []

    def enlist(self, member: Member, surroundings: Mapping[str, str]) -> None:
        """Start a member, which is then kept running."""
        self._members[member.name], self._surroundings = member, surroundings
        self._begin(member)

    def tend(self) -> None:
        """Start again whoever has ended by itself. Raises Stopped, Ended (a server has died)."""
        for name, member in self._members.items():
            child = self._children.get(name)
            if child is None or child.poll() is None:
                continue
            self.ended_alone.append(f"{name} ended with code {child.returncode}")
            self._children.pop(name)
            self._begin(member)
        self.check()

    def check(self, but: str = "") -> None:
        """As ever, but for members: they may die, and come back."""
        aside = {name: self._children.pop(name) for name in self._members if name in self._children}
        try:
            super().check(but)
        finally:
            self._children |= aside

    def kill_one(self) -> str:
        """kill -9 for one member; half the time with all its children, and it starts again.

        Only one that has worked as long as it took to start, however slow the machine is: who
        is killed while it still starts does nothing that could go wrong. Empty: there is none.
        """
        old = [one.name for one in self._members.values() if one.killed and self._has_worked(one)]
        if not old:
            return ""
        least = min(self.kills[name] for name in old)
        name = self._dice.choice([name for name in old if self.kills[name] == least])
        child = self._children.pop(name)
        # What is left of a web server would keep its port for a while.
        if name == WEB_NAME or self._dice.random() < 0.5:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.wait()
        self.kills[name] += 1
        self._begin(self._members[name])
        return name

    def end(self, name: str, how: signal.Signals) -> None:
        """End one child by that signal, and wait for it."""
        child = self._children.pop(name)
        child.send_signal(how)
        child.wait(self._patience)

    def dismiss(self) -> None:
        """End every member, and what those killed have left behind; servers go on."""
        if here := [name for name in self._members if name in self._children]:
            super().stop(*here)
        self._members.clear()
        for session in self._sessions:
            for pid in in_session(session):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def stop(self, *names: str) -> None:
        """As ever; of everybody, the members first and PostgreSQL by its fast shutdown."""
        if not names:
            self.dismiss()
            if POSTGRESQL in self._children:
                self.end(POSTGRESQL, signal.SIGINT)
        super().stop(*names)

    def memory_of(self, name: str) -> int:
        """Bytes in memory of a member and everything it started."""
        child = self._children.get(name)
        return sum(_resident(pid) for pid in in_session(child.pid)) if child else 0

    def _has_worked(self, member: Member) -> bool:
        """A worker and the web server are ready when they have forked; beat soon after birth."""
        age = time.monotonic() - self._births[member.name]
        forked = len(in_session(self._children[member.name].pid)) >= member.processes
        if forked and member.name not in self._took:
            self._took[member.name] = age
        return age >= 2 * self._took.get(member.name, age)

    def _begin(self, member: Member) -> None:
        self.start(member.name, *member.command, environment=self._surroundings)
        self._sessions.add(self._children[member.name].pid)
        self._births[member.name] = time.monotonic()
        self._took.pop(member.name, None)


def in_session(session: int) -> list[int]:
    """Processes of a session that was ours; its number is not given out while one lives."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            found.append(int(entry.name))
    return found


def _resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


class Pulse:
    """Something that happens every so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._next = seconds, time.monotonic() + seconds

    def is_due(self) -> bool:
        if not self._seconds or time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + self._seconds
        return True
