"""What people can ask for: one file each, listed here."""

from policies.kinds import aws_auth, execution_roles, portfolio
from policies.kinds.protocol import BadTerms, EndFacts, Field, Kind, PlacedPart, Remaining, Support

KINDS: dict[str, Kind] = {
    "portfolio": portfolio,
    "execution_roles": execution_roles,
    "aws_auth": aws_auth,
}

__all__ = [
    "KINDS",
    "BadTerms",
    "EndFacts",
    "Field",
    "Kind",
    "PlacedPart",
    "Remaining",
    "Support",
]
