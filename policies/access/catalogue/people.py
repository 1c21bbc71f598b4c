"""Facts about people from a catalogue file, through the same verbs as everybody else's."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Protocol

from accounts import people
from accounts.actors import Actor
from accounts.models import Person, PersonState
from accounts.people import BadFact
from policies.access.catalogue.difference import Action, Change
from policies.access.catalogue.problems import Problem
from policies.access.catalogue.shapes import Values

_FACTS = ("name", "email", "department", "job", "contract_ends_on", "manager")


class Lives(Protocol):
    """What a fact means for access: `policies.lifecycle`, which stands above this room."""

    def move(self, person: Person, *, by: Actor, now: datetime, **changes: Any) -> Person: ...

    def suspend(self, person: Person, *, by: Actor, now: datetime) -> Person: ...

    def leave(self, person: Person, *, by: Actor, now: datetime) -> object: ...


def find(email: str | None) -> Person | None:
    return Person.objects.get_queryset().filter(email=email).first() if email else None


def get(email: str) -> Person:
    """Somebody whom the checks have found to exist."""
    return Person.objects.get_queryset().get(email=email)


def put(changes: Iterable[Change], *, by: Actor, now: datetime, lives: Lives) -> list[Problem]:
    """Carry the changes out, managers before their reports; the problems met on the way."""
    problems = []
    for change in _managers_first(list(changes)):
        try:
            if change.action is Action.ADD:
                _join(change.after, by=by, now=now, lives=lives)
            else:
                _move(change, by=by, now=now, lives=lives)
        except BadFact as error:
            remedy = "Correct it, or leave it as it was."
            problems.append(change.entry.wrong(error.field, error.message, remedy))
    return problems


def _managers_first(changes: list[Change]) -> list[Change]:
    """So that every manager named exists already, and no chain ever turns in a circle."""
    managers = {change.key: change.after["manager"] for change in changes}

    def depth(change: Change) -> int:
        above, steps = managers[change.key], 0
        while above in managers and steps < len(managers):
            steps, above = steps + 1, None if above == managers[above] else managers[above]
        return steps

    return sorted(changes, key=depth)


def _join(one: Values, *, by: Actor, now: datetime, lives: Lives) -> None:
    is_own_manager = one["manager"] == one["email"]
    person = people.join(
        by=by,
        email=one["email"],
        name=one["name"],
        employee_number=one["employee_number"],
        manager=None if is_own_manager else find(one["manager"]),
        department=one["department"],
        job=one["job"],
        contract_ends_on=_day(one["contract_ends_on"]),
        state=one["state"],
    )
    if is_own_manager:
        lives.move(person, by=by, now=now, manager=person)


def _move(change: Change, *, by: Actor, now: datetime, lives: Lives) -> None:
    person = get(change.before["email"])
    wanted = {name: after for name, (_before, after) in change.fields.items() if name in _FACTS}
    if "manager" in wanted:
        wanted["manager"] = person if wanted["manager"] == change.key else find(wanted["manager"])
    if "contract_ends_on" in wanted:
        wanted["contract_ends_on"] = _day(wanted["contract_ends_on"])
    if wanted:
        person = lives.move(person, by=by, now=now, **wanted)
    if "state" in change.fields:
        _state(person, change.after["state"], by=by, now=now, lives=lives)


def _state(person: Person, state: str, *, by: Actor, now: datetime, lives: Lives) -> None:
    if state == PersonState.LEFT:
        lives.leave(person, by=by, now=now)
    elif state == PersonState.SUSPENDED:
        lives.suspend(person, by=by, now=now)
    else:
        people.resume(person, by=by)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
