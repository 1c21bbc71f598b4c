"""Ed25519 (RFC 8032): who signs the seals, and whether a signature holds.

Private keys come from the setting AUDIT_SIGNING_KEYS and are loaded only where sealing
happens: nothing that the web process calls reads them.
"""

import base64
import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings


@dataclass(frozen=True)
class Signer:
    """One key pair. Its private half does not show in any text."""

    public: str
    _private: Ed25519PrivateKey = field(repr=False)

    def sign(self, data: bytes) -> str:
        return _text(self._private.sign(data))


def signers() -> list[Signer]:
    """The keys of AUDIT_SIGNING_KEYS, newest first."""
    return [signer(key) for key in settings.AUDIT_SIGNING_KEYS]


def signer(secret: str) -> Signer:
    """The signer of 32 random bytes in base64url."""
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(secret))
    return Signer(_text(private.public_key().public_bytes_raw()), private)


def holds(public: str, signature: str, data: bytes) -> bool:
    """Whether `signature` is of `data` and by `public`. Anything malformed does not hold."""
    try:
        key = Ed25519PublicKey.from_public_bytes(_bytes(public))
        key.verify(_bytes(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_public(text: str) -> bool:
    """Whether this is a public key as we write it."""
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(text))
    except ValueError:
        return False
    return True


def key_id(public: str) -> str:
    """A short name to compare by eye: the start of the SHA-256 of the key's 32 bytes."""
    try:
        return hashlib.sha256(_bytes(public)).hexdigest()[:16]
    except ValueError:
        return "malformed"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    """Raises ValueError on anything but the one way to write these bytes."""
    data = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    if _text(data) != text:
        raise ValueError("not canonical base64url")
    return data
