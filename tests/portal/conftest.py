"""Signed-in clients that check every page they fetch."""

from collections.abc import Callable

import pytest

from accounts.models import Person
from tests.pages import PageClient

As = Callable[[Person | None], PageClient]


@pytest.fixture
def as_() -> As:
    """`as_(person)`: a checking client signed in as the person; `as_(None)`: as nobody."""

    def sign_in(person: Person | None) -> PageClient:
        client = PageClient()
        if person is not None:
            client.force_login(person)
        return client

    return sign_in
