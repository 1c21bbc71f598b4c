"""What Celery is told. Loaded at first use, so that Django's settings are there."""

import os
from typing import Any

from django.conf import settings

from portal import broker

READ_QUEUE = "read"
WRITE_QUEUE = "write"


def broker_options(url: str, folder: str) -> dict[str, Any]:
    """Transport options: files in one folder for the default, short time-outs elsewhere."""
    if url.startswith("filesystem:"):
        return {
            "data_folder_in": folder,
            "data_folder_out": folder,
            "control_folder": os.path.join(folder, "control"),
            "polling_interval": 0.2,
        }
    if url.startswith("redis"):
        # A task of a dead worker comes again after the first plus the second; kombu would look
        # for it only every tenth time, if not told otherwise.
        return {
            "visibility_timeout": settings.LEASE_SECONDS,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_connect_timeout": 1,
            "socket_timeout": 5,
        }
    if url.startswith("memory:"):
        return {"polling_interval": 0.05}
    return {}


broker.install()
broker_url = settings.CELERY_BROKER_URL
broker_transport_options = broker_options(broker_url, str(settings.CELERY_BROKER_FOLDER))
broker_connection_timeout = 1
broker_connection_retry_on_startup = True
task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_acks_late = True
task_reject_on_worker_lost = False
worker_prefetch_multiplier = 1
task_time_limit = settings.TASK_LIMIT_SECONDS
task_publish_retry = False
task_default_queue = WRITE_QUEUE
task_routes = {
    "policies.answer": {"queue": READ_QUEUE},
    "policies.identify": {"queue": READ_QUEUE},
}
worker_hijack_root_logger = False
worker_send_task_events = False
timezone = "UTC"
beat_schedule = {
    "sweep": {"task": "policies.sweep", "schedule": 1.0, "options": {"expires": 2}},
    "scan": {"task": "policies.scan", "schedule": 10.0, "options": {"expires": 10}},
    "reroute": {"task": "policies.reroute", "schedule": 60.0, "options": {"expires": 30}},
    "seal": {"task": "accounts.seal", "schedule": 5.0, "options": {"expires": 5}},
    "deliver": {"task": "portal.deliver_notices", "schedule": 5.0, "options": {"expires": 5}},
}
beat_schedule_filename = str(settings.STATE_DIR / "beat")
