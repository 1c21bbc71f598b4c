"""Databases of their own for tests that start whole processes: a file, or one on PostgreSQL."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

SERVER = "postgres://postgres@127.0.0.1:5432"


@contextmanager
def own(vendor: str, folder: Path) -> Iterator[str]:
    """The DATABASE_URL of a new empty database, removed afterwards. Skips where none answers."""
    if vendor == "sqlite":
        yield f"sqlite:///{folder}/own.sqlite3"
        return
    name = f"gatehouse_own_{secrets.token_hex(6)}"
    _tell(f'CREATE DATABASE "{name}"')
    try:
        yield f"{SERVER}/{name}"
    finally:
        _tell(f'DROP DATABASE "{name}" WITH (FORCE)')


def _tell(statement: str) -> None:
    try:
        with psycopg.connect(f"{SERVER}/postgres", connect_timeout=3, autocommit=True) as one:
            one.execute(statement)
    except psycopg.OperationalError as error:
        pytest.skip(f"PostgreSQL: 127.0.0.1:5432: {str(error).splitlines()[0]}")
