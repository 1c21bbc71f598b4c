"""What AWS holds, one file per kind of target, listed here."""

from policies.models import TargetKind
from policies.providers import (
    bucket_policy,
    cluster_access_entries,
    cluster_auth_map,
    domain_roles,
    instance_profile_users,
    instance_profiles,
    job_runs,
    kms_grants,
    pod_identities,
    portfolio_principals,
    principal_policy,
    role_trust,
    studio_sessions,
)
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Provider, Standing

PROVIDERS: dict[str, Provider] = {
    TargetKind.PORTFOLIO_PRINCIPALS: portfolio_principals,
    TargetKind.PRINCIPAL_POLICY: principal_policy,
    TargetKind.CLUSTER_AUTH_MAP: cluster_auth_map,
    TargetKind.JOB_RUNS: job_runs,
    TargetKind.ROLE_TRUST: role_trust,
    TargetKind.BUCKET_POLICY: bucket_policy,
    TargetKind.STUDIO_SESSIONS: studio_sessions,
    TargetKind.CLUSTER_ACCESS_ENTRIES: cluster_access_entries,
    TargetKind.POD_IDENTITIES: pod_identities,
    TargetKind.KMS_GRANTS: kms_grants,
    TargetKind.DOMAIN_ROLES: domain_roles,
    TargetKind.INSTANCE_PROFILES: instance_profiles,
    TargetKind.INSTANCE_PROFILE_USERS: instance_profile_users,
}

__all__ = ["PROVIDERS", "Basis", "Clients", "Load", "Part", "Place", "Provider", "Standing"]
