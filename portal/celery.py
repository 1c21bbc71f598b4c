"""The Celery application. The broker is only a wake-up; the database remembers what is due."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("gatehouse")
app.config_from_object("portal.celeryconfig")
app.autodiscover_tasks(["accounts", "policies", "portal"])
