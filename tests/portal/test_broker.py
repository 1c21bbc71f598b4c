"""The broker of files: a message is there whole or not at all, whoever takes it."""

import threading
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from celery import current_app
from kombu import Connection

from portal import broker, celeryconfig

MESSAGES = 400


def channel(folder: Path) -> Any:
    options = celeryconfig.broker_options("filesystem://", str(folder))
    return Connection("filesystem://localhost", transport_options=options).default_channel


def taken(from_: Any, queue: str) -> list[Any]:
    found = []
    try:
        while True:
            found.append(from_._get(queue))
    except Empty:
        return found


def test_the_default_broker_is_ours(tmp_path):
    assert current_app.conf.broker_transport_options is not None
    assert isinstance(channel(tmp_path), broker.Channel)


def test_a_task_whose_worker_died_on_redis_comes_again_soon_after_its_lease(settings):
    options = celeryconfig.broker_options("redis://127.0.0.1/9", "")
    assert options["visibility_timeout"] >= settings.LEASE_SECONDS > settings.TASK_LIMIT_SECONDS
    made = Connection("redis://127.0.0.1/9", transport_options=options).transport.Channel
    assert set(options) <= {*made.from_transport_options, *_CONNECTION_OPTIONS}
    assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 10


_CONNECTION_OPTIONS = ("socket_timeout", "socket_connect_timeout")


def test_messages_come_in_order_and_only_from_their_queue(tmp_path):
    here = channel(tmp_path)
    for number in range(5):
        here._put("write", {"number": number})
    here._put("read", {"number": "other"})
    assert [one["number"] for one in taken(here, "write")] == [0, 1, 2, 3, 4]
    assert [one["number"] for one in taken(here, "read")] == ["other"]
    assert [one for one in tmp_path.iterdir() if one.is_file()] == []


@pytest.mark.parametrize("content", [b"", b'{"body": "half', b"[]", b"\xff\xfe"])
def test_a_file_that_is_no_message_is_dropped_and_the_next_one_comes(tmp_path, content, caplog):
    (tmp_path / "00000_a.write.msg").write_bytes(content)
    here = channel(tmp_path)
    here._put("write", {"number": 1})
    assert taken(here, "write") == [{"number": 1}]
    assert "could not be read" in caplog.text


def test_a_message_being_written_is_never_taken_half(tmp_path):
    """Each of many messages, long enough to be written in pieces, comes once and whole."""
    got: list[Any] = []
    done = threading.Event()

    def take() -> None:
        here = channel(tmp_path)
        while not done.is_set():
            got.extend(taken(here, "write"))
        got.extend(taken(here, "write"))

    takers = [threading.Thread(target=take) for _ in range(2)]
    for one in takers:
        one.start()
    giver = channel(tmp_path)
    for number in range(MESSAGES):
        giver._put("write", {"number": number, "body": "x" * 20_000})
    done.set()
    for one in takers:
        one.join(timeout=60)
    assert sorted(one["number"] for one in got) == list(range(MESSAGES))


def test_many_bind_at_once_and_every_binding_stays(tmp_path):
    def bind(number: int) -> None:
        here = channel(tmp_path)
        here._queue_bind("all", "", "", f"queue-{number}")
        here.get_table("all")

    binders = [threading.Thread(target=bind, args=[number]) for number in range(30)]
    for one in binders:
        one.start()
    for one in binders:
        one.join(timeout=60)
    here = channel(tmp_path)
    assert {one.queue for one in here.get_table("all")} == {f"queue-{n}" for n in range(30)}
    here._delete("queue-7", "all", "", "")
    assert len(here.get_table("all")) == 29
