"""The correlation id's way through the broker: into each message's headers, out into its task.

Task names and arguments are frozen; a header is neither, and a worker that does not know it
ignores it. A message that is lost takes no id with it: the target's row has it, too.
"""

from contextlib import AbstractContextManager
from typing import Any

from celery import signals

from accounts import context

HEADER = "gatehouse_correlation"
_SUBJECTS = {"policies.converge": "target", "policies.answer": "inquiry"}
_running: dict[str, AbstractContextManager[None]] = {}


@signals.setup_logging.connect
def keep_our_logging(**_more: Any) -> None:
    """Celery sets up no logging of its own: every line is JSON, at LOG_LEVEL, as in the web."""


@signals.before_task_publish.connect
def send_along(headers: dict[str, Any], **_more: Any) -> None:
    """What a request or a task sends off carries its id; the clock's messages begin a new one."""
    headers.setdefault(HEADER, context.correlation() or context.new())


@signals.task_prerun.connect
def take_up(task_id: str, task: Any, args: Any = (), **_more: Any) -> None:
    correlation = context.well_formed(getattr(task.request, HEADER, "")) or context.new()
    told: dict[str, object] = {"task": task.name, "task_id": task_id}
    if task.name in _SUBJECTS and args:
        told[_SUBJECTS[task.name]] = args[0]
    _running[task_id] = context.bound(correlation, **told)
    _running[task_id].__enter__()


@signals.task_postrun.connect
def put_down(task_id: str, **_more: Any) -> None:
    bound = _running.pop(task_id, None)
    if bound is not None:
        bound.__exit__(None, None, None)
