"""Reads the environment once, at start, and names every setting that is wrong, all at once."""

import base64
import contextlib
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

_wrong: list[str] = []


def text(name: str, default: str) -> str:
    return os.environ.get(name, default)


def words(name: str) -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        _wrong.append(f"{name} is “{value}”; write true or false.")
    return default


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "")
    if not value:
        return default
    if not value.isdigit():
        _wrong.append(f"{name} is “{value}”; write a whole number.")
        return default
    return int(value)


def decimal(name: str, default: float) -> float:
    value = os.environ.get(name, "")
    try:
        parsed = float(value) if value else default
    except ValueError:
        parsed = -1.0
    if parsed <= 0:
        _wrong.append(f"{name} is “{value}”; write a number above 0.")
        return default
    return parsed


def rates(name: str, default: str) -> dict[str, tuple[float, float]]:
    """Pairs “service=reads/writes”, comma-separated; a service not named keeps its default."""
    found: dict[str, tuple[float, float]] = {}
    for word in f"{default},{os.environ.get(name, '')}".split(","):
        service, _sign, numbers = word.strip().partition("=")
        reads, _slash, writes = numbers.partition("/")
        try:
            pair = float(reads), float(writes)
        except ValueError:
            pair = 0.0, 0.0
        if word.strip() and not (service and min(pair) > 0 and max(pair) < float("inf")):
            _wrong.append(f"{name} has “{word.strip()}”; write it as iam=20/5, both above 0.")
        elif word.strip():
            found[service] = pair
    return found


def url(name: str, default: str) -> str:
    value = os.environ.get(name, default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        _wrong.append(f"{name} is “{value}”; write it as https://portal.example.com.")
        return default
    return value


def folder(name: str, default: Path) -> Path:
    """A folder that exists afterwards, readable by us alone."""
    path = Path(os.environ.get(name) or default)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        _wrong.append(f"{name}: the folder {path} cannot be made: {error.strerror}.")
    return path


def _kept(path: Path, make: Any) -> str:
    """The content of a file made at first use, readable by us alone.

    Written aside and linked into place, so that of two processes starting at once
    one makes the file and both read the same words.
    """
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(make(), encoding="ascii")
        with contextlib.suppress(FileExistsError):  # another process was first: its words count
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="ascii").strip()


def secret(name: str, state: Path) -> str:
    return os.environ.get(name) or _kept(state / "secret_key", lambda: secrets.token_urlsafe(50))


def fernet_key(state: Path) -> str:
    return _kept(state / "encryption_key", lambda: Fernet.generate_key().decode("ascii"))


def signing_keys(name: str, state: Path) -> Any:
    """The Ed25519 keys of the record, newest first; checked now.

    Without any, one is made in `state` by whoever reads the list first, and not before: a
    process that never signs makes and reads no key.
    """
    given = words(name)
    for number, key in enumerate(given, 1):
        if not _is_seed(key):
            _wrong.append(f"{name}: key {number} is not 32 random bytes in base64url.")
    return SimpleLazyObject(lambda: given or [_kept(state / "audit_signing_key", _seed)])


def _seed() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")


def _is_seed(key: str) -> bool:
    try:
        return len(base64.b64decode(key.encode("ascii"), altchars=b"-_", validate=True)) == 32
    except ValueError:
        return False


def database(name: str, default: Path) -> dict[str, Any]:
    """SQLite (WAL, IMMEDIATE) or PostgreSQL; anything else is refused."""
    value = os.environ.get(name) or f"sqlite:///{default}"
    try:
        config = dict(environ.Env.db_url_config(value))
    except (ImproperlyConfigured, ValueError) as error:
        _wrong.append(f"{name} cannot be read: {error}")
        return {}
    engine = str(config.get("ENGINE", ""))
    if engine.endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        # A test database in memory cannot be shared by threads and processes; a file can.
        config["TEST"] = {"NAME": os.environ.get("TEST_DATABASE_FILE") or None}
    elif not engine.endswith("postgresql"):
        _wrong.append(f"{name}: only sqlite:///… and postgres://… are supported.")
    return config


def cache(name: str) -> dict[str, Any]:
    value = os.environ.get(name, "")
    if not value:
        return {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "portal_cache",
        }
    try:
        return dict(environ.Env.cache_url_config(value))
    except (ImproperlyConfigured, ValueError) as error:
        _wrong.append(f"{name} cannot be read: {error}")
        return {}


def complain() -> None:
    """Raise ImproperlyConfigured naming every setting found wrong since the start."""
    if _wrong:
        raise ImproperlyConfigured(
            "Settings from the environment:\n- " + "\n- ".join(dict.fromkeys(_wrong))
        )
