"""The broker that needs no server: messages as files, each there whole or not there at all.

kombu's own file transport writes a message under its final name, so that a worker may take it
half written; that ends the worker. Here a file gets its name when it is complete, and one that
cannot be read is dropped: messages only hurry, the database remembers what is due.
"""

import fcntl
import logging
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from kombu.utils import json as kombu_json

logger = logging.getLogger(__name__)
_json: Any = kombu_json  # it has no types


class Channel(filesystem.Channel):
    """Queues as files in one folder, `MOMENT_ID.QUEUE.msg`, taken in the order of their names."""

    def _put(  # type: ignore[override]  # kombu's classes disagree on the name
        self, queue: str, payload: Any, **_kwargs: Any
    ) -> None:
        moment = time.time_ns() // 1000
        _write(self._folder / f"{moment:020}_{uuid.uuid4().hex}.{queue}.msg", payload)

    def _get(self, queue: str, timeout: Any = None) -> Any:
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
        path = self._table(exchange)
        try:
            rows = _json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        return [filesystem.exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = _row(routing_key, pattern, queue)
        with self._alone():
            rows = self.get_table(exchange)
            if row not in rows:
                _write(self._table(exchange), [row, *rows])

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *_rest: Any, **_more: Any
    ) -> None:
        virtual.Channel._delete(self, queue)  # type: ignore[no-untyped-call]
        row = _row(routing_key, pattern, queue)
        with self._alone():
            rows = self.get_table(exchange)
            if row in rows:
                _write(self._table(exchange), [one for one in rows if one != row])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time changes the tables; who only reads one needs no lock."""
        self.control_folder.mkdir(exist_ok=True)
        with (self.control_folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _table(self, exchange: str) -> Path:
        """The file of an exchange. Raises ChannelError on a name that is no plain file name."""
        return Path(self._exchange_file(exchange))  # type: ignore[no-untyped-call]

    @property
    def _folder(self) -> Path:
        return Path(self.data_folder_in)


class Transport(filesystem.Transport):
    Channel = Channel


def install() -> None:
    """Let `filesystem://` mean this transport, in every process that talks to the broker."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


def _row(routing_key: str, pattern: str, queue: str) -> Any:
    return filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")


def _write(path: Path, document: Any) -> None:
    aside = path.with_name(f".new.{uuid.uuid4().hex}")
    aside.write_text(_json.dumps(document), encoding="utf-8")
    aside.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    """A taken message, removed; None, with a warning, for a file that holds none."""
    text = path.read_text(encoding="utf-8", errors="replace")
    path.unlink()
    try:
        message = _json.loads(text)
    except ValueError:
        message = None
    if isinstance(message, dict):
        return message
    logger.warning("a message in the broker's folder could not be read and was dropped")
    return None
