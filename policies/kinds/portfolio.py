"""Cluster templates: access to a Service Catalog portfolio.

Configuration: {"portfolio": slug}. Nothing to choose.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Principal, StudioUser
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
from policies.models import Entitlement, Portfolio, TargetKind

LABEL = gettext_lazy("cluster templates")
PROFILE = StudioUser
SUPPORT = support.ANY_IAM

CUT_ACTIONS = ("servicecatalog:*",)


def check_config(config: Mapping[str, Any]) -> None:
    if set(config) != {"portfolio"}:
        raise BadTerms("config", _("Write exactly one key: portfolio."))
    if not Portfolio.objects.filter(slug=config["portfolio"]).exists():
        raise BadTerms("config", _("There is no portfolio “%s”.") % config["portfolio"])


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    portfolio = _portfolio(entitlement)
    if principal.account != portfolio.account_id:
        # AssociatePrincipalWithPortfolio takes principals of the portfolio's own account.
        raise BadTerms(
            "principal",
            _(
                "The portfolio is in account %(there)s, this identity is of account %(here)s. "
                "Ask with an identity of account %(there)s."
            )
            % {"there": portfolio.account_id, "here": principal.account},
        )
    return [
        PlacedPart(
            TargetKind.PORTFOLIO_PRINCIPALS,
            portfolio.account_id,
            portfolio.region,
            portfolio.portfolio_id,
            {"arn": principal.arn, "type": "IAM"},
        )
    ]


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    portfolio = _portfolio(entitlement)
    return _("%(who)s may see and start the cluster templates of %(portfolio)s (%(account)s).") % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "portfolio": portfolio.name,
        "account": portfolio.account.name,
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    return []


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    return _(
        "Sign in to AWS as %(who)s, open EMR Studio or Service Catalog in %(region)s, "
        "and choose a cluster template of %(portfolio)s."
    ) % {
        "who": principal.name,
        "region": _portfolio(entitlement).region,
        "portfolio": _portfolio(entitlement).name,
    }


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    running = Remaining(_("Clusters that were started from these templates and are running."))
    return [*ends.sessions(ended_at, facts), running]


def _portfolio(entitlement: Entitlement) -> Portfolio:
    return Portfolio.objects.select_related("account").get(slug=entitlement.config["portfolio"])
