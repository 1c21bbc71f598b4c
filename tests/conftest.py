"""What every test shares: quick hashing, a clean cache, no mail leaving, a company to try."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from tests import factories


@pytest.fixture(autouse=True)
def _plain_settings(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def company(db) -> factories.Company:
    return factories.company()
