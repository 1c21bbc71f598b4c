"""The portal's Celery with one task more, that keeps a worker's slot busy until a file is there.

celery -A tests.journeys.busy worker …; the worker begins with that task. Files: in STATE_DIR.
"""

import os
import time
from pathlib import Path
from typing import Any

from celery import signals

from portal.celery import app

FOLDER = Path(os.environ["STATE_DIR"])

__all__ = ["app"]


@app.task(name="tests.busy")
def busy() -> None:
    (FOLDER / "began").touch()
    while not (FOLDER / "end").exists():
        time.sleep(0.1)
    (FOLDER / "ended").touch()


@signals.worker_ready.connect
def begin(sender: Any, **_more: Any) -> None:
    queue = next(iter(sender.app.amqp.queues.consume_from))
    app.send_task("tests.busy", queue=queue)
