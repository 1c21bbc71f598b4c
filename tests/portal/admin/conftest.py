"""An administrator's browser, and a company in which every table has a row."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from accounts import notices, seals
from accounts.models import (
    DataEngineer,
    EksUser,
    Person,
    Service,
    ServiceClient,
    StudioUser,
)
from accounts.tokens import create
from policies import lifecycle
from policies.access import decisions, rules
from policies.models import Bundle, Drift, Foreign, Freeze, Grant, Key, Plan, Target
from tests import factories as f

CHANGE = {"key": "k", "before": "{0}", "after": "{}", "say": "k is written", "fate": "written"}
SignIn = Callable[[Person], Client]


@pytest.fixture
def signed_in() -> SignIn:
    def sign_in(person: Person) -> Client:
        client = Client()
        client.force_login(person)
        return client

    return sign_in


@pytest.fixture
def ada(company, signed_in) -> Client:
    return signed_in(company.ada)


@pytest.fixture
def bo(company, signed_in) -> Client:
    return signed_in(company.bo)


@pytest.fixture
def full(company) -> f.Company:
    """A request approved, one open, a leaver's receipt, a proposal, a plan, a token …"""
    for slug, terms in (("templates", {}), ("jobs", {"roles": ["sales"]})):
        request = f.previewed(f.asked(company, slug, **terms))
        for who in (company.kim, company.olu):
            if request.is_open:
                decisions.approve(request, f.shown(request), by=f.acting(who), now=f.now())
                request.refresh_from_db()
    f.previewed(f.asked(company, "kubernetes", groups=["viewers"]))
    target = Target.objects.order_by("pk").first()
    assert target is not None
    plan = Plan.objects.create(target=target, generation=1, changes=[CHANGE], correlation="c" * 32)
    Key.objects.create(target=target, key="k", origin=Key.Origin.MADE, text="{}", plan=plan)
    Drift.objects.create(target=target, key="k", wanted="{}", there="{1}", writer="kubectl")
    Foreign.objects.create(target=target, key="theirs", text="{2}")
    Freeze.objects.create(scope="account:999988887777", why="an old one", lifted_at=f.now())
    for profile, more in (
        (StudioUser, {}),
        (EksUser, {"username": "aws-user:ana"}),
        (DataEngineer, {}),
    ):
        profile.objects.get_or_create(principal=company.ana_role, defaults=more)
    Service.objects.create(
        name="nightly", purpose="loads", first_owner=company.olu, second_owner=company.kim
    )
    client = ServiceClient.objects.create(name="hr", purpose="joiners and leavers")
    expires = f.now() + timedelta(days=9)
    create(client, scopes=["receipts:read"], expires_at=expires, by=f.acting(company.ada))
    bundle = Bundle.objects.create(slug="start", name="Start")
    bundle.entitlements.set(company.entitlements.values())
    rules.propose(
        "portal_role",
        company.olu.email,
        {"roles": ["auditor"]},
        by=f.acting(company.ada),
        reason="second auditor",
    )
    notices.tell(company.ana.pk, "access_gone")
    lifecycle.leave(f.person("Lee Leaver", company.kim), by=f.acting(company.ada), now=f.now())
    seals.seal_waiting()
    assert Grant.objects.exists()
    return company
