"""What people can ask for: one file each, listed here."""

from policies.kinds import aws_auth, execution_roles, job_role, portfolio
from policies.kinds.protocol import BadTerms, EndFacts, Field, Kind, PlacedPart, Remaining, Support

KINDS: dict[str, Kind] = {
    "portfolio": portfolio,
    "execution_roles": execution_roles,
    "aws_auth": aws_auth,
    "job_role": job_role,
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
