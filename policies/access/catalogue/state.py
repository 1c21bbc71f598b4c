"""What the database says now, in the catalogue file's own form.

The one reading that both the difference and the export use, so that what is exported
differs from the database in nothing.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from accounts.models import PRESENT, Holder, Person, PortalRole, Principal, Service
from policies.access.catalogue.shapes import Values
from policies.models import (
    ApprovalPolicy,
    AwsAccount,
    Bucket,
    Bundle,
    Cluster,
    Domain,
    Entitlement,
    ManagedRole,
    Portfolio,
    Studio,
    VirtualCluster,
    Workspace,
)

Section = dict[str, Values]


class State(dict[str, Section]):
    """Section → key → entry."""

    @cached_property
    def people_by_number(self) -> Section:
        return {str(one["employee_number"]): one for one in self["people"].values()}

    @property
    def gone(self) -> set[str]:
        """E-mail addresses of people who do not work here now."""
        people = self["people"].items()
        return {email for email, person in people if person["state"] not in PRESENT}


def read() -> State:
    """Every section, each entry whole. A fixed number of queries, whatever the size."""
    return State((name, dict(reader())) for name, reader in _READERS.items())


def _accounts() -> Iterable[tuple[str, Values]]:
    for one in AwsAccount.objects.order_by("number"):
        yield (
            one.number,
            {
                "number": one.number,
                "name": one.name,
                "region": one.region,
                "partition": one.partition,
                "write_role": one.write_role_arn,
                "read_role": one.read_role_arn,
            },
        )


def _placed(model: Any, *fields: str) -> Callable[[], Iterable[tuple[str, Values]]]:
    def reader() -> Iterable[tuple[str, Values]]:
        for one in model.objects.order_by("slug"):
            own = {name: getattr(one, name) for name in fields}
            shared = {"slug": one.slug, "name": one.name, "account": one.account_id}
            yield one.slug, {**shared, "region": one.region, **own}

    return reader


def _people() -> Iterable[tuple[str, Values]]:
    roles: dict[int, list[str]] = {}
    for role in PortalRole.objects.filter(until_at__isnull=True).order_by("role"):
        roles.setdefault(role.person_id, []).append(role.role)
    for one in Person.objects.get_queryset().select_related("manager").order_by("email"):
        yield (
            one.email,
            {
                "email": one.email,
                "name": one.name,
                "employee_number": one.employee_number,
                "manager": one.manager.email if one.manager else None,
                "department": one.department,
                "job": one.job,
                "state": one.state,
                "contract_ends_on": _day(one.contract_ends_on),
                "portal_roles": roles.get(one.pk, []),
            },
        )


def _services() -> Iterable[tuple[str, Values]]:
    for one in Service.objects.select_related("first_owner", "second_owner").order_by("name"):
        owners = sorted((one.first_owner.email, one.second_owner.email))
        yield one.name, {"name": one.name, "purpose": one.purpose, "owners": owners}


def _principals() -> Iterable[tuple[str, Values]]:
    holders: dict[int, list[str]] = {}
    for held in Holder.objects.filter(until_at__isnull=True).select_related("person"):
        holders.setdefault(held.principal_id, []).append(held.person.email)
    living = Principal.objects.filter(ended_at__isnull=True).select_related(
        "person", "service", "owner", "eksuser", "studiouser", "dataengineer"
    )
    for one in living.order_by("arn"):
        yield (
            one.arn,
            {
                "arn": one.arn,
                "person": one.person.email if one.person else None,
                "service": one.service.name if one.service else None,
                "sharing": one.sharing,
                "owner": one.owner.email if one.owner else None,
                "holders": sorted(holders.get(one.pk, [])),
                "eks_user": _profile(one, "eksuser", "username"),
                "studio_user": _profile(one, "studiouser", "level"),
                "data_engineer": _profile(one, "dataengineer", "discipline"),
            },
        )


def _profile(principal: Principal, relation: str, name: str) -> Values | None:
    profile = getattr(principal, relation, None)
    return {name: getattr(profile, name)} if profile is not None else None


def _approval_policies() -> Iterable[tuple[str, Values]]:
    for one in ApprovalPolicy.objects.prefetch_related("fallback").order_by("slug"):
        steps = [{"who": step["who"], "quorum": step.get("quorum", 1)} for step in one.steps]
        # Whoever is gone cannot decide, and no new rule may name them.
        fallback = sorted(person.email for person in one.fallback.all() if person.is_present)
        yield (
            one.slug,
            {
                "slug": one.slug,
                "name": one.name,
                "steps": steps,
                "wait_hours": one.wait_hours,
                "fallback": fallback,
            },
        )


def _entitlements() -> Iterable[tuple[str, Values]]:
    offered = Entitlement.objects.offered().select_related("approval_policy", "owner")
    for one in offered.order_by("slug"):
        yield (
            one.slug,
            {
                "slug": one.slug,
                "name": one.name,
                "description": one.description,
                "kind": one.kind,
                "config": one.config,
                "approval_policy": one.approval_policy.slug,
                "owner": one.owner.email if one.owner else None,
                "max_days": one.max_days,
                "cut": one.cut,
                "ended": False,
            },
        )


def _bundles() -> Iterable[tuple[str, Values]]:
    offered = Bundle.objects.filter(ended_at__isnull=True).prefetch_related("entitlements")
    for one in offered.order_by("slug"):
        slugs = sorted(each.slug for each in one.entitlements.all() if each.ended_at is None)
        yield (
            one.slug,
            {
                "slug": one.slug,
                "name": one.name,
                "description": one.description,
                "entitlements": slugs,
                "ended": False,
            },
        )


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None


_READERS: dict[str, Callable[[], Iterable[tuple[str, Values]]]] = {
    "accounts": _accounts,
    "portfolios": _placed(Portfolio, "portfolio_id"),
    "clusters": _placed(
        Cluster, "cluster_name", "access", "auth_mode", "issuer", "kubeconfig", "context"
    ),
    "virtual_clusters": _placed(VirtualCluster, "virtual_cluster_id", "cluster", "namespace"),
    "roles": _placed(ManagedRole, "arn", "purpose"),
    "studios": _placed(
        Studio,
        "studio_id",
        "auth_mode",
        "service_role_arn",
        "user_role_arn",
        "emr_service_role_arn",
        "instance_profile_role_arn",
        "basic_policy_arn",
        "intermediate_policy_arn",
        "advanced_policy_arn",
        "template_bucket",
        "logs_bucket",
        "portfolio",
    ),
    "buckets": _placed(Bucket, "bucket_name", "kms_key_arn"),
    "workspaces": _placed(Workspace, "host", "token_ref", "cross_account_role_arn"),
    "domains": _placed(Domain, "domain_name", "endpoint", "fine_grained"),
    "people": _people,
    "services": _services,
    "principals": _principals,
    "approval_policies": _approval_policies,
    "entitlements": _entitlements,
    "bundles": _bundles,
}
