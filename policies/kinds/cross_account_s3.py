"""A bucket in another account, through a role there: trust and bucket first, the caller last.

Configuration: {"bucket": slug, "role": slug, "access": "read" or "write", "prefix": text,
"external_id": yes or no, "workspace": slug or "", "group": name or ""}. Nothing to choose. The
AWS identity is the one that takes on the role; for Databricks, the role that machines run as.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Principal
from policies.documents import crossing, databricks
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
from policies.models import (
    AwsAccount,
    Bucket,
    Entitlement,
    ManagedRole,
    TargetKind,
    Workspace,
)

LABEL = gettext_lazy("bucket of another account")
PROFILE = None
SUPPORT = support.OWN_POLICY
KEYS = {"bucket", "role", "access", "prefix", "external_id", "workspace", "group"}

CUT_ACTIONS = ("sts:AssumeRole",)


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != KEYS:
        raise BadTerms("config", _("Write exactly these keys: %s.") % ", ".join(sorted(KEYS)))
    bucket = Bucket.objects.filter(slug=config["bucket"]).first()
    role = ManagedRole.objects.filter(slug=config["role"]).first()
    if bucket is None:
        raise BadTerms("config", _("There is no bucket “%s”.") % config["bucket"])
    if role is None:
        raise BadTerms("config", _("There is no role “%s”.") % config["role"])
    if role.account_id != bucket.account_id:
        text = _("The role “%s” is not in the bucket’s account.") % role.slug
        raise BadTerms("config", text)
    if config["access"] not in {"read", "write"}:
        raise BadTerms("config", _("Write access: read or write."))
    if not isinstance(config["external_id"], bool):
        raise BadTerms("config", _("Write external_id: true or false."))
    if config["workspace"] and not _workspaces(config).exists():
        raise BadTerms("config", _("There is no workspace “%s”.") % config["workspace"])
    if config["group"] and not databricks.is_group(config["group"]):
        raise BadTerms("config", _("“group” is not the name of a group of a workspace."))
    if config["group"] and not config["workspace"]:
        raise BadTerms("config", _("A “group” is one of a Databricks workspace: name that, too."))
    if not crossing.is_prefix(config["prefix"]):
        text = _("Write a prefix of plain names, each ending in “/”, or nothing for all of it.")
        raise BadTerms("config", text)
    _check_key(bucket)


def _check_key(bucket: Bucket) -> None:
    """A key must let the role decrypt, too, or every read fails as “Access Denied”."""
    owner = bucket.kms_key_arn.split(":")[4] if bucket.kms_key_arn else ""
    if owner and not AwsAccount.objects.filter(number=owner).exists():
        raise BadTerms(
            "config",
            _(
                "“%(bucket)s” encrypts with %(key)s, a key of account %(owner)s, which is not in "
                "the catalogue: its owner must let the role use it."
            )
            % {
                "bucket": bucket.name,
                "key": bucket.kms_key_arn,
                "owner": bucket.kms_key_arn.split(":")[4],
            },
        )


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    config, bucket, role = entitlement.config, _bucket(entitlement), _role(entitlement)
    _check_key(bucket)
    if principal.arn == role.arn:
        raise BadTerms("principal", _("This is the role to be taken on; ask with another."))
    opened = crossing.bucket(
        bucket.account.partition,
        bucket.bucket_name,
        config["prefix"],
        role.arn,
        writes=config["access"] == "write",
    )
    place = (TargetKind.BUCKET_POLICY, bucket.account_id, bucket.region, bucket.bucket_name)
    trusted = crossing.trust(principal.arn, _external(entitlement, principal))
    return [
        PlacedPart(TargetKind.ROLE_TRUST, role.account_id, "", role.arn, trusted),
        *(PlacedPart(*place, body) for body in opened),
        *_key(bucket, role, writes=config["access"] == "write"),
        _policy(principal.account, principal.arn, crossing.assume(role.arn)),
        *_machines(config, principal),
    ]


def _key(bucket: Bucket, role: ManagedRole, *, writes: bool) -> list[PlacedPart]:
    """The bucket's key lets the role use it; a key of another account also the role's policy."""
    arn = bucket.kms_key_arn
    if not arn:
        return []
    region, owner = arn.split(":")[3:5]
    body = crossing.using(arn, role.arn, writes=writes)
    found = [PlacedPart(TargetKind.KMS_GRANTS, owner, region, arn, body)]
    if owner != role.account_id:
        policy = crossing.key_policy(arn, writes=writes)
        where = (TargetKind.PRINCIPAL_POLICY, role.account_id, "", role.arn)
        found.append(PlacedPart(*where, policy))
    return found


def _policy(account: str, arn: str, body: Mapping[str, Any]) -> PlacedPart:
    return PlacedPart(TargetKind.PRINCIPAL_POLICY, account, "", arn, body, stage=1)


def _machines(config: Mapping[str, Any], principal: Principal) -> list[PlacedPart]:
    """Databricks: machines may be started as the identity, then it is registered, then given."""
    workspace = _workspaces(config).first()
    if workspace is None:
        return []
    starter = workspace.cross_account_role_arn
    where = (workspace.account_id, workspace.region, workspace.host)
    profile = databricks.profile(principal.arn)
    who = {"who": _user(config, principal), "profile": profile}
    return [
        _policy(workspace.account_id, starter, crossing.pass_to_machines(principal.arn)),
        PlacedPart(TargetKind.INSTANCE_PROFILES, *where, {"profile": profile}, stage=2),
        PlacedPart(TargetKind.INSTANCE_PROFILE_USERS, *where, who, stage=3),
    ]


def _user(config: Mapping[str, Any], principal: Principal) -> str:
    """The workspace's group, or the one person whom the identity belongs to."""
    if config.get("group"):  # rules of before there were groups have none
        return f"group:{config['group']}"
    if principal.person is None or not databricks.is_user(principal.person.email):
        raise BadTerms(
            "principal",
            _(
                "This AWS identity belongs to no one person, so nobody knows who may use it in the "
                "workspace. Its owner names a “group” of the workspace in the catalogue."
            ),
        )
    return f"user:{principal.person.email}"


