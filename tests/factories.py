"""A small believable company, made through the same verbs as everybody else's."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from accounts import actors, people
from accounts.actors import Actor, Channel
from accounts.models import Person, Principal
from policies.access import decisions, identities, previews, requests, rulebook, rules
from policies.access.requests import Wish
from policies.models import (
    AwsAccount,
    Bucket,
    Cluster,
    Domain,
    Entitlement,
    Inquiry,
    ManagedRole,
    Portfolio,
    Request,
    Studio,
    VirtualCluster,
    Workspace,
)

ACCOUNT = "111122223333"
REGION = "us-east-1"
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
EKS: dict[str, Any] = {"cluster": "main", "groups": ["viewers"], "policies": []}
STUDIO = {
    "studio": "studio",
    "level": "intermediate",
    "shared": False,
    "templates": "tagged",
    "reason": "",
}
LAKE = {
    "bucket": "lake",
    "role": "lake",
    "access": "read",
    "prefix": "sales/",
    "external_id": True,
    "workspace": "",
    "group": "",
}
ONBOARDING = {"virtual_clusters": ["jobs"], "by": "oidc"}
FOLDER: dict[str, Any] = {
    "document": json.dumps(
        {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "s3:GetObject",
                    "Resource": {"join": ["arn:aws:s3:::reports/", {"parameter": "folder"}, "*"]},
                },
                {
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": ["arn:aws:s3:::reports"],
                    "Condition": {
                        "StringLike": {"s3:prefix": {"join": [{"parameter": "folder"}, "*"]}}
                    },
                },
            ]
        }
    ),
    "parameters": [{"name": "folder", "label": "Folder", "type": "prefix", "choices": []}],
    "reason": "",
    "how_to_use": "aws s3 ls --region us-east-1 s3://reports/",
}
_numbers = count(1)


def now() -> datetime:
    return datetime.now(UTC)


def due() -> datetime:
    """A moment that is past for every database's clock; SQLite's has no microseconds."""
    return now() - timedelta(seconds=1)


def acting(person: Person, channel: Channel = Channel.PAGE) -> Actor:
    return actors.of_person(person, channel)


def person(name: str, manager: Person | None = None, **facts: Any) -> Person:
    """A working person with the password “open sesame please”."""
    number = next(_numbers)
    one = people.join(
        by=actors.system(),
        email=f"{name.lower().replace(' ', '.')}@example.com",
        name=name,
        employee_number=f"E{number:05}",
        manager=manager,
        department=facts.pop("department", "Data"),
        **facts,
    )
    one.set_password("open sesame please")
    one.save(update_fields=["password"])
    return one


@dataclass
class Company:
    """Kim manages Ana; Olu owns things; Ada and Bo are administrators; Ira audits."""

    director: Person
    kim: Person
    ana: Person
    olu: Person
    ada: Person
    bo: Person
    ira: Person
    ana_role: Principal
    entitlements: dict[str, Entitlement] = field(default_factory=dict)


def account(number: str = ACCOUNT, name: str = "Analytics") -> AwsAccount:
    return AwsAccount.objects.get_or_create(
        number=number, defaults={"name": name, "region": REGION}
    )[0]


def estate(**ids: str) -> None:
    """One portfolio, cluster, virtual cluster and two execution roles in ACCOUNT."""
    home = account()
    common = {"account": home, "region": REGION}
    Portfolio.objects.create(
        slug="spark",
        name="Spark cluster templates",
        portfolio_id=ids.get("portfolio", "port-spark00000000"),
        **common,
    )
    Cluster.objects.create(
        slug="main", name="Main cluster", cluster_name="main", issuer=ISSUER, **common
    )
    VirtualCluster.objects.create(
        slug="jobs",
        name="Nightly jobs",
        virtual_cluster_id=ids.get("virtual_cluster", "0b0qvauoy3ch1nqodxxxxxxxx"),
        cluster="main",
        namespace="emr-nightly",
        **common,
    )
    Bucket.objects.create(slug="lake", name="Data lake", bucket_name="data-lake", **common)
    _rarer(common)
    Domain.objects.create(
        slug="logs",
        name="Logs",
        domain_name="logs",
        endpoint="search-logs-abc.us-east-1.es.amazonaws.com",
        **common,
    )
    ManagedRole.objects.create(
        slug="lake", name="lake-reader", arn=f"arn:aws:iam::{ACCOUNT}:role/lake-reader", **common
    )
    for name in ("sales", "ops"):
        ManagedRole.objects.create(
            slug=name,
            name=f"emr-exec-{name}",
            arn=f"arn:aws:iam::{ACCOUNT}:role/emr-exec-{name}",
            **common,
        )


def _rarer(common: dict[str, Any]) -> None:
    Studio.objects.create(
        slug="studio",
        name="Notebooks",
        studio_id="es-0123456789ABCDEFGHIJKLMNO",
        auth_mode="IAM",
        service_role_arn=f"arn:aws:iam::{ACCOUNT}:role/studio-service",
        emr_service_role_arn=f"arn:aws:iam::{ACCOUNT}:role/emr-service",
        instance_profile_role_arn=f"arn:aws:iam::{ACCOUNT}:role/emr-machines",
        template_bucket=f"cf-templates-{ACCOUNT}",
        logs_bucket=f"aws-logs-{ACCOUNT}-{REGION}",
        portfolio="spark",
        **common,
    )
    Workspace.objects.create(
        slug="bricks",
        name="Databricks",
        host="dbc-a1b2345c-d6e7.cloud.databricks.com",
        token_ref="BRICKS",
        cross_account_role_arn=f"arn:aws:iam::{ACCOUNT}:role/databricks",
        **common,
    )


def catalogue(owner: str | None = None) -> dict[str, Entitlement]:
    """One entitlement of each kind, by the manager's yes (and the owner's for Kubernetes)."""
    system = actors.system()
    reason = "first catalogue"
    rules.propose(
        "approval_policy",
        "manager",
        {"name": "Manager", "steps": [{"who": "manager"}], "wait_hours": 48, "fallback": []},
        by=system,
        reason=reason,
    )
    configs = {
        "templates": ("portfolio", {"portfolio": "spark"}),
        "jobs": ("execution_roles", {"virtual_cluster": "jobs", "roles": ["sales", "ops"]}),
        "kubernetes": ("aws_auth", {"cluster": "main", "groups": ["emr-users", "viewers"]}),
        "lake": ("cross_account_s3", LAKE),
        "snapshots": (
            "snapshot_repository",
            {"domain": "logs", "role": "lake", "bucket": "lake"},
        ),
        "cluster": ("eks_user", EKS),
        "notebooks": ("emr_studio", STUDIO),
        "folder": ("template", FOLDER),
        "onboarding": ("job_role", ONBOARDING),
    }
    for slug, (kind, config) in configs.items():
        rule = {
            "name": slug.capitalize(),
            "description": f"What {slug} is for.",
            "kind": kind,
            "config": config,
            "approval_policy": "manager",
            "owner": owner,
            "max_days": 90,
        }
        rules.propose("entitlement", slug, rule, by=system, reason=reason)
    return {one.slug: one for one in Entitlement.objects.all()}


def company(**ids: str) -> Company:
    """Everybody and everything, with bootstrap closed (two administrators exist)."""
    director = person("Dora Director")
    kim = person("Kim Manager", director)
    ana = person("Ana Engineer", kim)
    olu, ada, bo, ira = (
        person(name, director) for name in ("Olu Owner", "Ada Admin", "Bo Admin", "Ira Auditor")
    )
    estate(**ids)
    offered = catalogue(owner=olu.email)
    role = identities.register(
        f"arn:aws:iam::{ACCOUNT}:role/people/ana", by=actors.system(), now=now(), person=ana
    )
    for one, name in ((ira, "auditor"), (ada, "administrator"), (bo, "administrator")):
        rules.propose(
            "portal_role", one.email, {"roles": [name]}, by=actors.system(), reason="first people"
        )
    return Company(director, kim, ana, olu, ada, bo, ira, role, offered)


def asked(who: Company, slug: str = "templates", *, days: int = 30, **terms: list[str]) -> Request:
    """Ana's request for one entitlement, its preview not answered yet."""
    wish = Wish(who.entitlements[slug], who.ana_role, terms)
    return requests.ask(
        [wish],
        by=acting(who.ana),
        person=who.ana,
        reason="for the quarterly report",
        days=days,
        now=now(),
    )


