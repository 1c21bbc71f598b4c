"""People at work: they ask, their managers decide, access is given back, ends, people leave.

Everything goes through the same verbs as the pages do. Where the database breaks off in the
middle, whoever asked looks at what became of it, as a person would who reloads the page.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection, transaction

from accounts.models import PersonState
from policies import lifecycle
from policies.access import decisions, grants, requests
from policies.access.errors import AlreadyDecided, Refused, StaleEffect
from policies.access.requests import Wish
from policies.models import EndReason, Grant, Request
from tests.chaos import places
from tests.chaos.company import WHY, Company, now
from tests.chaos.ledger import Ledger, Right
from tests.chaos.places import CLUSTER, POLICY, Estate, Holder, Place

OPEN_AT_MOST = 40
AGAIN_SECONDS = 0.3
Chosen = tuple[Place, frozenset[str]]


class Driver(threading.Thread):
    """Works for its own share of the people until `wanted` grants are decided by all together."""

    def __init__(
        self,
        number: int,
        company: Company,
        estate: Estate,
        holders: Sequence[Holder],
        ledger: Ledger,
        hand: threading.Lock,
        *,
        wanted: int,
        pause: float,
        seed: int,
    ) -> None:
        super().__init__(name=f"driver {number}", daemon=True)
        self._company, self._estate, self._ledger = company, estate, ledger
        self._hand = hand
        self._holders, self._wanted, self._pause = list(holders), wanted, pause
        self._dice = Random(seed)
        self._open: dict[int, tuple[Holder, list[Chosen]]] = {}
        self._asked = number * 1_000_000
        self._gone: set[Holder] = set()
        self.counts: Counter[str] = Counter()
        self.halt = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.halt.is_set() and self._ledger.decided < self._wanted:
                self._turn()
                self.halt.wait(self._pause * self._dice.uniform(0.5, 1.5))
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def _turn(self) -> None:
        if len(self._open) < OPEN_AT_MOST:
            self._ask()
        for pk in list(self._open):
            if self._ledger.decided < self._wanted:
                self._decide(pk)
        throw = self._dice.random()
        if throw < 0.25:
            self._end_one()
        elif throw < 0.265 and len(self._gone) < len(self._holders) // 8:
            self._lose_somebody()

    # Asking

    def _ask(self) -> None:
        holder = self._dice.choice(self._holders)
        person = self._company.people[holder.name]
        chosen = self._wishes(holder)
        if holder in self._gone or not chosen:
            return
        self._asked += 1
        reason = f"{WHY} {self._asked}"

        def ask() -> Request:
            wishes = [self._wish(holder, one) for one in chosen]
            by, days = self._company.acting(person), self._dice.randint(2, 80)
            return requests.ask(wishes, by=by, person=person, reason=reason, days=days, now=now())

        def asked() -> Request | None:
            return Request.objects.filter(reason=reason).first()

        try:
            request = self._surely(ask, asked)
        except Refused as refused:
            self.counts[f"not asked: {refused.code}"] += 1
            return
        self._open[request.pk] = (holder, chosen)
        self.counts["asked"] += 1

    def _wishes(self, holder: Holder) -> list[Chosen]:
        """One to three different things; never more people in a portfolio than it may hold."""
        theirs = [one for one in self._estate.policies if one.object == holder.arn]
        possible = [*self._estate.clusters, *theirs, *theirs, *theirs]
        for one in self._estate.portfolios:
            crowd = self._ledger.crowd(one)
            if one.account == holder.account and (holder in crowd or len(crowd) < places.CROWD):
                possible.append(one)
        some = self._dice.sample(possible, min(len(possible), self._dice.randint(1, 3)))
        by_slug = {one.slug: one for one in some}
        return [(place, self._what(place)) for place in by_slug.values()]

    def _what(self, place: Place) -> frozenset[str]:
        if place.kind == CLUSTER:
            return frozenset(self._dice.sample(places.GROUPS, self._dice.randint(1, 2)))
        if place.kind == POLICY:
            number = self._dice.randrange(places.EXECUTION_ROLES)
            return frozenset({places.execution_role(place.account, number)})
        return frozenset()

    def _wish(self, holder: Holder, chosen: Chosen) -> Wish:
        place, what = chosen
        terms: dict[str, Any] = {}
        if place.kind == CLUSTER:
            terms = {"groups": sorted(what)}
        elif place.kind == POLICY:
            terms = {"roles": [_slug_of(arn) for arn in sorted(what)]}
        principal = self._company.principals[holder.name]
        return Wish(self._company.entitlements[place.slug], principal, terms)

    # Deciding

    def _decide(self, pk: int) -> None:
        def decide() -> bool:
            request = Request.objects.select_related("person__manager").get(pk=pk)
            items = list(request.items.all())
            if request.state == Request.State.OPEN and not all(one.effect for one in items):
                return False
            manager = request.person.manager
            assert manager is not None
            shown = {item.pk: item.effect for item in items}
            by = self._company.acting(manager)
            decisions.approve(request, shown, by=by, now=now(), why=WHY)
            return True

        def decided() -> bool:
            return bool(Request.objects.filter(pk=pk, state=Request.State.APPROVED).exists())

        try:
            if not self._surely(decide, decided):
                return
        except StaleEffect:
            return
        except (Refused, AlreadyDecided) as refused:
            self.counts[f"not decided: {getattr(refused, 'code', 'closed')}"] += 1
            if getattr(refused, "code", "") == "does_not_fit":
                self._decline(pk)
            del self._open[pk]
            return
        self._take_down(pk)

    def _decline(self, pk: int) -> None:
        def decline() -> None:
            request = Request.objects.select_related("person__manager").get(pk=pk)
            by = self._company.acting(request.person.manager)  # type: ignore[arg-type]
            decisions.decline(request, by=by, now=now(), why=WHY)

        self._surely(decline, lambda: not Request.objects.open().filter(pk=pk).exists())

    def _take_down(self, pk: int) -> None:
        """The grants' references from the portal; what they give from what was asked."""
        holder, chosen = self._open.pop(pk)
        by_slug = {place.slug: (place, what) for place, what in chosen}

        def made() -> list[tuple[str, str]]:
            rows = Grant.objects.filter(item__request_id=pk)
            return list(rows.values_list("ref", "item__entitlement__slug"))

        pairs = self._surely(made, lambda: None)
        rights = [Right(ref, holder, *by_slug[slug]) for ref, slug in pairs]
        if len(rights) != len(chosen):
            raise AssertionError(f"request {pk}: {len(chosen)} decided, {len(rights)} grants")
        self._ledger.add(rights)
        self.counts["decided"] += len(rights)

    # Ending

    def _end_one(self) -> None:
        mine = set(self._holders)
        living = [one for one in self._ledger.all() if one.over_at is None and one.holder in mine]
        if not living:
            return
        right = self._dice.choice(living)
        if self._dice.random() < 0.3:
            self._expire(right)
            return
        own = self._dice.random() < 0.6
        person = self._company.people[right.holder.name]
        by = self._company.acting(person) if own else self._company.operator
        reason = EndReason.GIVEN_BACK if own else EndReason.REVOKED

        def end() -> None:
            grants.end(Grant.objects.get(ref=right.ref), by=by, reason=reason, why=WHY)

        def ended() -> bool:
            return Grant.objects.filter(ref=right.ref, ended_at__isnull=False).exists()

        self._surely(end, ended)
        self._ledger.over(right, now(), str(reason))
        self.counts[str(reason)] += 1

    def _expire(self, right: Right) -> None:
        at = now() + timedelta(seconds=self._dice.uniform(3, 20))

        @transaction.atomic  # as `lifecycle.move` does it: the event goes with the change
        def shorten() -> None:
            grants.shorten(Grant.objects.get(ref=right.ref), at, by=self._company.operator)

        self._surely(shorten, lambda: Grant.objects.filter(ref=right.ref, ends_at=at).exists())
        self._ledger.over(right, at, str(EndReason.EXPIRED))
        self.counts["expired"] += 1

    def _lose_somebody(self) -> None:
        """Leaves for good, or is suspended and comes back with nothing."""
        holder = self._dice.choice([one for one in self._holders if one not in self._gone])
        person = self._company.people[holder.name]
        leaves = self._dice.random() < 0.5
        state = PersonState.LEFT if leaves else PersonState.SUSPENDED
        verb = lifecycle.leave if leaves else lifecycle.suspend

        def is_so() -> bool:
            person.refresh_from_db()
            return person.state == state

        self._surely(lambda: verb(person, by=self._company.operator, now=now()), is_so)
        for right in self._ledger.of(holder, now()):
            self._ledger.over(right, now(), str(state))
        self.counts[str(state)] += 1
        if leaves:
            self._gone.add(holder)
            return

        def is_back() -> bool:
            person.refresh_from_db()
            return person.is_present

        self._surely(
            lambda: lifecycle.resume(person, by=self._company.operator, now=now()), is_back
        )

    def _surely(self, act: Callable[[], Any], done: Callable[[], Any]) -> Any:
        """Do it. After a database that broke off: what is there of it, or else once more."""
        broke = False
        while True:
            try:
                if broke and (found := done()):
                    return found
                with self._hand:
                    return act()
            except DatabaseError:
                broke = True
                self.counts["database broke off"] += 1
                connection.close()
                time.sleep(AGAIN_SECONDS)


def _slug_of(arn: str) -> str:
    account, number = arn.split(":")[4], arn.rsplit("-", 1)[-1]
    return f"exec-{account}-{number}"
