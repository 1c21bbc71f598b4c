"""The Celery application. The broker is only a wake-up; the database remembers what is due."""

import os

from celery import Celery

from portal import life, trail

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("gatehouse")
app.config_from_object("portal.celeryconfig")
app.autodiscover_tasks(["accounts", "policies", "portal"])

__all__ = ["app", "life", "trail"]  # these two listen to Celery's signals
