"""The smallest company that can ask and decide: people and rules, made through the verbs."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from accounts import actors, people
from accounts.actors import Channel
from accounts.models import Person, Principal
from policies.access import decisions, identities, requests, rules
from policies.access.requests import Wish
from policies.models import (
    AwsAccount,
    Cluster,
    Entitlement,
    Grant,
    ManagedRole,
    Portfolio,
    Request,
    VirtualCluster,
)

WHY = "smoke"
DAYS = 1


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Company:
    """Kim decides; everybody else asks. Entitlements are offered as their places come to be."""

    account: AwsAccount
    kim: Person
    people: dict[str, Principal] = field(default_factory=dict)

    @classmethod
    def found(cls, number: str, region: str) -> "Company":
        account = AwsAccount.objects.create(number=number, name="Smoke", region=region)
        kim = people.join(
            by=actors.system(), email="kim@example.com", name="Kim", employee_number="S0"
        )
        rule: dict[str, Any] = {"name": "Manager", "steps": [{"who": "manager"}], "wait_hours": 48}
        rules.propose(
            "approval_policy", "manager", rule | {"fallback": []}, by=actors.system(), reason=WHY
        )
        return cls(account, kim)

    def hire(self, who: str, arn: str) -> None:
        """Somebody who has a confirmed AWS identity."""
        person = people.join(
            by=actors.system(),
            email=f"{who}@example.com",
            name=who.capitalize(),
            employee_number=f"S{len(self.people) + 1}",
            manager=self.kim,
        )
        self.people[who] = identities.register(arn, by=actors.system(), now=now(), person=person)

    def offer_portfolio(self, portfolio: str) -> None:
        self.place(Portfolio, "spark", portfolio_id=portfolio)
        self.offer("templates", "portfolio", {"portfolio": "spark"})

    def offer_jobs(self, virtual_cluster: str) -> str:
        """The ARN of the execution role that is offered; IAM never looks whether it exists."""
        arn = self.role_arn("gatehouse-smoke-exec")
        self.place(VirtualCluster, "jobs", virtual_cluster_id=virtual_cluster)
        self.place(ManagedRole, "exec", arn=arn)
        self.offer("jobs", "execution_roles", {"virtual_cluster": "jobs", "roles": ["exec"]})
        return arn

    def offer_cluster(self, name: str, kubeconfig: str, context: str) -> None:
        self.know_cluster(name, kubeconfig, context)
        self.offer("kubernetes", "aws_auth", {"cluster": "main", "groups": ["emr-users"]})

    def know_cluster(self, name: str, kubeconfig: str, context: str) -> None:
        access = Cluster.Access.KUBECONFIG if kubeconfig else Cluster.Access.EKS
        place = {"access": access, "kubeconfig": kubeconfig, "context": context}
        self.place(Cluster, "main", cluster_name=name, **place)

    def ask(self, who: str, slug: str, terms: dict[str, Any]) -> Request:
        principal = self.people[who]
        person = principal.person
        assert person is not None
        return requests.ask(
            [Wish(Entitlement.objects.get(slug=slug), principal, terms)],
            by=actors.of_person(person, Channel.COMMAND),
            person=person,
            reason=WHY,
            days=DAYS,
            now=now(),
        )

    def approve(self, request: Request) -> Grant:
        """Kim says yes to exactly what the preview shows."""
        shown = {item.pk: item.effect for item in request.items.all()}
        by = actors.of_person(self.kim, Channel.COMMAND)
        decisions.approve(request, shown, by=by, now=now(), why=WHY)
        return Grant.objects.get(item__request=request)

    def place(self, model: Any, slug: str, **facts: Any) -> None:
        """One entry of the estate; what is there under that short name already stays."""
        where = {"account": self.account, "region": self.account.region}
        model.objects.get_or_create(slug=slug, defaults={"name": slug, **where, **facts})

    def role_arn(self, name: str) -> str:
        """The ARN of a role in this account; IAM never looks whether a policy names one."""
        return f"arn:{self.account.partition}:iam::{self.account.number}:role/{name}"

    def offer(self, slug: str, kind: str, config: dict[str, Any]) -> None:
        rule: dict[str, Any] = {"name": slug.capitalize(), "description": "", "kind": kind}
        rule |= {"config": config, "approval_policy": "manager", "owner": None, "max_days": 90}
        rules.propose("entitlement", slug, rule, by=actors.system(), reason=WHY)
