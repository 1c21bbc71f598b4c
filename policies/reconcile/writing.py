"""One difference, written: the plan committed first, each change's fate taken down after."""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from accounts import audit
from accounts.actors import Actor, system
from accounts.audit import What
from policies import clients
from policies.models import Key, Phase, Plan, Target
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, Step
from policies.providers import Part, Place, Provider
from policies.reconcile import memory
from policies.reconcile.lease import Lease, database_now

logger = logging.getLogger(__name__)

PASSING = {Kind.TRANSIENT, Kind.THROTTLED, Kind.CONFLICT}
LONGEST_BACKOFF_SECONDS = 300.0
REMOVAL_RETRY = timedelta(seconds=900)


@dataclass(frozen=True)
class Work:
    """Everything one pass knows when it writes."""

    lease: Lease
    provider: Provider
    place: Place
    reading: Reading
    parts: Sequence[Part]
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
        if error.lost:
            self.went(group, "lost")
            return True
        if error.kind in PASSING:
            return True
        self.went(group, "refused")
        self.refusals |= {change.key: error for change in group}
        return False


def write(work: Work, step: Step) -> None:
    """Commit the plan, make its changes, take their fate down."""
    plan = _intend(work, step)
    if plan is None:
        return
    _take_down(work, step, plan, _carry_out(work, step, plan))


@transaction.atomic
def _intend(work: Work, step: Step) -> Plan | None:
    """The plan, and its keys in doubt, on record before AWS is touched. None: lease lost."""
    target = work.target
    if not work.lease.update(phase=Phase.DUE, hurried_at=Now()):
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
                "memory": memory.snapshot(rows.get(change.key)),
            }
            for change in step.changes
        ],
    )
    for change in step.changes:
        earlier = rows.get(change.key)
        adopted = earlier is not None and earlier.origin == Key.Origin.ADOPTED
        Key.objects.update_or_create(
            target=target,
            key=change.key,
            defaults={
                "origin": Key.Origin.ADOPTED if adopted else Key.Origin.MADE,
                "text": change.after,
                "replaced": work.reading.state.get(change.key),
                "window_until": now + memory.window(target, removing=change.after is None),
                "doubt": True,
                "seen": False,
                "plan": plan,
                "at": now,
            },
        )
    audit.record(
        What.TARGET_PLANNED,
        by=_actor(plan),
        about=("target", target.pk),
        after={"plan": plan.ref, "generation": plan.generation, "changes": _told(plan.changes)},
    )
    return plan


def _carry_out(work: Work, step: Step, plan: Plan) -> Course:
    """Make the changes, group by group."""
    course = Course({change.key: "pending" for change in step.changes})
    try:
        writer = clients.writing(work.target.account, work.target.region, plan=plan.ref)
    except Outcome as error:
        course.failed(step.changes, error)
        return course
    for group in work.provider.writes(step.changes):
        if time.monotonic() > work.deadline or not work.lease.is_ours:
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
    for change in changes:
        key, fate = change["key"], change["fate"]
        if fate in {"refused", "pending"}:
            memory.restore(work.target, key, change["memory"])
            continue
        until = now + memory.window(work.target, removing=change["after"] is None)
        Key.objects.filter(target=work.target, key=key).update(
            doubt=fate == "lost", window_until=until
        )


def _progress(work: Work, step: Step, course: Course, now: datetime) -> dict[str, Any]:
    """What the target's row says after the write."""
    fates, stopped = course.fates, course.stopped
    values: dict[str, Any] = {"agreed_at": None, "agreed_digest": ""}
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
        values |= {"outcome": stopped.kind, "outcome_text": str(stopped)}
        values["refused"] = {**work.target.refused, **_refusals(step, course, now)}
    if "pending" in fates.values():
        values |= waiting(work.target, now) if stopped else {"next_look_at": now}
    elif not touched:
        values |= {"phase": Phase.DUE, "next_look_at": now}
    return values


def waiting(target: Target, now: datetime) -> dict[str, Any]:
    """Try again later: twice as long each time, at most five minutes, spread by chance."""
    longest = min(2.0**target.attempts, LONGEST_BACKOFF_SECONDS)
    seconds = longest * random.uniform(0.5, 1.0) * settings.PACE  # noqa: S311  (spread, not secrecy)
    return {
        "phase": Phase.WAITING,
        "attempts": target.attempts + 1,
        "next_look_at": now + timedelta(seconds=seconds),
    }


def _refusals(step: Step, course: Course, now: datetime) -> dict[str, dict[str, Any]]:
    """Keys AWS refused. Gives wait for a person; removals have a next time, for ever."""
    retry = (now + REMOVAL_RETRY * settings.PACE).isoformat()
    return {
        change.key: {
            "text": change.after,
            "kind": str(course.refusals[change.key].kind),
            "message": course.refusals[change.key].message,
            "retry_at": retry if change.after is None else None,
        }
        for change in step.changes
        if change.key in course.refusals
    }


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
