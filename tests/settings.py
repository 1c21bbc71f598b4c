"""The product's settings for tests: nothing waits, nothing is shared between runs."""

import os
import tempfile

FOLDER = tempfile.mkdtemp(prefix="gatehouse-tests-")
os.environ.setdefault("STATE_DIR", FOLDER)
os.environ.setdefault("CACHE_URL", "locmemcache://")
os.environ.setdefault("CELERY_BROKER_URL", "memory://")
# A file, as in production: a database in memory behaves otherwise under several writers.
os.environ.setdefault("TEST_DATABASE_FILE", os.path.join(FOLDER, "test.sqlite3"))

from portal.settings import *  # noqa: F403, E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# WhiteNoise warns, and warnings fail tests, when this folder does not exist.
STATIC_ROOT = tempfile.mkdtemp(dir=FOLDER)
