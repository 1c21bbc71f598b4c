"""The company of a run in the portal's database, made through its own verbs."""

from datetime import UTC, datetime
from typing import Any

from accounts import actors, people
from accounts.actors import Actor, Channel
from accounts.models import Person, Principal
from policies.access import identities, rules
from policies.models import (
    AwsAccount,
    Cluster,
    Entitlement,
    ManagedRole,
    Portfolio,
    VirtualCluster,
)
from tests.chaos import places
from tests.chaos.places import CLUSTER, PORTFOLIO, REGION, Estate, Place

WHY = "chaos"
MANAGERS = 3


def now() -> datetime:
    return datetime.now(UTC)


class Company:
    """Everybody has a manager who says yes; Ada operates, and with Bo closes bootstrap."""

    def __init__(self, estate: Estate) -> None:
        for account in places.ACCOUNTS:
            _account(account)
        self.managers = [_person(f"manager-{n}") for n in range(MANAGERS)]
        self.ada, bo = _person("ada"), _person("bo")
        self.people: dict[str, Person] = {}
        self.principals: dict[str, Principal] = {}
        for number, one in enumerate(estate.holders):
            person = _person(one.name, manager=self.managers[number % MANAGERS])
            self.people[one.name] = person
            self.principals[one.name] = identities.register(
                one.arn, by=actors.system(), now=now(), person=person
            )
        self.entitlements = _catalogue(estate)
        for one in (self.ada, bo):
            _rule("portal_role", one.email, {"roles": ["administrator"]})

    def acting(self, person: Person) -> Actor:
        return actors.of_person(person, Channel.PAGE)

    @property
    def operator(self) -> Actor:
        return actors.of_person(self.ada, Channel.ADMIN)


def external_id(account: str) -> str:
    return AwsAccount.objects.get(pk=account).external_id


def _account(number: str) -> None:
    read, write = (places.role_arn(number, f"gatehouse-{name}") for name in ("read", "write"))
    AwsAccount.objects.create(
        number=number, name=number, region=REGION, read_role_arn=read, write_role_arn=write
    )


def _person(name: str, manager: Person | None = None) -> Person:
    return people.join(
        by=actors.system(),
        email=f"{name}@example.com",
        name=name,
        employee_number=name,
        manager=manager,
    )


def _catalogue(estate: Estate) -> dict[str, Entitlement]:
    steps: dict[str, Any] = {"steps": [{"who": "manager"}], "wait_hours": 48, "fallback": []}
    _rule("approval_policy", "manager", {"name": "Manager", **steps})
    for place in (*estate.portfolios, *estate.clusters):
        _offer_place(place)
    for account in places.ACCOUNTS:
        _offer_jobs(account)
    return {one.slug: one for one in Entitlement.objects.all()}


def _offer_place(place: Place) -> None:
    if place.kind == PORTFOLIO:
        _make(Portfolio, place.account, place.slug, portfolio_id=place.object)
        _offer(place.slug, "portfolio", {"portfolio": place.slug})
    elif place.kind == CLUSTER:
        _make(Cluster, place.account, place.slug, cluster_name=place.object)
        _offer(place.slug, "aws_auth", {"cluster": place.slug, "groups": list(places.GROUPS)})


def _offer_jobs(account: str) -> None:
    slug, roles = f"jobs-{account}", []
    _make(VirtualCluster, account, slug, virtual_cluster_id=places.virtual_cluster(account))
    for number in range(places.EXECUTION_ROLES):
        roles.append(f"exec-{account}-{number:02}")
        _make(ManagedRole, account, roles[-1], arn=places.execution_role(account, number))
    _offer(slug, "execution_roles", {"virtual_cluster": slug, "roles": roles})


def _make(model: Any, account: str, slug: str, **facts: Any) -> None:
    model.objects.create(slug=slug, name=slug, account_id=account, region=REGION, **facts)


def _offer(slug: str, kind: str, config: dict[str, Any]) -> None:
    rule = {"name": slug, "description": "", "kind": kind, "config": config}
    rule |= {"approval_policy": "manager", "owner": None, "max_days": 90}
    _rule("entitlement", slug, rule)


def _rule(subject: str, key: str, rule: dict[str, Any]) -> None:
    rules.propose(subject, key, rule, by=actors.system(), reason=WHY)
