"""The estate: what exists in AWS that access can be given to. Comes from the catalogue file."""

import secrets
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


def new_external_id() -> str:
    """An external id for sts:AssumeRole: 160 random bits, never chosen by a person."""
    return "gatehouse-" + secrets.token_hex(20)


class AwsAccount(models.Model):
    """An AWS account, and the two roles in it that our workers assume.

    Empty role ARNs mean: the account of the workers' own credentials.
    """

    number = models.CharField(_("account number"), max_length=12, primary_key=True)
    name = models.CharField(_("name"), max_length=120)
    partition = models.CharField(_("partition"), max_length=20, default="aws")
    region = models.CharField(_("home region"), max_length=32)
    write_role_arn = models.CharField(_("write role"), max_length=200, blank=True)
    read_role_arn = models.CharField(_("read role"), max_length=200, blank=True)
    external_id = models.CharField(
        _("external id"), max_length=80, default=new_external_id, editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("AWS account")
        verbose_name_plural = _("AWS accounts")

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Placed(models.Model):
    """Something in one account and region, known in the catalogue by a slug."""

    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=200)
    account = models.ForeignKey(AwsAccount, models.PROTECT, related_name="+")
    region = models.CharField(_("region"), max_length=32)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class Portfolio(Placed):
    """A Service Catalog portfolio: cluster templates."""

    portfolio_id = models.CharField(_("portfolio id"), max_length=60)

    class Meta(Placed.Meta):
        verbose_name = _("portfolio")
        verbose_name_plural = _("portfolios")


class Cluster(Placed):
    """An EKS cluster and how its Kubernetes API is reached."""

    class Access(models.TextChoices):
        EKS = "eks", _("through EKS")
        KUBECONFIG = "kubeconfig", _("kubeconfig file")

    class Mode(models.TextChoices):
        """EKS's accessConfig.authenticationMode; it moves one way only, towards API."""

        CONFIG_MAP = "CONFIG_MAP", _("aws-auth only")
        BOTH = "API_AND_CONFIG_MAP", _("access entries and aws-auth")
        API = "API", _("access entries only")

    cluster_name = models.CharField(_("cluster name"), max_length=100)
    # Empty: not known, so as it always was: aws-auth.
    auth_mode = models.CharField(
        _("authentication mode"), max_length=20, choices=Mode.choices, blank=True, db_default=""
    )
    # The OIDC provider that its pods' identities come from, without https://.
    issuer = models.CharField(_("OIDC issuer"), max_length=200, blank=True, db_default="")
    access = models.CharField(
        _("reached"), max_length=12, choices=Access.choices, default=Access.EKS
    )
    kubeconfig = models.CharField(_("kubeconfig file name"), max_length=120, blank=True)
    context = models.CharField(_("kubeconfig context"), max_length=200, blank=True)

    class Meta(Placed.Meta):
        verbose_name = _("cluster")
        verbose_name_plural = _("clusters")


class VirtualCluster(Placed):
    """An EMR on EKS virtual cluster: a namespace jobs run in."""

    virtual_cluster_id = models.CharField(_("virtual cluster id"), max_length=64)
    # Short name of the EKS cluster whose namespace it is; empty where nobody said.
    cluster = models.CharField(_("cluster"), max_length=80, blank=True, db_default="")
    namespace = models.CharField(_("namespace"), max_length=63, blank=True, db_default="")

    class Meta(Placed.Meta):
        verbose_name = _("virtual cluster")
        verbose_name_plural = _("virtual clusters")


class ManagedRole(Placed):
    """An IAM role the catalogue names, for example an execution role of jobs."""

    arn = models.CharField(_("ARN"), max_length=300, unique=True)
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)

    class Meta(Placed.Meta):
        verbose_name = _("role")
        verbose_name_plural = _("roles")


def _session_policy(label: Any) -> Any:
    return models.CharField(label, max_length=256, blank=True, default="", db_default="")


class Studio(Placed):
    """An EMR Studio, and the roles people confuse (AWS: EMR Studio management guide).

    `service_role_arn` is what the Studio itself uses. `user_role_arn`: Identity Center mode
    only, what everybody who signs in may do at most. `emr_service_role_arn` and
    `instance_profile_role_arn` are the clusters': what EMR uses to get machines, and what jobs
    on those machines may touch.
    """

    class Mode(models.TextChoices):
        """CreateStudio's AuthMode; fixed when the Studio is made."""

        IAM = "IAM", _("IAM")
        SSO = "SSO", _("Identity Center")

    studio_id = models.CharField(_("Studio id"), max_length=40)
    auth_mode = models.CharField(_("authentication mode"), max_length=4, choices=Mode.choices)
    service_role_arn = models.CharField(_("service role"), max_length=300)
    user_role_arn = models.CharField(_("user role"), max_length=300, blank=True)
    emr_service_role_arn = models.CharField(_("EMR service role"), max_length=300, blank=True)
    instance_profile_role_arn = models.CharField(
        _("role of the instance profile"), max_length=300, blank=True
    )
    template_bucket = models.CharField(_("bucket of the templates"), max_length=63, blank=True)
    logs_bucket = models.CharField(_("bucket of the logs"), max_length=63, blank=True)
    # Identity Center mode: the session policy of each level, attached to the user role, too.
    basic_policy_arn = _session_policy(_("session policy: basic"))
    intermediate_policy_arn = _session_policy(_("session policy: intermediate"))
    advanced_policy_arn = _session_policy(_("session policy: advanced"))
    # Short name of the portfolio that holds its cluster templates.
    portfolio = models.CharField(_("portfolio"), max_length=80, blank=True)

    class Meta(Placed.Meta):
        verbose_name = _("EMR Studio")
        verbose_name_plural = _("EMR Studios")


class Bucket(Placed):
    """An S3 bucket. `kms_key_arn`: the key it encrypts with by default; empty: S3's own."""

    bucket_name = models.CharField(_("bucket name"), max_length=63, unique=True)
    kms_key_arn = models.CharField(_("default key"), max_length=300, blank=True)

    class Meta(Placed.Meta):
        verbose_name = _("bucket")
        verbose_name_plural = _("buckets")


class Workspace(Placed):
    """A Databricks workspace; `account` and `region` are those its machines run in.

    `token_ref` names a secret of the workers' environment, and is never the secret itself.
    """

    host = models.CharField(_("host"), max_length=200, unique=True)
    token_ref = models.CharField(_("name of the token"), max_length=80)
    cross_account_role_arn = models.CharField(_("cross-account role"), max_length=300)

    class Meta(Placed.Meta):
        verbose_name = _("Databricks workspace")
        verbose_name_plural = _("Databricks workspaces")


class Domain(Placed):
    """An OpenSearch domain. `fine_grained`: it has roles of its own behind IAM's."""

    domain_name = models.CharField(_("domain name"), max_length=28)
    endpoint = models.CharField(_("endpoint"), max_length=250)
    fine_grained = models.BooleanField(_("fine-grained access control"), default=False)

    class Meta(Placed.Meta):
        verbose_name = _("OpenSearch domain")
        verbose_name_plural = _("OpenSearch domains")
