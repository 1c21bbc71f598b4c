"""Short references that can be read aloud: R-7F3K9.

Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O or U, so that
nothing heard on the telephone can be written down wrong.
"""

import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 7


def new(prefix: str) -> str:
    """A fresh reference: `PREFIX-` and 35 random bits; a clash fails the unique index."""
    return f"{prefix}-" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def request() -> str:
    return new("R")


def grant() -> str:
    return new("G")


def plan() -> str:
    return new("P")


def receipt() -> str:
    return new("L")
