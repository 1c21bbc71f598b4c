"""Fills the demo's database through the same verbs as everybody's. Runs in a process of its own."""

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts import actors, tokens
from accounts.actors import Channel
from accounts.models import Person, PortalRole, ServiceClient
from policies.access import rules
from policies.models import AwsAccount, Entitlement, Proposal
from portal.demo import estate

CATALOGUE = settings.BASE_DIR / "docs" / "demo-catalogue.yaml"
PASSWORD = "open sesame please"  # noqa: S105  (printed on the screen: this is a demo)
WHY = "demo"
# Of several people with one role, those whose story the demo tells come first.
HEROES = ("ana@example.com", "kim@example.com")


class NotOurs(Exception):
    """The database is not one that the demo may fill; the text is one line."""


@dataclass(frozen=True)
class SignIn:
    email: str
    password: str
    role: str
    name: str


def fill(to: Path, *, own_aws: bool) -> None:
    """Tables, people, rules, a token; `to` gets what the launcher needs. Raises NotOurs."""
    check_database()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("apply_catalogue", str(CATALOGUE), "--json", stdout=_Silence())
    Person.objects.get_queryset().update(password=make_password(PASSWORD))
    if own_aws:
        _assume_roles()
    accounts = [AwsAccount.objects.get(number=one) for one in (estate.ACCOUNT, estate.LAKE)]
    told = {
        "people": [asdict(one) for one in sign_ins()],
        "entitlements": Entitlement.objects.offered().count(),
        "api_token": _token(),
        "seeds": estate.orders(*accounts),
    }
    to.write_text(json.dumps(told))


def check_database() -> None:
    """Only an empty database is filled. Raises NotOurs, naming what is in the way."""
    name = connection.settings_dict["NAME"]
    tables = connection.introspection.table_names()
    if not tables:
        return
    remedy = "Point DATABASE_URL at an empty database, or unset it."
    if "django_migrations" not in tables:
        raise NotOurs(f"The database {name} holds something else. {remedy}")
    executor = MigrationExecutor(connection)
    known, applied = executor.loader.disk_migrations, executor.loader.applied_migrations
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if set(applied) - set(known or ()) or (applied and missing):
        raise NotOurs(f"The database {name} is of another version of Gatehouse. {remedy}")
    if applied and Person.objects.get_queryset().exists():
        raise NotOurs(f"The database {name} already holds people. {remedy}")


def sign_ins() -> list[SignIn]:
    """Who there is and under which role, the one to begin with first."""
    people = Person.objects.present().prefetch_related("portal_roles").order_by("pk")
    found = [SignIn(one.email, PASSWORD, _role(one), one.name) for one in people]
    order = ["employee", "manager", "owner", "administrator", "auditor", "security"]
    return sorted(
        found, key=lambda one: (order.index(one.role), one.email not in HEROES, one.email)
    )


def _role(person: Person) -> str:
    held = [one.role for one in person.portal_roles.all() if one.until_at is None]
    if held:
        return str(held[0])
    if Entitlement.objects.filter(owner=person).exists():
        return "owner"
    return "manager" if person.reports.exists() else "employee"


def _assume_roles() -> None:
    """Our workers' two roles in each account: one administrator proposes, another accepts."""
    ada, bo = Person.objects.holding_role(PortalRole.Role.ADMINISTRATOR).order_by("email")
    for number in (estate.ACCOUNT, estate.LAKE):
        rule = {"write_role": estate.write_role(number), "read_role": estate.read_role(number)}
        by = actors.of_person(ada, Channel.COMMAND)
        rules.propose("account_roles", number, rule, by=by, reason=WHY)
        proposal = Proposal.objects.get(subject="account_roles", state=Proposal.State.OPEN)
        rules.accept(proposal, by=actors.of_person(bo, Channel.COMMAND))


def _token() -> str:
    """A token of the HR system, with every scope."""
    client = ServiceClient.objects.create(name="hr-system", purpose="The demo's HR system")
    _row, token = tokens.create(
        client,
        scopes=list(tokens.SCOPES),
        expires_at=timezone.now() + timedelta(days=30),
        by=actors.system(channel=Channel.COMMAND),
    )
    return token


class _Silence:
    """Takes what a command says."""

    def write(self, text: str) -> Any:
        """Say nothing of it."""
