"""One difference, written: the plan committed first, each change's fate taken down after."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts import audit, context
from accounts.actors import Actor, system
from accounts.audit import What
from policies import clients
from policies.models import Key, Phase, Plan, Target
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, Step
from policies.providers import Part, Place, Provider
from policies.reconcile import drift, memory, retries
from policies.reconcile.lease import Lease, database_now
from policies.reconcile.wishes import Wish

logger = logging.getLogger(__name__)

PASSING = {Kind.TRANSIENT, Kind.THROTTLED, Kind.CONFLICT}


@dataclass(frozen=True)
class Work:
    """Everything one pass knows when it writes."""

    lease: Lease
    provider: Provider
    place: Place
    reading: Reading
    parts: Sequence[Part]
    wish: Wish
    deadline: float

    @property
    def target(self) -> Target:
        return self.lease.target


@dataclass
class Course:
    """How a plan went: each key's fate, the refusals by key, AWS's request ids, what stopped us.

    Fates: written, refused (AWS's last word on it), lost, pending (not tried, or try again).
    """

    fates: dict[str, str]
    refusals: dict[str, Outcome] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    stopped: Outcome | None = None

    def went(self, group: Sequence[Change], fate: str) -> None:
        self.fates.update({change.key: fate for change in group})

    def failed(self, group: Sequence[Change], error: Outcome) -> bool:
        """Take a failure down. True: go no further in this pass."""
        self.stopped = error
        if error.each:
            self.went(group, "written")
            self.went([change for change in group if change.key in error.each], "refused")
            self.refusals |= error.each
            return False
        if error.lost:
            self.went(group, "lost")
            return True
        if error.kind in PASSING:
            return True
        self.went(group, "refused")
        self.refusals |= {change.key: error for change in group}
        return False

    def ran_out(self) -> None:
        """The time was over. When it was before the first write, somebody should know why."""
        if set(self.fates.values()) == {"pending"}:
            text = "AWS answered so slowly that reading left no time to write."
            self.stopped = Outcome(Kind.TRANSIENT, text)


def write(work: Work, step: Step) -> None:
    """Commit the plan, make its changes, take their fate down."""
    plan = _intend(work, step)
    if plan is None:
        return
    with context.bound(plan=plan.ref):
        logger.info("changes to make: %d", len(step.changes))
        _take_down(work, step, plan, _carry_out(work, step, plan))


@transaction.atomic
def _intend(work: Work, step: Step) -> Plan | None:
    """The plan, and its keys in doubt, on record before AWS is touched. None: lease lost."""
    target = work.target
    if not work.lease.update(phase=Phase.DUE, hurried_at=Now(), pending=[], released_digest=""):
        return None
    memory.note(target, step)
    now = database_now()
    rows = {row.key: row for row in target.keys.filter(key__in=[c.key for c in step.changes])}
    plan = Plan.objects.create(
        target=target,
        generation=target.generation,
        correlation=system().correlation,
        changes=[
            {
                "key": change.key,
                "before": change.before,
                "after": change.after,
                "say": str(work.provider.say(work.place, change)),
                "fate": "planned",
                "original": work.reading.originals.get(change.key),
                "memory": memory.snapshot(rows.get(change.key)),
            }
            for change in step.changes
        ],
    )
    memory.keep([_intended(work, plan, one, rows, now) for one in step.changes], "plan", "at")
    drift.written_over(target, step, plan, work.wish.wanted)
    audit.record(
        What.TARGET_PLANNED,
        by=_actor(plan),
        about=("target", target.pk),
        after={"plan": plan.ref, "generation": plan.generation, "changes": _told(plan.changes)},
    )
    return plan


def _intended(
    work: Work, plan: Plan, change: Change, known: Mapping[str, Key], now: datetime
) -> Key:
    """The key as it is once the change is written, which is in doubt until it was."""
    earlier = known.get(change.key)
    adopted = earlier is not None and earlier.origin == Key.Origin.ADOPTED
    return Key(
        target=work.target,
        key=change.key,
        origin=Key.Origin.ADOPTED if adopted else Key.Origin.MADE,
        text=change.after,
        replaced=work.reading.originals.get(change.key, work.reading.state.get(change.key)),
        window_until=now + memory.window(work.target, removing=change.after is None),
        doubt=True,
        plan=plan,
        at=now,
    )


def _carry_out(work: Work, step: Step, plan: Plan) -> Course:
    """Make the changes, group by group."""
    course = Course({change.key: "pending" for change in step.changes})
    if work.reading.missing:
        return _nowhere(step, work.reading.missing, course)
    try:
        writer = clients.writing(
            work.target.account,
            work.target.region,
            plan=plan.ref,
            until=work.deadline,
            allowed=lambda: work.lease.is_ours,
        )
    except Outcome as error:
        course.failed(step.changes, error)
        return course
    for group in work.provider.writes(_with_originals(plan, step)):
        if time.monotonic() > work.deadline:
            course.ran_out()
            break
        if not work.lease.is_ours:
            break
        try:
            work.provider.apply(writer, work.place, work.reading, group, work.parts)
        except Outcome as error:
            if course.failed(group, error):
                break
        else:
            course.went(group, "written")
    course.journal = writer.journal
    return course


def _with_originals(plan: Plan, step: Step) -> list[Change]:
    """The changes, each with the bytes that its key's last change replaced."""
    kept = {one["key"]: (one["memory"] or {}).get("replaced") or "" for one in plan.changes}
    return [replace(change, original=kept[change.key]) for change in step.changes]


def _nowhere(step: Step, words: str, course: Course) -> Course:
    """Into a target that does not exist nothing is written; what goes from it, the looks tell.

    A removal is asked for here only while our own write is young and the reading perhaps stale:
    it stays pending until the window has passed.
    """
    course.failed(
        [change for change in step.changes if change.after is not None],
        Outcome(Kind.MISSING, words),
    )
    return course


@transaction.atomic
def _take_down(work: Work, step: Step, plan: Plan, course: Course) -> None:
    """The fate of every change. With the lease lost, only the plan's own row is touched:
    its keys stay in doubt, which is the truth for whoever has the lease now."""
    now = database_now()
    changes = [{**change, "fate": course.fates[change["key"]]} for change in plan.changes]
    Plan.objects.filter(pk=plan.pk).update(
        changes=changes,
        outcome=_outcome(course.fates),
        error=str(course.stopped or ""),
        aws=course.journal,
        finished_at=now,
    )
    _record(work, plan, changes, course)
    if not work.lease.update_unless_raised(**_progress(work, step, course, now)):
        return
    left = [one for one in changes if one["fate"] in {"refused", "pending"}]
    memory.restore(work.target, {one["key"]: one["memory"] for one in left})
    _open_windows(work.target, [one for one in changes if one["fate"] in {"written", "lost"}], now)


def _open_windows(target: Target, touched: Sequence[dict[str, Any]], now: datetime) -> None:
    """From now on our text counts for these keys; those whose answer was lost stay in doubt."""
    groups: dict[tuple[bool, bool], list[str]] = {}
    for one in touched:
        groups.setdefault((one["fate"] == "lost", one["after"] is None), []).append(one["key"])
    for (lost, removing), keys in groups.items():
        until = now + memory.window(target, removing=removing)
        target.keys.filter(key__in=keys).update(doubt=lost, window_until=until)


def _progress(work: Work, step: Step, course: Course, now: datetime) -> dict[str, Any]:
    """What the target's row says after the write."""
    fates, stopped = course.fates, course.stopped
    values: dict[str, Any] = {"agreed_at": None, "agreed_digest": ""}
    values["refused"] = {
        key: refusal
        for key, refusal in work.target.refused.items()
        if fates.get(key) not in {"written", "lost"}
    } | retries.refusals(
        work.target, step.changes, course.refusals, now, ending=work.wish.memory.ending
    )
    touched = [key for key, fate in fates.items() if fate in {"written", "lost"}]
    if touched:
        # A try that AWS did not take (throttled, conflict) is no round: it proves nothing.
        values["round"] = step.round
        removing = all(change.after is None for change in step.changes if change.key in touched)
        values |= {
            "phase": Phase.VERIFYING,
            "written_at": now,
            "looks": 0,
            "window_until": now + memory.window(work.target, removing=removing),
            "next_look_at": now,
        }
    if all(fate == "written" for fate in fates.values()):
        values |= {
            "applied_generation": work.target.generation,
            "attempts": 0,
            "outcome": "",
            "outcome_text": "",
        }
        return values
    if stopped is not None:
        values |= {"outcome": stopped.kind, "outcome_text": stopped.message}
    if "pending" in fates.values():
        fresh = "written" in fates.values()
        values |= (
            retries.waiting(work.target, now, stopped, fresh=fresh)
            if stopped
            else {"next_look_at": now}
        )
    elif not touched:
        values |= {"phase": Phase.DUE, "next_look_at": now}
    return values


def _outcome(fates: dict[str, str]) -> str:
    kinds = set(fates.values())
    if kinds == {"written"}:
        return Plan.Outcome.APPLIED
    if "lost" in kinds:
        return Plan.Outcome.LOST
    return Plan.Outcome.PARTIAL if "written" in kinds else Plan.Outcome.REFUSED


def _record(work: Work, plan: Plan, changes: list[dict[str, Any]], course: Course) -> None:
    fates = {change["fate"] for change in changes}
    what = What.TARGET_WRITTEN if fates == {"written"} else What.TARGET_WRITE_REFUSED
    if "lost" in fates:
        what = What.TARGET_WRITE_LOST
    audit.record(
        what,
        by=_actor(plan),
        about=("target", work.target.pk),
        after={
            "plan": plan.ref,
            "changes": _told(changes),
            "outcome": str(course.stopped.kind) if course.stopped else "",
        },
        aws=course.journal,
        why=str(course.stopped or ""),
    )


def _told(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in ("key", "before", "after", "fate")} for one in changes]


def _actor(plan: Plan) -> Actor:
    return system(correlation=plan.correlation)
