"""Between two database statements of a pass: kill -9, or somebody else acts.

A pass is a sequence of statements with AWS calls between them, so “before its Nth statement” is
every point at which a worker can die. Nothing of the product is replaced.
"""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from policies import clients, reconcile

Trigger = Callable[[str], bool]


def nth(number: int) -> Trigger:
    """Before the Nth statement, wherever it stands."""
    left = iter(range(number - 1, -1, -1))
    return lambda _sql: next(left, 1) == 0


def free_nth(number: int) -> Trigger:
    """Before the Nth statement or the first after it that is outside a transaction.

    Inside one, whoever acts at the same time would wait for it.
    """
    left = [number]

    def trigger(_sql: str) -> bool:
        left[0] -= 1
        return left[0] <= 0 and not connection.in_atomic_block

    return trigger


def naming(table: str, when: Callable[[], bool] = lambda: True) -> Trigger:
    """Before the first statement outside a transaction that names `table`."""
    return lambda sql: f'"{table}"' in sql and not connection.in_atomic_block and when()


def pass_that_dies(target_id: int, trigger: Trigger) -> bool:
    """One pass in a process of its own, killed at the trigger. False: it got through."""
    connections.close_all()  # no connection may be shared between two processes
    child = os.fork()
    if child == 0:
        try:
            clients.forget_clients()  # two processes may not share a connection
            with connection.execute_wrapper(_Once(trigger, _kill_me)):
                reconcile.converge(target_id)
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def pass_with(target_id: int, trigger: Trigger, deed: Callable[[], None]) -> bool:
    """One pass, and `deed` by somebody else at the trigger. Whether it came to that."""
    hook = _Once(trigger, lambda: elsewhere(deed))
    with connection.execute_wrapper(hook):
        reconcile.converge(target_id)
    return hook.done


def elsewhere(*deeds: Callable[[], None]) -> None:
    """Do each at the same instant, on a connection of its own; raises what any of them raised."""
    raised: list[BaseException] = []

    def run(deed: Callable[[], None]) -> None:
        try:
            deed()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


def _kill_me() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _Once:
    """Does something once, before the statement that the trigger names."""

    def __init__(self, trigger: Trigger, deed: Callable[[], None]) -> None:
        self.trigger, self.deed, self.done = trigger, deed, False
        self.asking = False

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if not (self.done or self.asking):
            self.asking = True  # a trigger may ask the database, too
            self.done = self.trigger(sql)
            self.asking = False
            if self.done:
                self.deed()
        return execute(sql, params, many, context)
