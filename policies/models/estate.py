"""The estate: what exists in AWS that access can be given to. Comes from the catalogue file."""

import secrets

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

    cluster_name = models.CharField(_("cluster name"), max_length=100)
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
