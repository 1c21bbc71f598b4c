"""How moto's handlers are extended in place: checks before them, deeds after, lagging reads."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from tests.fakes import lag
from tests.fakes.wire import READS

# moto is not thread-safe, and a call of AWS is one step: whoever touches its state holds this.
ONE_AT_A_TIME = threading.RLock()


def before(responses: type, operation: str, check: Callable[[Any], None]) -> None:
    """Run `check(handler)` before a stock operation (named in snake case); it may refuse."""
    stock = getattr(responses, operation)

    @wraps(stock)
    def checked(handler: Any) -> Any:
        check(handler)
        return stock(handler)

    setattr(responses, operation, checked)


def around(
    responses: type,
    operation: str,
    extended: Callable[[Any, Callable[[Any], Any]], Any],
) -> None:
    """Answer an operation by `extended(handler, stock)` instead of by the stock one."""
    stock = getattr(responses, operation)

    @wraps(stock)
    def answered(handler: Any) -> Any:
        return extended(handler, stock)

    setattr(responses, operation, answered)


def let_reads_lag(responses: type, name: str, service: str) -> None:
    """Make a handler's backend property give reads the lagging view, and writes the truth."""
    live = getattr(responses, name).fget

    def seen(handler: Any) -> Any:
        if not handler._get_action().startswith(READS):
            return live(handler)
        return lag.view(service, handler.current_account, handler.region, live(handler))

    setattr(responses, name, property(seen))
