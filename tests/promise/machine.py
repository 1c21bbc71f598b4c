"""The steps that Hypothesis may take in any order, and what must be true after each."""

import sys
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from django.db.models import Q
from django.db.models.functions import Now
from hypothesis import note
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from accounts.models import Event
from policies import reconcile
from policies.models import Phase, Target
from tests.fakes.process import FakeAWS
from tests.promise import draws, drift, dying, rules
from tests.promise.ledger import Ledger
from tests.promise.others import Others
from tests.promise.scene import Scene, one_of

STALL = 80.0  # longer than a lease
WAITING = {"transient", "throttled", "conflict"}


def step(**drawn: Any) -> Callable[[Any], Any]:
    """A rule after which everything is accounted for."""

    def decorate(deed: Any) -> Any:
        @wraps(deed)
        def accounted(self: "Promise", **given: Any) -> None:
            deed(self, **given)
            self.account()

        return rule(**drawn)(accounted)

    return decorate


class Promise(RuleBasedStateMachine):
    """One company's life over one fake AWS."""

    fake: ClassVar[FakeAWS]
    tally: ClassVar[Counter[str]] = Counter()  # what was tried, and what the record says came of it

    def __init__(self) -> None:
        super().__init__()
        self.tally["examples"] += 1
        self.scene = Scene(self.fake)
        self.ledger = Ledger(self.scene)
        self.others = Others(self.scene, self.ledger)

    # People.

    @initialize(gifts=draws.GIFTS)
    def first_day(self, gifts: list[tuple[str, tuple[str, dict[str, Any]]]]) -> None:
        for who, wish in gifts:
            self.scene.give(who, *wish)

    @step(who=draws.WHO, wish=draws.WISHES)
    def give(self, who: str, wish: tuple[str, dict[str, Any]]) -> None:
        """Asked and decided at once; the same again while it lives extends it."""
        self.scene.give(who, *wish)

    @step(does=draws.VERBS, who=draws.WHO, wish=draws.WISHES, n=draws.SOME)
    def somebody(self, does: str, who: str, wish: tuple[str, dict[str, Any]], n: int) -> None:
        scene = self.scene
        {
            "asks": lambda: scene.ask(who, *wish),
            "decides": lambda: scene.decide_one(n),
            "ends": lambda: scene.end(n),
            "lets expire": lambda: scene.expire(n),
            "suspends or resumes": lambda: scene.suspend_or_resume(who),
            "leaves": scene.ben_leaves,
        }[does]()

    @step(n=draws.SOME)
    def retry(self, n: int) -> None:
        if (target := one_of(Target.objects.all(), n)) is not None:
            self.scene.retry(target)

    # Workers and time.

    @step(least=draws.PASSES)
    def work(self, least: int) -> None:
        self.scene.work(self.ledger.look, least=least)

    @step(
        first=draws.FIRST,
        trouble=draws.MAYBE_TROUBLE,
        how=draws.HOWS,
        n=draws.SOME,
        statement=draws.STATEMENTS,
    )
    def a_pass(
        self, first: str, trouble: dict[str, Any] | None, how: str, n: int, statement: int
    ) -> None:
        """Something is decided, AWS may be in trouble, and the pass that follows is disturbed."""
        self._deed(first, 0, n)()
        target = self._due(n)
        if trouble is not None:
            self.scene.in_the_way_of(target, trouble)
        if how == "dies":
            died = dying.pass_that_dies(target.pk, dying.nth(statement))
            self.tally["deaths"] += died
            note(f"    died: {died}")
        elif how == "nothing":
            reconcile.converge(target.pk)
        elif how == "twice at once":
            dying.elsewhere(*[lambda: reconcile.converge(target.pk)] * 2)
        else:
            dying.pass_with(target.pk, dying.free_nth(statement), self._deed(how, target.pk, n))

    @step(n=draws.SOME)
    def work_until_rest(self, n: int) -> None:
        self._due(n)
        self.scene.settle_once_through(self.ledger.look, hours=0.5)

    @step(seconds=draws.SECONDS)
    def time_passes(self, seconds: float) -> None:
        self.scene.jump(seconds)

    def _deed(self, name: str, target_id: int, n: int) -> Callable[[], None]:
        def another_pass() -> None:
            self.scene.jump(STALL)
            reconcile.converge(target_id)
            self.ledger.look()

        who = ("ana", "ben")[n % 2]
        return {
            "nothing": lambda: None,
            "end": lambda: self.scene.end(n, target_id),
            "give": lambda: self.scene.give(who, *draws.ALL_WISHES[n]),
            "suspend": lambda: self.scene.suspend_or_resume(who),
            "stall": lambda: self.scene.jump(STALL),
            "another pass": another_pass,
            "drift": lambda: self.others.drift(who, ("dissociate", "delete", "remove row")[n % 3]),
            "edit": lambda: self.others.edit_map(("append", "first", "comment")[n % 3]),
        }[name]

    # AWS.

    @step(trouble=draws.TROUBLES, times=draws.TIMES)
    def trouble(self, trouble: dict[str, Any], times: int) -> None:
        if "stale" in trouble:
            self.scene.lag()
        elif "well" in trouble:
            self._well()
        elif "service" in trouble:
            self.scene.fault(times=times, **trouble)
        else:
            self.scene.kube_fault(times=times, **trouble)

    def _well(self) -> None:
        self.scene.calm()
        self.ledger.hazy.clear()

    # Others.

    @step(who=draws.WHO, edit=draws.OTHERS)
    def others_edit(self, who: str, edit: tuple[str, str]) -> None:
        kind, what = edit
        if kind == "ours":
            self.others.drift(who, what)
        elif kind == "theirs":
            self.others.change_their_own(who, what)
        elif kind == "map":
            self.others.edit_map(what)
        elif (target := Target.objects.filter(kind="cluster_auth_map").first()) is not None:
            # Between a pass's reading and its conditional write.
            self.others.edit_under_a_write(what, lambda: reconcile.converge(target.pk))

    # What must be true.

    def account(self) -> None:
        """After each step: every difference has an author, and the rules hold."""
        self.tally["steps"] += 1
        for one in Target.objects.all():
            settled = f"{one.settled_generation}/{one.generation}"
            note(f"    {one.kind} {one.object[-6:]}: {settled} {one.phase} {one.outcome}")
        self.ledger.look()
        rules.check()

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self._converges()

    def _converges(self) -> None:
        """The world is well again: first without anybody's help, then with a person's."""
        self._well()
        self.scene.settle_once_through(self.ledger.look, hours=2)
        waiting = Target.objects.exclude(phase__in=rules.RESTING) | Target.objects.filter(
            phase=Phase.STUCK, outcome__in=WAITING
        )
        assert not waiting.exists(), list(waiting.values())
        held = Target.objects.filter(phase=Phase.HELD)
        assert self.ledger.rows_to_mend() or not held.exists(), list(held.values())
        self.others.mend()
        drift.bring_back(self.scene, self.ledger.look)
        self.scene.settle(self.ledger.look)
        unsettled = Target.objects.exclude(phase=Phase.SETTLED)
        assert not unsettled.exists(), list(unsettled.values())
        self.ledger.settle_up()
        rules.check()
        told = Event.objects.filter(Q(what__startswith="target.") | Q(what__startswith="grant."))
        self.tally.update(told.values_list("what", flat=True))

    def _due(self, n: int) -> Target:
        """A target that is due; something is decided or pressed first where none is."""
        due = Target.objects.filter(next_look_at__lte=Now())
        if not due.exists():
            self.scene.give(("ana", "ben")[n % 2], *draws.ALL_WISHES[n])
        if not due.exists():
            self.scene.end(n)
        if not due.exists():
            self.scene.retry(one_of(Target.objects.all(), n))
        return one_of(due, n)
