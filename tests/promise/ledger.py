"""The account that is kept of AWS beside the product: who changed what, and what must follow.

`look` is called after every pass and around every edit of others, so that each difference
between two true states has one author. Ours must stand in the record; others' must survive.
"""

import json
from typing import Any

from accounts.models import Event
from policies.models import Delivery, Key, Plan
from tests.promise import oracle, truth
from tests.promise.scene import Scene
from tests.promise.truth import MAP, POLICY

ENDS = ("target.written", "target.write_refused", "target.write_lost")
EITHER = "either"  # theirs or ours: nobody can tell, and both are right


class Ledger:
    """`others` are keys that only others ever touch; `theirs` ours to touch but put by others."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.now = truth.read(scene.fake)
        self.last_event = 0
        self.ours = {
            oracle.key(kind, role.arn, scene.installation): (kind, name)
            for name, role in scene.roles.items()
            for kind in ("portfolio", "execution_roles", "aws_auth")
        }
        self.others = {k: v for k, v in self.now.held.items() if k not in self.ours}
        self.auth = dict(self.now.auth)
        self.theirs: dict[truth.Key, Any] = {}
        self.plans: dict[str, set[tuple[truth.Key, Any]]] = {}
        self.altered: set[truth.Key] = set()  # ours, edited in place by others
        self.hazy: set[truth.Key] = set()
        self.texts: dict[truth.Key, set[str | None]] = {key: {None} for key in self.ours}

    # What others do.

    def edited(self) -> None:
        """Others have just edited AWS: take down what stands there now as their doing."""
        before, self.now = self.now, truth.read(self.scene.fake)
        for key, (old, new) in before.changed(self.now).items():
            if key not in self.ours:
                self.others.pop(key, None)
                self.others |= {} if new is None else {key: new}
                continue
            self.texts[key].add(new)
            self.altered.discard(key)
            if new is not None and old is not None and not self.theirs.get(key):
                self.altered.add(key)
            self.theirs[key] = self._whose(key, old, new)
            if self.scene.stale:
                self.hazy.add(key)
        self.auth = {name: truth.others_bytes(text) for name, text in self.now.auth.items()}

    def _whose(self, key: truth.Key, old: Any, new: Any) -> Any:
        """Put by others, unless it stood there as ours; where we wrote before, who can tell."""
        if new is None or (old is not None and not self.theirs.get(key)):
            return None
        met = Key.objects.filter(target__kind=key[0], target__object=key[1], key=key[2])
        return EITHER if self.scene.stale or met.exclude(origin="found").exists() else new

    # What we did.

    def look(self) -> None:
        """Account for everything since the last look as ours."""
        before, self.now = self.now, truth.read(self.scene.fake)
        events = list(Event.objects.filter(pk__gt=self.last_event).order_by("pk"))
        self.last_event = max([self.last_event, *(one.pk for one in events)])
        self._take_plans(events)
        planned = {pair for plan in self.plans.values() for pair in plan}
        for key, (old, new) in before.changed(self.now).items():
            assert key in self.ours, f"ours to leave alone, but changed: {key}: {old} → {new}"
            assert (key, new) in planned, f"not in the record: {key}: {old} → {new}"
            assert self.theirs.get(key) in {None, EITHER}, f"was others': {key}: {old} → {new}"
            self.theirs[key] = None
            self.altered.discard(key)
            self.texts[key].add(new)
        self._others_are_whole()
        for event in events:
            self._said(event)
            if event.what in ENDS:
                self.plans.pop(event.after["plan"], None)

    def _take_plans(self, events: list[Event]) -> None:
        """Plans on record, until told how they ended; each says truly what it replaces."""
        for event in events:
            if event.what != "target.planned":
                continue
            plan = Plan.objects.select_related("target").get(ref=event.after["plan"])
            meant = self.plans.setdefault(plan.ref, set())
            for change in event.after["changes"]:
                key = (plan.target.kind, plan.target.object, change["key"])
                assert key in self.ours, f"a plan for what is not ours: {key}"
                before, after = (truth.same_text(change[name]) for name in ("before", "after"))
                assert before in self.texts[key], f"never stood there: {key}: {before}"
                self.texts[key].add(after)
                meant.add((key, after))

    def _others_are_whole(self) -> None:
        held = {key: text for key, text in self.now.held.items() if key not in self.ours}
        assert held == self.others
        auth = {name: truth.others_bytes(text) for name, text in self.now.auth.items()}
        assert auth == self.auth

    def _said(self, event: Event) -> None:
        """What was just called seen or gone is so, unless others changed it within the lag."""
        if event.what not in {"grant.seen", "grant.gone"}:
            return
        rows = Delivery.objects.filter(grant__ref=event.object_id)
        for one in rows.select_related("grant__entitlement", "grant__principal"):
            key = oracle.key_of(one.grant, self.scene.installation)
            if key in self.hazy:
                continue
            given = oracle.gives(self.now, one, self.scene.installation)
            if event.what == "grant.seen":
                assert given, f"called seen, but is not there: {one.part}"
            elif one.release == Delivery.Release.GONE:
                assert not given, f"called gone, but is there: {one.part}"
            elif one.release == Delivery.Release.NEEDED:
                assert given, f"called needed by others, but is not there: {one.part}"
            else:
                assert self.theirs.get(key), f"called others', but is ours: {one.part}"

    # What has to be in the end.

    def settle_up(self) -> None:
        """AWS is the union of the living grants and everything of others; the record is whole."""
        living = self.scene.living()
        wanted = oracle.wanted(living, self.scene.installation)
        for key in self.ours:
            self._one(key, wanted.get(key))
        self._others_are_whole()
        for one in Delivery.objects.select_related("grant"):
            state = "seen" if one.grant in living else "released"
            assert one.state == state, f"{one.part} of {one.grant.ref} is {one.state}"
        assert not Plan.objects.filter(finished_at__isnull=True).exists()
        for plan in Plan.objects.all():
            self._ended_once(plan.ref)

    def _ended_once(self, ref: str) -> None:
        """A worker that was taken for dead may still say afterwards how its plan went."""
        told = list(Event.objects.filter(what__in=ENDS, after__plan=ref).order_by("pk"))
        late = len(told) == 2 and told[0].after.get("why") == "the pass died"
        assert len(told) == 1 or late, f"plan {ref} ended {len(told)} times"

    def _one(self, key: truth.Key, wanted: Any) -> None:
        held = self.now.held.get(key)
        if wanted is not None and key[0] == POLICY:
            assert held is not None, f"should be there: {key}"
            assert oracle.atoms(json.loads(held)) == wanted, key
        elif wanted is not None:
            assert held == wanted, key
        elif self.theirs.get(key) != EITHER:
            assert held == self.theirs.get(key), f"{key}: {held}"

    def rows_to_mend(self) -> list[str]:
        """Rows of aws-auth that only a person may change: edited by others, wanted otherwise."""
        wanted = oracle.wanted(self.scene.living(), self.scene.installation)
        return [
            key[2]
            for key in self.now.held
            if key[0] == MAP and (key in self.altered or (key in wanted and self.theirs.get(key)))
        ]
