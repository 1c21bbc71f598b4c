"""The steps that Hypothesis may take in any order, and what must be true after each."""

import sys
from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models.functions import Now
from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from accounts import actors
from policies import lifecycle, reconcile
from policies.access import grants
from policies.models import EndReason, Grant, Phase, Request, Target
from policies.reconcile.lease import database_now
from tests import factories as f
from tests.fakes.process import FakeAWS
from tests.promise import draws, drift, dying, rules
from tests.promise.ledger import Ledger
from tests.promise.others import Others
from tests.promise.scene import KUBE_LAG, LAG, Scene

STALL = 80.0  # longer than a lease
WAITING = {"transient", "throttled", "conflict"}


class Promise(RuleBasedStateMachine):
    """One company's life over one fake AWS."""

    fake: ClassVar[FakeAWS]
    steps: ClassVar[int] = 0
    examples: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).examples += 1
        self.scene = Scene(self.fake)
        self.ledger = Ledger(self.scene)
        self.others = Others(self.scene, self.ledger)

    # People.

    @rule(who=draws.WHO, wish=draws.WISHES)
    def ask(self, who: str, wish: tuple[str, dict[str, Any]]) -> None:
        self.scene.ask(who, *wish)

    @rule(n=draws.SOME)
    def decide(self, n: int) -> None:
        if (request := self._one(Request.objects.filter(state="open"), n)) is not None:
            self.scene.decide(request)

    @rule(who=draws.WHO, wish=draws.WISHES)
    def give(self, who: str, wish: tuple[str, dict[str, Any]]) -> None:
        """Asked and decided at once; the same again while it lives extends it."""
        if (request := self.scene.ask(who, *wish)) is not None:
            self.scene.decide(request)

    @rule(n=draws.SOME)
    def end(self, n: int) -> None:
        if (grant := self._one(Grant.objects.filter(ended_at__isnull=True), n)) is not None:
            by = f.acting(self.scene.company.ada)
            grants.end(grant, by=by, reason=EndReason.REVOKED, why="no longer needed")

    @rule(n=draws.SOME)
    def expire(self, n: int) -> None:
        if (grant := self._one(Grant.objects.filter(ended_at__isnull=True), n)) is not None:
            Grant.objects.filter(pk=grant.pk).update(ends_at=database_now())

    @rule(who=draws.WHO)
    def suspend_or_resume(self, who: str) -> None:
        person = self.scene.people[who]
        person.refresh_from_db()
        verb = lifecycle.suspend if person.is_present else lifecycle.resume
        if person.state != "left":
            verb(person, by=actors.system(), now=database_now())

    @rule()
    def ben_leaves(self) -> None:
        lifecycle.leave(self.scene.people["ben"], by=actors.system(), now=database_now())

    @rule(n=draws.SOME)
    def retry(self, n: int) -> None:
        if (target := self._one(Target.objects.all(), n)) is not None:
            self.scene.retry(target)

    # Workers and time.

    @rule(least=draws.PASSES)
    def work(self, least: int) -> None:
        self.scene.work(self.ledger.look, least=least)

    @rule()
    def work_until_rest(self) -> None:
        self.scene.settle_once_through(self.ledger.look, hours=0.5)

    @rule(seconds=draws.SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.scene.jump(seconds)

    @rule(n=draws.SOME, statement=draws.STATEMENTS)
    def a_worker_dies(self, n: int, statement: int) -> None:
        if (target := self._due(n)) is not None:
            died = dying.pass_that_dies(target.pk, statement)
            note(f"    died: {died}")

    @rule(n=draws.SOME)
    def two_workers_at_once(self, n: int) -> None:
        if (target := self._due(n)) is not None:
            dying.elsewhere(*[lambda: reconcile.converge(target.pk)] * 2)

    @rule(n=draws.SOME, statement=draws.STATEMENTS, deed=draws.DEEDS, m=draws.SOME)
    def during_a_pass(self, n: int, statement: int, deed: str, m: int) -> None:
        if (target := self._due(n)) is not None:
            dying.pass_with(target.pk, statement, self._deed(deed, target.pk, m))

    def _deed(self, name: str, target_id: int, m: int) -> Callable[[], None]:
        def stall() -> None:
            self.scene.jump(STALL)

        def another_pass() -> None:
            self.scene.jump(STALL)
            reconcile.converge(target_id)
            self.ledger.look()

        who = ("ana", "ben")[m % 2]
        return {
            "end": lambda: self.end(m),
            "give": lambda: self.decide(m),
            "suspend": lambda: self.suspend_or_resume(who),
            "stall": stall,
            "another pass": another_pass,
            "drift": lambda: self.drift(who, ("dissociate", "delete", "remove row")[m % 3]),
            "edit": lambda: self.others.edit_map(("append", "first", "comment")[m % 3]),
        }[name]

    # AWS.

    @rule(call=draws.CALLS, trouble=draws.TROUBLE, times=draws.TIMES)
    def aws_has_trouble(
        self, call: tuple[str, str], trouble: dict[str, Any], times: int
    ) -> None:
        self.scene.fault(service=call[0], operation=call[1], times=times, **trouble)

    @rule(trouble=draws.KUBE_TROUBLE, times=draws.TIMES)
    def kubernetes_has_trouble(self, trouble: dict[str, Any], times: int) -> None:
        self.scene.kube_fault(times=times, **trouble)

    @rule()
    def reads_are_stale(self) -> None:
        if not self.scene.stale:
            self.scene.stale = True
            self.scene.fault(service="*", kind="stale", seconds=LAG / 0.05, times=None)
            self.scene.kube_fault(kind="stale", seconds=KUBE_LAG / 0.05, times=None)

    @rule()
    def aws_is_well(self) -> None:
        self.scene.calm()
        self.ledger.hazy.clear()

    # Others.

    @rule(who=draws.WHO, way=draws.DRIFT)
    def drift(self, who: str, way: str) -> None:
        """Others take or change what is ours."""
        name = self.others.our_policy()
        role = self.scene.roles[who].arn
        there = self.others.stands(who)
        if way == "dissociate":
            self.others.dissociate(role)
        elif way == "delete":
            self.others.delete_policy(who, name)
        elif way == "alter" and there:
            self.others.put_policy(who, name, "iam:*")
        elif way.endswith("row"):
            self.others.change_row(who, way)

    @rule(who=draws.WHO, what=draws.THEIR_OWN)
    def others_change_their_own(self, who: str, what: str) -> None:
        others, arn = self.others, f"arn:aws:iam::{f.ACCOUNT}:role"
        {
            "associate": lambda: others.associate(f"{arn}/nodes"),
            "dissociate": lambda: others.dissociate(f"{arn}/bob"),
            "associate ours": lambda: others.associate(self.scene.roles[who].arn),
            "put": lambda: others.put_policy(who, "team-own", "s3:GetObject"),
            "put again": lambda: others.put_policy(who, "team-own", "s3:*"),
            "delete": lambda: others.delete_policy(who, "team-own"),
            "row": lambda: others.row_by_hand(who),
        }[what]()

    @rule(way=draws.EDITS)
    def others_edit_the_map(self, way: str) -> None:
        self.others.edit_map(way)

    @rule(way=draws.EDITS)
    def others_edit_the_map_under_our_hands(self, way: str) -> None:
        """Between a pass's reading and its conditional write."""
        if (target := Target.objects.filter(kind="cluster_auth_map").first()) is not None:
            self.others.edit_under_a_write(way, lambda: reconcile.converge(target.pk))

    # What must be true.

    @invariant()
    def everything_is_accounted_for(self) -> None:
        type(self).steps += 1
        self.ledger.look()
        rules.check()
        note(
            "    "
            + "; ".join(
                f"{one.kind} {one.settled_generation}/{one.generation} {one.phase} {one.outcome}"
                for one in Target.objects.all()
            )
        )

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self._converges()

    def _converges(self) -> None:
        """The world is well again: first without anybody's help, then with a person's."""
        self.aws_is_well()
        self.scene.settle_once_through(self.ledger.look, hours=2)
        waiting = Target.objects.exclude(phase__in=rules.RESTING) | Target.objects.filter(
            phase=Phase.STUCK, outcome__in=WAITING
        )
        assert not waiting.exists(), list(waiting.values())
        self.others.mend()
        drift.bring_back(self.scene)
        self.scene.settle(self.ledger.look)
        unsettled = Target.objects.exclude(phase=Phase.SETTLED)
        assert not unsettled.exists(), list(unsettled.values())
        self.ledger.settle_up()
        rules.check()

    def _due(self, n: int) -> Target | None:
        return self._one(Target.objects.filter(next_look_at__lte=Now()), n)

    def _one(self, rows: Any, n: int) -> Any:
        """One of several rows, in the order they were made."""
        found = list(rows.order_by("pk"))
        return found[n % len(found)] if found else None

