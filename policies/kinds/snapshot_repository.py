"""A snapshot repository of an OpenSearch domain: the role's trust and S3 first, the person last.

Configuration: {"domain": slug, "role": slug, "bucket": slug}. Nothing to choose. The AWS identity
is the one that registers the repository.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Principal
from policies.documents import crossing, snapshots
from policies.kinds import ends, support
from policies.kinds.ends import cut_parts as cut_parts
from policies.kinds.protocol import (
    BadTerms,
    EndFacts,
    PlacedPart,
    Remaining,
    Terms,
)
from policies.kinds.unasked import clean as clean
from policies.kinds.unasked import fields as fields
from policies.models import Bucket, Domain, Entitlement, ManagedRole, TargetKind

LABEL = gettext_lazy("snapshot repository")
PROFILE = None
SUPPORT = support.OWN_POLICY

CUT_ACTIONS = ("es:ESHttpPut", "es:ESHttpGet")


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != {"domain", "role", "bucket"}:
        raise BadTerms("config", _("Write exactly three keys: domain, role and bucket."))
    domain = Domain.objects.filter(slug=config["domain"]).first()
    role = ManagedRole.objects.filter(slug=config["role"]).first()
    bucket = Bucket.objects.filter(slug=config["bucket"]).first()
    if domain is None:
        raise BadTerms("config", _("There is no domain “%s”.") % config["domain"])
    if role is None:
        raise BadTerms("config", _("There is no role “%s”.") % config["role"])
    if bucket is None:
        raise BadTerms("config", _("There is no bucket “%s”.") % config["bucket"])
    if {role.account_id, bucket.account_id} != {domain.account_id}:
        raise BadTerms("config", _("Domain, role and bucket must be in one account."))
    _check_key(bucket)


def _check_key(bucket: Bucket) -> None:
    """What Gatehouse cannot give is refused, or it would be called active and not work."""
    owner = bucket.kms_key_arn.split(":")[4] if bucket.kms_key_arn else ""
    if owner and owner != bucket.account_id:
        raise BadTerms(
            "config",
            _("“%(bucket)s” encrypts with %(key)s, a key of another account.")
            % {"bucket": bucket.name, "key": bucket.kms_key_arn},
        )


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    domain, role, bucket = _things(entitlement)
    _check_key(bucket)
    if principal.account != domain.account_id:
        raise BadTerms(
            "principal",
            _("The domain is in account %(there)s, this identity of %(here)s: ask with one of it.")
            % {"there": domain.account_id, "here": principal.account},
        )
    arn = _arn(domain)
    stored = snapshots.storing(f"arn:{domain.account.partition}:s3:::{bucket.bucket_name}")
    policy = (TargetKind.PRINCIPAL_POLICY, domain.account_id, "")
    return [
        PlacedPart(TargetKind.ROLE_TRUST, role.account_id, "", role.arn, snapshots.trust(arn)),
        *(PlacedPart(*policy, role.arn, body) for body in stored),
        *(
            PlacedPart(*policy, principal.arn, body, stage=1)
            for body in snapshots.registering(arn, role.arn)
        ),
        *_key(bucket, role),
        *_inside(domain, principal),
    ]


def _key(bucket: Bucket, role: ManagedRole) -> list[PlacedPart]:
    """The bucket's default key lets the role use it."""
    if not bucket.kms_key_arn:
        return []
    region, owner = bucket.kms_key_arn.split(":")[3:5]
    body = crossing.using(bucket.kms_key_arn, role.arn, writes=True)
    return [PlacedPart(TargetKind.KMS_GRANTS, owner, region, bucket.kms_key_arn, body)]


def _inside(domain: Domain, principal: Principal) -> list[PlacedPart]:
    """With fine-grained access control the domain has roles of its own behind IAM's."""
    if not domain.fine_grained:
        return []
    where = (domain.account_id, domain.region, domain.domain_name)
    body = snapshots.holding(principal.arn)
    return [PlacedPart(TargetKind.DOMAIN_ROLES, *where, body, stage=1)]


def _arn(domain: Domain) -> str:
    account = domain.account
    return snapshots.domain(account.partition, domain.region, account.number, domain.domain_name)


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    domain, role, bucket = _things(entitlement)
    return _(
        "%(who)s may register %(bucket)s as a snapshot repository of %(domain)s (%(account)s), "
        "which writes there as %(role)s."
    ) % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "bucket": bucket.bucket_name,
        "domain": domain.name,
        "account": domain.account.name,
        "role": role.name,
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    return [
        _("Whoever may register a repository may also register another one with the same role."),
        _("The domain’s role may read, change and delete everything in the bucket."),
    ]


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    domain, role, bucket = _things(entitlement)
    name = f"{bucket.slug}-snapshots"
    return snapshots.request(domain.endpoint, name, bucket.bucket_name, domain.region, role.arn)


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    registered = Remaining(_("Repositories that were registered, and the snapshots in them."))
    return [*ends.sessions(ended_at, facts), registered]


def _things(entitlement: Entitlement) -> tuple[Domain, ManagedRole, Bucket]:
    config = entitlement.config
    return (
        Domain.objects.select_related("account").get(slug=config["domain"]),
        ManagedRole.objects.get(slug=config["role"]),
        Bucket.objects.get(slug=config["bucket"]),
    )
