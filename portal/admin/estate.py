"""The estate: what exists in AWS. Comes from the catalogue file; worker roles by proposal."""

from typing import Any, ClassVar

from django.contrib import admin

from policies.models import (
    AwsAccount,
    Bucket,
    Cluster,
    Domain,
    ManagedRole,
    Portfolio,
    Studio,
    VirtualCluster,
    Workspace,
)
from portal.admin.base import RecordAdmin
from portal.admin.proposals import propose
from portal.admin.site import site


def _number(account: Any) -> str:
    return str(account.pk)


@admin.register(AwsAccount, site=site)
class AwsAccountAdmin(RecordAdmin):
    list_display = ("number", "name", "partition", "region", "write_role_arn", "read_role_arn")
    search_fields = ("number", "name")
    fields = (
        "number",
        "name",
        "partition",
        "region",
        "write_role_arn",
        "read_role_arn",
        "external_id",
        "created_at",
    )
    verbs = (propose("account_roles", _number, start={"write_role": "", "read_role": ""}),)


class PlacedAdmin(RecordAdmin):
    list_filter = ("account",)
    list_select_related = ("account",)
    search_fields: ClassVar[Any] = ("slug", "name")


@admin.register(Portfolio, site=site)
class PortfolioAdmin(PlacedAdmin):
    list_display = ("name", "slug", "portfolio_id", "account", "region")
    fields = ("slug", "name", "portfolio_id", "account", "region")


@admin.register(Cluster, site=site)
class ClusterAdmin(PlacedAdmin):
    list_display = ("name", "slug", "cluster_name", "access", "account", "region")
    fields = (
        "slug",
        "name",
        "cluster_name",
        "access",
        "auth_mode",
        "issuer",
        "kubeconfig",
        "context",
        "account",
        "region",
    )


@admin.register(VirtualCluster, site=site)
class VirtualClusterAdmin(PlacedAdmin):
    list_display = ("name", "slug", "virtual_cluster_id", "account", "region")
    fields = (
        "slug",
        "name",
        "virtual_cluster_id",
        "cluster",
        "namespace",
        "account",
        "region",
    )


@admin.register(ManagedRole, site=site)
class ManagedRoleAdmin(PlacedAdmin):
    list_display = ("name", "slug", "arn", "purpose", "account")
    search_fields = ("slug", "name", "arn")
    fields = ("slug", "name", "arn", "purpose", "account", "region")


@admin.register(Studio, site=site)
class StudioAdmin(PlacedAdmin):
    list_display = ("name", "slug", "studio_id", "auth_mode", "account", "region")
    fields = (
        "slug",
        "name",
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
        "account",
        "region",
    )


@admin.register(Bucket, site=site)
class BucketAdmin(PlacedAdmin):
    list_display = ("name", "slug", "bucket_name", "kms_key_arn", "account", "region")
    fields = ("slug", "name", "bucket_name", "kms_key_arn", "account", "region")


@admin.register(Workspace, site=site)
class WorkspaceAdmin(PlacedAdmin):
    list_display = ("name", "slug", "host", "account", "region")
    fields = (
        "slug",
        "name",
        "host",
        "token_ref",
        "cross_account_role_arn",
        "account",
        "region",
    )


@admin.register(Domain, site=site)
class DomainAdmin(PlacedAdmin):
    list_display = ("name", "slug", "domain_name", "endpoint", "fine_grained", "account", "region")
    fields = (
        "slug",
        "name",
        "domain_name",
        "endpoint",
        "fine_grained",
        "account",
        "region",
    )
