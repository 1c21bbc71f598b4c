"""Speaks HTTP and owns no tables: pages, admin, REST, mail, settings."""

from portal.celery import app as celery_app

__all__ = ["celery_app"]
