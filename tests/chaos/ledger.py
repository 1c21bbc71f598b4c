"""What was decided, kept by those who decided it: the portal's own word is not asked."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tests.chaos.places import Holder, Place


@dataclass
class Right:
    """One grant as its deciders know it. `what`: groups or execution roles; empty otherwise.

    `over_at`: when it ends or ended, by whatever way; `how` says which.
    """

    ref: str
    holder: Holder
    place: Place
    what: frozenset[str]
    over_at: datetime | None = None
    how: str = ""

    def lives(self, now: datetime) -> bool:
        return self.over_at is None or self.over_at > now


@dataclass
class Ledger:
    """Safe from every thread."""

    rights: dict[str, Right] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rights: Iterable[Right]) -> None:
        with self.lock:
            self.rights |= {one.ref: one for one in rights}

    def over(self, right: Right, at: datetime, how: str) -> None:
        with self.lock:
            if right.over_at is None or at < right.over_at:
                right.over_at, right.how = at, how

    def all(self) -> list[Right]:
        with self.lock:
            return list(self.rights.values())

    def of(self, holder: Holder, now: datetime) -> list[Right]:
        return [one for one in self.all() if one.holder == holder and one.lives(now)]

    def crowd(self, place: Place) -> set[Holder]:
        """Everybody who ever had something there: what a quota may still hold at this moment."""
        return {one.holder for one in self.all() if one.place == place}

    @property
    def decided(self) -> int:
        return len(self.rights)


def united(rights: Iterable[Right], now: datetime) -> Mapping[Place, Mapping[str, frozenset[str]]]:
    """Per place, what each identity must have there: the union of its living rights."""
    wanted: dict[Place, dict[str, frozenset[str]]] = {}
    for one in rights:
        if one.lives(now):
            here = wanted.setdefault(one.place, {})
            here[one.holder.arn] = here.get(one.holder.arn, frozenset()) | one.what
    return wanted
