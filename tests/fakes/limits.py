"""Quotas in force: the believed defaults, raised or lowered per account by the tests' admin URL."""

from tests.fakes.beliefs import QUOTAS

_raised: dict[tuple[str, str], int] = {}


def limit(account: str, name: str) -> int:
    """The value in force in an account; `KeyError` for a quota the fake does not enforce."""
    default = QUOTAS[name].value
    return _raised.get((account, name), _raised.get(("*", name), default))


def set_limit(name: str, value: int, account: str = "*") -> None:
    """Change one quota in one account, or in all (`*`); `KeyError` for an unknown name."""
    QUOTAS[name]
    _raised[account, name] = value


def in_force(account: str) -> dict[str, int]:
    """Every quota of one account by name."""
    return {name: limit(account, name) for name in QUOTAS}


def reset() -> None:
    """Back to AWS's defaults."""
    _raised.clear()
