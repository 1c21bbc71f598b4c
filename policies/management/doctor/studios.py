"""What a Studio of Identity Center mode needs before anybody's mapping helps them.

Its user role is what everybody who enters may do at most, so the portfolio, PassRole and the
templates' files belong to that role, once, and nobody's end takes them away.
"""

import json
from collections.abc import Iterator
from typing import Any

from policies.documents import allowing
from policies.management.doctor.findings import Finding, fail, ok, refused
from policies.models import AwsAccount, Portfolio, Studio, TargetKind
from policies.outcomes import Outcome
from policies.providers import PROVIDERS, places
from policies.providers.protocol import Clients

REMEDY = (
    "The team that owns the user role registers it as an AWS identity and asks with it for access "
    "to the Studio, once; or adds it to the role's policies itself."
)


def findings(reader: Clients, account: AwsAccount) -> Iterator[Finding]:
    entered = Studio.objects.filter(account=account, auth_mode=Studio.Mode.SSO)
    for studio in entered.select_related("account").order_by("slug"):
        try:
            missing = [*_without_portfolio(reader, studio), *_unnamed(reader, studio)]
        except Outcome as error:
            yield refused("studio", studio.slug, error, error.advice.remedy, error.advice.runbook)
            continue
        if missing:
            text = f"Its user role {studio.user_role_arn} lacks: {'; '.join(missing)}."
            yield fail("studio", studio.slug, text, REMEDY, "GH-357")
        else:
            yield ok("studio", studio.slug, "Its user role names all that its levels need.")


def _without_portfolio(reader: Clients, studio: Studio) -> Iterator[str]:
    portfolio = Portfolio.objects.filter(slug=studio.portfolio).first()
    if portfolio is None:
        return
    where = (portfolio.account_id, portfolio.region, portfolio.portfolio_id)
    place = places.place(TargetKind.PORTFOLIO_PRINCIPALS, *where)
    reading = PROVIDERS[place.kind].read(reader, place)
    if f"IAM:{studio.user_role_arn}" not in reading.state:
        yield f"the portfolio {portfolio.name}, without which the list of templates is empty"


def _unnamed(reader: Clients, studio: Studio) -> Iterator[str]:
    """What no policy of the role names. Its session policies only narrow it."""
    policies = list(_policies(reader, studio.user_role_arn.rpartition("/")[2]))
    for role in (studio.emr_service_role_arn, studio.instance_profile_role_arn):
        if role and not allowing.is_named(policies, "iam:PassRole", role):
            yield f"iam:PassRole on {role}"
    if studio.template_bucket:
        objects = f"arn:{studio.account.partition}:s3:::{studio.template_bucket}/template.yaml"
        if not allowing.is_named(policies, "s3:GetObject", objects):
            yield f"s3:GetObject on the templates in {studio.template_bucket}"


def _policies(reader: Clients, role: str) -> Iterator[dict[str, Any]]:
    for name in reader.pages("iam", "list_role_policies", "PolicyNames", RoleName=role):
        about = reader.call("iam", "get_role_policy", RoleName=role, PolicyName=name)
        yield _document(about["PolicyDocument"])
    listing = ("iam", "list_attached_role_policies", "AttachedPolicies")
    for one in reader.pages(*listing, RoleName=role):
        arn = one["PolicyArn"]
        version = reader.call("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        about = reader.call("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
        yield _document(about["PolicyVersion"]["Document"])


def _document(said: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said) if isinstance(said, str) else said
    return found
