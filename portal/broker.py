"""The broker that needs no server: messages as files, each there whole or not there at all.

kombu's own file transport writes a message under its final name, so that a worker may take it
half written; that ends the worker. Here a file gets its name when it is complete, and one that
cannot be read is dropped: messages only hurry, the database remembers what is due.
"""

import fcntl
import json
import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):  # type: ignore[misc]  # kombu has no types
    """Queues as files in one folder, `MOMENT_ID.QUEUE.msg`, taken in the order of their names."""

    def _put(self, queue: str, payload: dict[str, Any], **_kwargs: Any) -> None:
        moment = time.time_ns() // 1000
        _write(self._folder / f"{moment:020}_{uuid.uuid4().hex}.{queue}.msg", payload)

    def _get(self, queue: str) -> dict[str, Any]:
        """The oldest message, now nobody else's. Raises Empty."""
        for name in sorted(os.listdir(self._folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = self._folder / f".taken.{uuid.uuid4().hex}"
            try:
                (self._folder / name).rename(taken)
            except FileNotFoundError:
                continue  # another worker was faster
            message = _read(taken)
            if message is not None:
                return message
        raise Empty

    def get_table(self, exchange: str) -> list[Any]:
        """Which queues an exchange leads to; none when its table cannot be read."""
        path: Path = self._exchange_file(exchange)
        try:
            rows = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        return [filesystem.exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        path: Path = self._exchange_file(exchange)
        path.parent.mkdir(exist_ok=True)
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with _alone(path.parent / ".lock"):
            rows = self.get_table(exchange)
            if row not in rows:
                _write(path, [row, *rows])

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)


class Transport(filesystem.Transport):  # type: ignore[misc]
    Channel = Channel


def _write(path: Path, document: Any) -> None:
    aside = path.with_name(f".new.{uuid.uuid4().hex}")
    aside.write_text(json.dumps(document), encoding="utf-8")
    aside.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    """A taken message, removed; None, with a warning, for a file that holds none."""
    text = path.read_text(encoding="utf-8", errors="replace")
    path.unlink()
    try:
        message = json.loads(text)
    except ValueError:
        message = None
    if isinstance(message, dict):
        return message
    logger.warning("a message in the broker's folder could not be read and was dropped")
    return None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time changes the tables."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
