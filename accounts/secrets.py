"""Values that must be readable again but never lie in clear: encrypted with ENCRYPTION_KEYS."""

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def _box() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def seal(text: str) -> str:
    """Encrypt with the first key. Fernet: AES-128-CBC and HMAC-SHA-256."""
    return _box().encrypt(text.encode()).decode("ascii")


def open_sealed(sealed: str) -> str:
    """Decrypt with any of the keys. Raises cryptography.fernet.InvalidToken."""
    return _box().decrypt(sealed.encode("ascii")).decode()
