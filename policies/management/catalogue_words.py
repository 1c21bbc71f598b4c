"""What the catalogue commands say: the difference, what became of it, what was wrong."""

import json
from collections.abc import Iterable
from typing import Any

from policies.access.catalogue.apply import Plan, Result
from policies.access.catalogue.difference import Action, Change
from policies.access.catalogue.problems import BadCatalogue
from policies.access.catalogue.rules import Outcome, Status
from policies.access.catalogue.schema import SECTIONS

_SIGN = {Action.ADD: "+", Action.CHANGE: "~", Action.END: "-"}


def difference(plan: Plan) -> str:
    return "\n".join(line for change in plan.changes for line in _lines(change))


def _lines(change: Change) -> Iterable[str]:
    what = f" ({change.subject.replace('_', ' ')})" if change.entry.section.rule == "" else ""
    yield f"{_SIGN[change.action]} {change.title}{what if change.subject else ''}"
    for name, (before, after) in change.fields.items():
        if change.action is not Action.ADD:
            yield f"    {name}: {_shown(before)} → {_shown(after)}"
        elif name != change.entry.section.key:
            yield f"    {name}: {_shown(after)}"


def _shown(value: Any) -> str:
    return "–" if value in (None, "", []) else json.dumps(value, ensure_ascii=False)


def summary(name: str, plan: Plan, result: Result, *, dry_run: bool) -> str:
    """What became of every change, and what was not touched."""
    lines = [_headline(name, result, dry_run=dry_run)]
    for one in result.outcomes:
        if one.status is not Status.DONE:
            lines.append(f"  {one.change.title}: {_fate(one)}")
    if result.of(Status.PROPOSED, Status.WAITING, Status.UNCONFIRMED):
        lines.append("Another administrator decides what waits, in the portal.")
    if plan.left_alone:
        lines.append("In the database and not in the file, left alone: " + _rest(plan) + ".")
    return "\n".join(lines)


def _headline(name: str, result: Result, *, dry_run: bool) -> str:
    new = len(result.of(Status.DONE, Status.PROPOSED, Status.UNCONFIRMED))
    if not new:
        return f"Nothing to do: the database already says what {name} says."
    made = len(result.of(Status.DONE))
    verb = "would be made at once" if dry_run else "made"
    tail = " Dry run: nothing was changed." if dry_run else ""
    return f"{made} of {len(result.outcomes)} changes {verb}.{tail}"


def _fate(one: Outcome) -> str:
    return f"{one.status}: {one.note}" if one.note else str(one.status)


def _rest(plan: Plan) -> str:
    return "; ".join(
        f"{SECTIONS[name].name.replace('_', ' ')}: {_some(keys)}"
        for name, keys in plan.left_alone.items()
    )


def _some(keys: list[str], most: int = 5) -> str:
    more = f" and {len(keys) - most} more" if len(keys) > most else ""
    return ", ".join(keys[:most]) + more


def refusal(name: str, error: BadCatalogue) -> str:
    """Every problem on a line of its own, as compilers write them."""
    many = len(error.problems)
    head = f"{name} was refused; nothing was changed. {many} problem{'s' * (many > 1)}:"
    return "\n".join([head, *(one.say(name) for one in error.problems)])


def refusal_json(error: BadCatalogue) -> dict[str, Any]:
    problems = [
        {
            "line": one.mark.line,
            "column": one.mark.column,
            "what": one.what,
            "remedy": one.remedy,
        }
        for one in error.problems
    ]
    return {"ok": False, "problems": problems}


def result_json(plan: Plan, result: Result, *, dry_run: bool) -> dict[str, Any]:
    changes = [
        {
            "section": one.change.section,
            "key": one.change.key,
            "line": one.change.entry.mark.line,
            "action": str(one.change.action),
            "rule": one.change.subject or None,
            "status": one.status.name.lower(),
            "note": one.note,
            "fields": {
                name: {"before": pair[0], "after": pair[1]}
                for name, pair in one.change.fields.items()
            },
        }
        for one in result.outcomes
    ]
    return {"ok": True, "dry_run": dry_run, "changes": changes, "left_alone": plan.left_alone}
