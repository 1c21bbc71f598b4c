"""An EMR Studio user: one bundle, expanded by the Studio's authentication mode.

Configuration: {"studio": slug, "level": one of `studio.LEVELS`, "shared": yes or no,
"templates": one of `studio.TEMPLATES`, "reason": text}. Nothing to choose.

IAM mode: policies of the person's own identity, and the portfolio of the cluster templates.
Identity Center mode: a mapping with the level's session policy. What everybody who enters needs
at most belongs to the Studio's *user role*: whoever asks with that role itself gives it that.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.arns import IDENTITY_CENTER, PrincipalType
from accounts.models import Principal, StudioUser
from policies.documents import studio as documents
from policies.kinds import ends, support
from policies.kinds.ends import cut_parts as cut_parts
from policies.kinds.protocol import (
    BadTerms,
    EndFacts,
    PlacedPart,
    Remaining,
    Support,
    Terms,
)
from policies.kinds.unasked import clean as clean
from policies.kinds.unasked import fields as fields
from policies.models import Entitlement, Portfolio, Studio, TargetKind

LABEL = gettext_lazy("EMR Studio")
PROFILE = StudioUser
SUPPORT: Mapping[PrincipalType, Support] = {
    **support.OWN_POLICY,
    PrincipalType.IDENTITY_USER: support.YES,
    PrincipalType.IDENTITY_GROUP: support.YES,
}
KEYS = {"studio", "level", "shared", "templates", "reason"}
MAPPED = {PrincipalType.IDENTITY_USER: "USER", PrincipalType.IDENTITY_GROUP: "GROUP"}

CUT_ACTIONS = ("elasticmapreduce:*", "servicecatalog:*")


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != KEYS:
        raise BadTerms("config", _("Write exactly these keys: %s.") % ", ".join(sorted(KEYS)))
    studio = Studio.objects.filter(slug=config["studio"]).first()
    if studio is None:
        raise BadTerms("config", _("There is no Studio “%s”.") % config["studio"])
    for key, allowed in (("level", documents.LEVELS), ("templates", documents.TEMPLATES)):
        if config[key] not in allowed:
            text = _("Write for %(key)s one of: %(allowed)s.")
            raise BadTerms("config", text % {"key": key, "allowed": ", ".join(allowed)})
    if not isinstance(config["shared"], bool):
        raise BadTerms("config", _("Write shared: true or false."))
    if config["templates"] == "everything" and not str(config["reason"]).strip():
        raise BadTerms("config", _("Say in “reason” why all of S3 must be readable."))
    _check_studio(studio, config["level"])


def _check_studio(studio: Studio, level: str) -> None:
    """What the catalogue must know of a Studio before anybody can be let in."""
    if studio.auth_mode == Studio.Mode.SSO and not _session_policy(studio, level):
        text = _("The catalogue knows no session policy of the Studio “%(studio)s” for %(level)s.")
        raise BadTerms("config", text % {"studio": studio.slug, "level": level})
    machines = studio.emr_service_role_arn and studio.instance_profile_role_arn
    if studio.auth_mode == Studio.Mode.IAM and level != "basic" and not machines:
        raise BadTerms(
            "config",
            _(
                "To start clusters, exactly two roles are handed over: the catalogue must know "
                "“emr_service_role_arn” and “instance_profile_role_arn” of the Studio “%s”."
            )
            % studio.slug,
        )


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    studio, level = _studio(entitlement), entitlement.config["level"]
    _check_studio(studio, level)
    if principal.arn_type in IDENTITY_CENTER:
        return [_mapping(studio, level, principal)]
    _check_identity(studio, principal)
    facts, config = _facts(studio), entitlement.config
    allowed = documents.level(facts, level, shared=config["shared"], templates=config["templates"])
    if studio.auth_mode == Studio.Mode.IAM:
        allowed = [*documents.entering(facts), *allowed]
    policy = (TargetKind.PRINCIPAL_POLICY, principal.account, "", principal.arn)
    return [
        *(PlacedPart(*policy, body) for body in allowed),
        *_templates(studio, level, principal),
    ]


def _mapping(studio: Studio, level: str, principal: Principal) -> PlacedPart:
    if studio.auth_mode != Studio.Mode.SSO:
        raise BadTerms(
            "principal",
            _("The Studio %s knows IAM identities only: ask with an IAM role or user.")
            % studio.name,
        )
    above = documents.LEVELS[documents.LEVELS.index(level) + 1 :]
    body = {
        "type": MAPPED[principal.arn_type],
        "identity": principal.name,
        "policy": _session_policy(studio, level),
        "above": [arn for one in above if (arn := _session_policy(studio, one))],
    }
    place = (TargetKind.STUDIO_SESSIONS, studio.account_id, studio.region, studio.studio_id)
    return PlacedPart(*place, body)


def _check_identity(studio: Studio, principal: Principal) -> None:
    if studio.auth_mode == Studio.Mode.SSO and principal.arn != studio.user_role_arn:
        raise BadTerms(
            "principal",
            _(
                "People enter the Studio %(studio)s as users of Identity Center: ask with your "
                "Identity Center user. Only its user role, %(role)s, can hold this itself."
            )
            % {"studio": studio.name, "role": studio.user_role_arn or _("which nobody named")},
        )
    if principal.account != studio.account_id:
        raise BadTerms(
            "principal",
            _("The Studio is in account %(there)s, this identity of %(here)s: ask with one of it.")
            % {"there": studio.account_id, "here": principal.account},
        )


def _templates(studio: Studio, level: str, principal: Principal) -> list[PlacedPart]:
    """Without its portfolio, the list of cluster templates is empty."""
    portfolio = Portfolio.objects.filter(slug=studio.portfolio).first()
    if level == "basic" or portfolio is None:
        return []
    if portfolio.account_id != principal.account:
        text = _("The portfolio “%s” is of another account than the Studio: correct the catalogue.")
        raise BadTerms("config", text % portfolio.slug)
    place = (portfolio.account_id, portfolio.region, portfolio.portfolio_id)
    body = {"arn": principal.arn, "type": "IAM"}
    return [PlacedPart(TargetKind.PORTFOLIO_PRINCIPALS, *place, body)]


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    studio = _studio(entitlement)
    words = {
        "basic": _("%(who)s may use the Studio %(studio)s (%(account)s) with clusters that run."),
        "intermediate": _(
            "%(who)s may use the Studio %(studio)s (%(account)s) and start clusters from templates."
        ),
        "advanced": _(
            "%(who)s may use the Studio %(studio)s (%(account)s) and start any cluster in it."
        ),
    }
    return words[entitlement.config["level"]] % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "studio": studio.name,
        "account": studio.account.name,
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    config, found = entitlement.config, []
    if config["templates"] == "everything":
        found.append(
            _("High risk: every object in S3 that no bucket refuses can be read, because: %s")
            % config["reason"]
        )
    if config["shared"]:
        found.append(_("Everybody’s Workspaces can be opened, changed and deleted."))
    if config["level"] == "advanced":
        found.append(
            _("Any cluster can be started, of any size; what runs on it can do what its role can.")
        )
    return found


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    studio, config = _studio(entitlement), entitlement.config
    lines = [
        _("Sign in to AWS, open EMR Studio in %(region)s and choose %(studio)s (%(id)s).")
        % {"region": studio.region, "studio": studio.name, "id": studio.studio_id}
    ]
    if config["level"] != "basic" and config["templates"] == "launch_role":
        lines.append(_("The templates’ launch role reads their files: s3:GetObject belongs there."))
    return "\n".join([*lines, "", *_who_is_who(studio)])


def _who_is_who(studio: Studio) -> list[str]:
    """The three identities of a Studio, and the two roles of a cluster that people confuse."""
    names = [
        (_("Administrator: makes the Studio and lets people in"), "Gatehouse"),
        (_("Service role: what the Studio itself uses"), studio.service_role_arn),
        (_("User role: what everybody who enters may do at most"), studio.user_role_arn),
        (_("EMR service role: what EMR uses to get machines"), studio.emr_service_role_arn),
        (
            _("Role of the instance profile: what jobs on the machines may touch"),
            studio.instance_profile_role_arn,
        ),
    ]
    return [f"{what} – {arn}" for what, arn in names if arn]


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    running = Remaining(_("Clusters and Workspaces that were started and are running."))
    return [*ends.sessions(ended_at, facts), running]


def _facts(studio: Studio) -> documents.Facts:
    return documents.Facts(
        studio.account.partition,
        studio.region,
        studio.account_id,
        studio.studio_id,
        studio.service_role_arn,
        studio.emr_service_role_arn,
        studio.instance_profile_role_arn,
        studio.template_bucket,
        studio.logs_bucket,
    )


def _session_policy(studio: Studio, level: str) -> str:
    return str(getattr(studio, f"{level}_policy_arn"))


def _studio(entitlement: Entitlement) -> Studio:
    return Studio.objects.select_related("account").get(slug=entitlement.config["studio"])
