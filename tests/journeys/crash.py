"""One pass in a process of its own that dies by kill -9 at a chosen point.

python -m tests.journeys.crash TARGET_ID {before,after}: before or after AWS applied the write;
any other word names an AWS operation: right after AWS applied that one.
"""

import os
import signal
import sys
from typing import Any

import django


def die(*_arguments: Any, **_more: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    django.setup()
    from policies import reconcile
    from policies.clients import AccountClients
    from policies.reconcile import writing

    points = {"before": "_carry_out", "after": "_take_down"}
    if sys.argv[2] in points:
        setattr(writing, points[sys.argv[2]], die)
    else:
        AccountClients.call = _dying(AccountClients.call, sys.argv[2])  # type: ignore[method-assign]
    reconcile.converge(int(sys.argv[1]))


def _dying(call: Any, fatal: str) -> Any:
    def called(clients: Any, service: str, operation: str, **arguments: Any) -> Any:
        answer = call(clients, service, operation, **arguments)
        return die() if operation == fatal else answer

    return called


if __name__ == "__main__":
    main()