def previewed(request: Request, *, fits: bool = True) -> Request:
    """The same request after the read worker answered; for tests without a fake AWS."""
    for inquiry in Inquiry.objects.filter(item__request=request, state=Inquiry.State.OPEN):
        preview = {
            "lines": [{"target": "port-spark00000000", "say": "adds ana", "there": False}],
            "load": [{"quota": "principals", "used": 3, "limit": 100, "unit": ""}],
            "fits": fits,
            "problems": [] if fits else ["principals: 100 of 100 used"],
        }
        principal = inquiry.item.principal
        assert principal is not None
        previews.take(
            inquiry,
            unique_id=f"AROA{principal.pk:017}",
            preview=preview,
            by=actors.system(),
        )
    request.refresh_from_db()
    return request


def shown(request: Request) -> dict[int, str]:
    """What a page in front of who decides would carry."""
    return {item.pk: item.effect for item in request.items.all()}


def later(days: int) -> datetime:
    return now() + timedelta(days=days)


def identity(who: Company, name: str, holder: Person | None = None, **facts: Any) -> Principal:
    """Another confirmed identity: added by Ada, confirmed by Bo."""
    one = identities.register(
        name if name.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{name}",
        by=acting(who.ada),
        now=now(),
        person=holder,
        **facts,
    )
    identities.confirm(one, by=acting(who.bo), now=now())
    return one


def shared(
    who: Company, *holders: Person, owner: Person | None = None, name: str = "team"
) -> Principal:
    """A confirmed shared identity that `holders` can act as."""
    return identity(who, name, sharing="shared", holders=holders, owner=owner)


def asked_as(
    who: Company,
    person: Person,
    principal: Principal | None,
    slug: str = "templates",
    *,
    by: Person | None = None,
    days: int | None = 30,
    terms: dict[str, Any] | None = None,
    **dates: Any,
) -> Request:
    """`person`'s request for one entitlement, asked by `by` or by themselves."""
    return requests.ask(
        [Wish(who.entitlements[slug], principal, terms or {})],
        by=acting(by or person),
        person=person,
        reason="for the quarterly report",
        days=days,
        now=now(),
        **dates,
    )


def ruled(who: Company, subject: str, key: str, **changes: Any) -> None:
    """A rule changed with two people: Ada proposes, Bo accepts."""
    current = rulebook.SUBJECTS[subject].current(key) or {}
    proposal = rules.propose(
        subject, key, {**current, **changes}, by=acting(who.ada), reason="tests"
    )
    if proposal is not None:
        rules.accept(proposal, by=acting(who.bo))
    for one in who.entitlements.values():
        one.refresh_from_db()


def approved(request: Request, *people_: Person) -> None:
    """Each of `people_` says yes to what is shown."""
    for one in people_:
        decisions.approve(request, shown(request), by=acting(one), now=now())
