"""A program that calls the API, with tokens of every sort."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts import actors, tokens
from accounts.models import ServiceClient
from tests import factories as f

ALL = list(tokens.SCOPES)


@dataclass
class Program:
    """Sends JSON with one token, and no cookie ever."""

    token: str = ""
    scheme: str = "Bearer"

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """`headers` are named as in Python: idempotency_key="k"."""
        if self.token:
            headers["authorization"] = f"{self.scheme} {self.token}"
        return Client().generic(
            method,
            f"/api/{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="" if body is None else "application/json",
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


@pytest.fixture
def hr(db) -> ServiceClient:
    return ServiceClient.objects.create(name="hr", purpose="joiners, movers, leavers")


@pytest.fixture
def with_token(hr) -> Callable[..., Program]:
    """A program whose token has these scopes and this many days left."""

    def make(scopes: list[str] = ALL, *, days: float = 1, client: ServiceClient = hr) -> Program:
        _row, token = tokens.create(
            client,
            scopes=scopes,
            expires_at=f.now() + timedelta(days=days),
            by=actors.system(),
        )
        return Program(token)

    return make


@pytest.fixture
def api(with_token) -> Program:
    """A program that may do everything the API offers."""
    return with_token()
