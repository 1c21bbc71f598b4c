"""What AWS holds, one file per kind of target, listed here."""

from policies.models import TargetKind
from policies.providers import cluster_auth_map, job_runs, portfolio_principals, principal_policy
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Provider, Standing

PROVIDERS: dict[str, Provider] = {
    TargetKind.PORTFOLIO_PRINCIPALS: portfolio_principals,
    TargetKind.PRINCIPAL_POLICY: principal_policy,
    TargetKind.CLUSTER_AUTH_MAP: cluster_auth_map,
    TargetKind.JOB_RUNS: job_runs,
}

__all__ = ["PROVIDERS", "Basis", "Clients", "Load", "Part", "Place", "Provider", "Standing"]
