"""A worker's sign of life: a row per queue it serves, renewed every few seconds.

A thread of the worker's main process gives it, whatever the pool: a pool's one slot may be
busy for a whole task limit, and a child process is replaced when it exceeds it. The thread
says nothing while the worker cannot hear its broker, or while every slot of a pool without
limits of its own (threads, solo) is past the limit: alive must mean that work gets done.
"""

import logging
import threading
import time
from typing import Any

from celery import signals

SIGN_SECONDS = 5.0

logger = logging.getLogger(__name__)
_begun: dict[str, float] = {}  # tasks of this very process; none in the main process of a prefork
_over = threading.Event()


@signals.task_prerun.connect
def note_begin(task_id: str, **_more: Any) -> None:
    _begun[task_id] = time.monotonic()


@signals.task_postrun.connect
def note_end(task_id: str, **_more: Any) -> None:
    _begun.pop(task_id, None)


@signals.worker_ready.connect
def begin(sender: Any, **_more: Any) -> None:
    """`sender` is Celery's consumer, in the worker's main process."""
    _over.clear()
    threading.Thread(target=_keep_on, args=[sender], name="sign of life", daemon=True).start()


@signals.worker_shutdown.connect
def end(**_more: Any) -> None:
    _over.set()


def all_stuck(begun: list[float], now: float, *, limit: float, slots: int) -> bool:
    """Whether no slot is left: as many tasks as there are slots run longer than `limit`."""
    return sum(now - moment > limit for moment in begun) >= max(slots, 1)


def _keep_on(consumer: Any) -> None:
    while True:
        if consumer.connection is not None and not _is_stuck(consumer):
            _give_sign(list(consumer.app.amqp.queues.consume_from))
        if _over.wait(SIGN_SECONDS):
            return


def _is_stuck(consumer: Any) -> bool:
    from django.conf import settings

    limit, slots = settings.TASK_LIMIT_SECONDS, consumer.pool.limit or 1
    return all_stuck(list(_begun.values()), time.monotonic(), limit=limit, slots=slots)


def _give_sign(queues: list[str]) -> None:
    from django.db import DatabaseError, connection

    from policies.models import Beat

    try:
        for queue in queues:
            Beat.give(f"{queue} worker")
    except DatabaseError as error:
        logger.warning("no sign of life could be written: %s", type(error).__name__)
    finally:
        connection.close()  # nothing of this thread's is left open when a child is forked
