"""One pass in a process of its own that dies by kill -9 at a chosen point.

python -m tests.journeys.crash TARGET_ID {before,after}: before or after AWS applied the write.
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
    from policies.reconcile import writing

    point = {"before": "_carry_out", "after": "_take_down"}[sys.argv[2]]
    setattr(writing, point, die)
    reconcile.converge(int(sys.argv[1]))


if __name__ == "__main__":
    main()
