"""A company, its AWS and its clock for one example: made anew, driven through the real verbs."""

import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.management import call_command
from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from accounts import actors
from accounts.models import Person, Principal
from policies import clients, lifecycle, reconcile, tasks
from policies.access import decisions, grants, operations, requests
from policies.access.errors import Refused
from policies.access.requests import Wish
from policies.models import EndReason, Grant, Installation, Request, Target
from policies.reconcile.lease import database_now
from tests import factories as f
from tests.conftest import drop_triggers
from tests.fakes.process import FakeAWS
from tests.promise import draws
from tests.world import PORTFOLIO, World

LONGEST_PASSES = 400
# Windows must outlast any lag (DESIGN §5.2); real seconds, with the tests' PACE of 0.05.
LAG, KUBE_LAG = 0.3, 0.1


class Scene:
    """Ana and Ben, who may ask for everything; Kim decides; Ada looks after targets."""

    def __init__(self, fake: FakeAWS) -> None:
        self.fake = fake
        self._empty()
        self.world = World(fake)
        self.world.fill()
        self.company = f.company(portfolio=PORTFOLIO)
        self.people: dict[str, Person] = {"ana": self.company.ana}
        self.people["ben"] = f.person("Ben Engineer", self.company.kim)
        self.roles: dict[str, Principal] = {"ana": self.company.ana_role}
        self.roles["ben"] = f.identity(self.company, "people/ben", self.people["ben"])
        self.installation = Installation.current()
        self.stale = False

    def _empty(self) -> None:
        """The database and the fake as they were before anything."""
        drop_triggers()
        call_command("flush", verbosity=0, interactive=False)
        self.fake.reset()
        for name, value in self.fake.credentials(f.ACCOUNT).items():
            os.environ[name.upper()] = value
        clients.forget_sessions()

    # What people do. A refusal is an answer like any other.

    def ask(self, who: str, slug: str, terms: dict[str, Any]) -> Request | None:
        person = self.people[who]
        person.refresh_from_db()
        wish = Wish(self.company.entitlements[slug], self.roles[who], terms)
        return answered(
            lambda: requests.ask(
                [wish],
                by=f.acting(person),
                person=person,
                reason="for the quarterly report",
                days=30,
                now=database_now(),
            )
        )

    def give(self, who: str, slug: str, terms: dict[str, Any]) -> None:
        if (request := self.ask(who, slug, terms)) is not None:
            self.decide(request)

    def decide(self, request: Request) -> None:
        """The read worker answers, and Kim says yes to what is shown, if anything is."""
        self.world.answer()
        request.refresh_from_db()
        by = f.acting(self.company.kim)
        answered(lambda: decisions.approve(request, f.shown(request), by=by, now=database_now()))

    def decide_one(self, n: int) -> None:
        if (request := one_of(Request.objects.filter(state="open"), n)) is not None:
            self.decide(request)

    def end(self, n: int, target_id: int = 0) -> None:
        """End one of the grants that have not ended: one in that target, where one is named."""
        rows = Grant.objects.filter(ended_at__isnull=True)
        if target_id:
            rows = rows.filter(deliveries__target=target_id).distinct()
        if (grant := one_of(rows, n)) is not None:
            by = f.acting(self.company.ada)
            grants.end(grant, by=by, reason=EndReason.REVOKED, why="no longer needed")

    def expire(self, n: int) -> None:
        """Its last moment is now; the sweep ends it."""
        if (grant := one_of(Grant.objects.filter(ended_at__isnull=True), n)) is not None:
            Grant.objects.filter(pk=grant.pk).update(ends_at=database_now())

    def ben_leaves(self) -> None:
        lifecycle.leave(self.people["ben"], by=actors.system(), now=database_now())

    def suspend_or_resume(self, who: str) -> None:
        person = self.people[who]
        person.refresh_from_db()
        verb = lifecycle.suspend if person.is_present else lifecycle.resume
        if person.state != "left":
            verb(person, by=actors.system(), now=database_now())

    def retry(self, target: Target) -> None:
        operations.retry_now(target, by=f.acting(self.company.ada))

    # What workers do.

    def work(self, inspect: Callable[[], None], *, least: int = 1) -> None:
        """The sweep, and a pass over each target that is due."""
        tasks.sweep()
        for _ in range(least):
            for target in Target.objects.filter(next_look_at__lte=Now()):
                reconcile.converge(target.pk)
                inspect()

    def settle(self, inspect: Callable[[], None]) -> None:
        """Work until nothing is due any more, the clock jumping to whatever is due next."""
        for _ in range(LONGEST_PASSES):
            self.work(inspect)
            due = self._next_due()
            if due is None:
                return
            self.jump((due - database_now()).total_seconds())
        raise AssertionError(f"never at rest: {list(Target.objects.values())}")

    def settle_once_through(self, inspect: Callable[[], None], hours: float) -> None:
        """The same for so many hours of the installation's own time, however little is settled."""
        end = 3600 * hours * 0.05
        while end > 0 and (due := self._next_due()) is not None:
            wait = max(0.0, (due - database_now()).total_seconds())
            self.jump(wait)
            end -= wait + 0.05
            self.work(inspect)

    def _next_due(self) -> datetime | None:
        """When a worker will next be let in somewhere."""
        rows = Target.objects.filter(next_look_at__isnull=False)
        moments = [max(filter(None, [row.next_look_at, row.lease_until])) for row in rows]
        return min(moments, default=None)

    # Time: what must really pass for AWS to catch up passes; the rest is a jump of the clock.

    def jump(self, seconds: float) -> None:
        if seconds <= 0:
            return
        waited = min(seconds, LAG + 0.05) if self.stale else 0.0
        time.sleep(waited)
        if seconds > waited:
            shift(timedelta(seconds=seconds - waited + 0.001))

    # What AWS does.

    def fault(self, **order: Any) -> None:
        self.fake.post("/_fake/faults", order)

    def kube_fault(self, **order: Any) -> None:
        self.world._kube("POST", "/_fake/faults", order)

    def in_the_way_of(self, target: Target, trouble: dict[str, Any]) -> None:
        """The next write of this very target meets the trouble."""
        for service, operation in draws.WRITES.get(target.kind, ()):
            self.fault(service=service, operation=operation, **trouble)
        if target.kind not in draws.WRITES:
            self.kube_fault(**(draws.AS_KUBERNETES.get(trouble["kind"], trouble) | {"on": "write"}))

    def lag(self) -> None:
        """From now on every read shows how it was a moment ago."""
        if not self.stale:
            self.stale = True
            self.fault(service="*", kind="stale", seconds=LAG / 0.05, times=None)
            self.kube_fault(kind="stale", seconds=KUBE_LAG / 0.05, times=None)

    def calm(self) -> None:
        """Every fault is over, and every read has caught up."""
        if self.stale:
            time.sleep(LAG + 0.05)
        self.stale = False
        self.fake.delete("/_fake/faults")
        self.world._kube("DELETE", "/_fake/faults")

    def living(self) -> list[Grant]:
        """By the grants' own terms; the product's queries are not asked."""
        now = database_now()
        return [
            one
            for one in Grant.objects.select_related("entitlement", "principal")
            if one.ended_at is None
            and one.starts_at <= now
            and (one.ends_at is None or now < one.ends_at)
        ]


def one_of(rows: Any, n: int) -> Any:
    """One of several rows, in the order they were made; None of none."""
    found = list(rows.order_by("pk"))
    return found[n % len(found)] if found else None


def answered(verb: Callable[[], Any]) -> Any:
    """What a verb answers, None when it refuses."""
    try:
        return verb()
    except Refused:
        return None


def shift(by: timedelta) -> None:
    """The database's clock moves on: every moment it keeps for `policies` lies further back.

    The record is left as it is; its order is that of its numbers.
    """
    for model in apps.get_app_config("policies").get_models():
        names = [one.name for one in model._meta.fields if isinstance(one, models.DateTimeField)]
        if names:
            model._base_manager.update(**{name: F(name) - by for name in names})
    for target in Target.objects.exclude(refused={}):
        for refusal in target.refused.values():
            for name in ("retry_at", "since"):
                if refusal.get(name):
                    earlier = datetime.fromisoformat(refusal[name]) - by
                    refusal[name] = earlier.isoformat()
        target.save(update_fields=["refused"])