def _external(entitlement: Entitlement, principal: Principal) -> str:
    if not entitlement.config["external_id"]:
        return ""
    return crossing.external_id(_bucket(entitlement).account.external_id, principal.arn)


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    bucket, config = _bucket(entitlement), entitlement.config
    words = (
        _("%(who)s may read and change %(what)s (%(account)s) by taking on the role %(role)s.")
        if config["access"] == "write"
        else _("%(who)s may read %(what)s (%(account)s) by taking on the role %(role)s.")
    )
    return words % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "what": f"s3://{bucket.bucket_name}/{config['prefix']}",
        "account": bucket.account.name,
        "role": _role(entitlement).name,
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    found = [
        _("Everybody who works on machines that run as this identity has this access, too."),
        _(
            "Denies in the bucket’s policy, VPC endpoints and Lake Formation are not looked at: "
            "they may still stand in the way."
        ),
    ]
    if entitlement.config["workspace"]:
        text = _("Unity Catalog’s storage credentials are Databricks’ newer way to the same data.")
        found.append(text)
    if not entitlement.config["prefix"]:
        found.insert(0, _("This is the whole bucket."))
    return found


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    """Settings and a check to paste. The external id is what the caller must send along."""
    bucket, role = _bucket(entitlement), _role(entitlement)
    external = _external(entitlement, principal)
    more = f" --external-id {external}" if external else ""
    url = f"{bucket.bucket_name}/{entitlement.config['prefix']}"
    return "\n".join(
        [
            f"aws sts assume-role --region {bucket.region} --role-arn {role.arn} "
            f"--role-session-name me{more}",
            crossing.spark(bucket.bucket_name, role.arn),
            f'dbutils.fs.ls("s3a://{url}")',
            f'dbutils.fs.mount("s3a://{url}", "/mnt/{bucket.slug}")',
        ]
    )


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    return ends.sessions(ended_at, facts)


def _bucket(entitlement: Entitlement) -> Bucket:
    return Bucket.objects.select_related("account").get(slug=entitlement.config["bucket"])


def _role(entitlement: Entitlement) -> ManagedRole:
    return ManagedRole.objects.get(slug=entitlement.config["role"])


def _workspaces(config: Mapping[str, Any]) -> Any:
    return Workspace.objects.filter(slug=config["workspace"])
