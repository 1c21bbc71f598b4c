"""Between two database statements of a pass: kill -9, or somebody else acts.

A pass is a sequence of statements with AWS calls between them, so “before its Nth statement” is
every point at which a worker can die. Nothing of the product is replaced.
"""

import os
import signal
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from django.db import connection, connections

from policies import clients, reconcile


def pass_that_dies(target_id: int, statement: int) -> bool:
    """One pass in a process of its own, killed before its Nth statement. False: it got through."""
    connections.close_all()  # no connection may be shared between two processes
    child = os.fork()
    if child == 0:
        try:
            clients.forget_sessions()
            with connection.execute_wrapper(_Nth(statement, _kill_me, anywhere=True)):
                reconcile.converge(target_id)
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def pass_with(target_id: int, statement: int, deed: Callable[[], None]) -> None:
    """One pass, and `deed` by somebody else before its Nth statement outside a transaction."""
    with connection.execute_wrapper(_Nth(statement, lambda: elsewhere(deed))):
        reconcile.converge(target_id)


def between(deed: Callable[[], None]) -> AbstractContextManager[None]:
    """`deed` by somebody else before every statement outside a transaction."""

    def each(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if not connection.in_atomic_block:
            elsewhere(deed)
        return execute(sql, params, many, context)

    return connection.execute_wrapper(each)


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


class _Nth:
    """Counts statements and does something once before the Nth."""

    def __init__(self, number: int, deed: Callable[[], None], *, anywhere: bool = False) -> None:
        self.left, self.deed, self.anywhere = number, deed, anywhere

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.left -= 1
        if self.left <= 0 and (self.anywhere or not connection.in_atomic_block):
            self.left, deed = 10**9, self.deed
            deed()
        return execute(sql, params, many, context)
