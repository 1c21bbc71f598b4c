"""What people can ask for: one file each, listed here."""

from policies.kinds import (
    aws_auth,
    cross_account_s3,
    eks_user,
    emr_studio,
    execution_roles,
    job_role,
    portfolio,
    snapshot_repository,
    template,
)
from policies.kinds.protocol import BadTerms, EndFacts, Field, Kind, PlacedPart, Remaining, Support

KINDS: dict[str, Kind] = {
    "portfolio": portfolio,
    "execution_roles": execution_roles,
    "aws_auth": aws_auth,
    "job_role": job_role,
    "cross_account_s3": cross_account_s3,
    "snapshot_repository": snapshot_repository,
    "emr_studio": emr_studio,
    "eks_user": eks_user,
    "template": template,
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
