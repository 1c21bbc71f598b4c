"""What a file would change: compared entry by entry with the database, changing nothing.

Facts and rules of one entry are two changes, because rules may have to wait for a second
person. What is in the database and not in the file is nobody's change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from accounts.models import PortalRole
from policies.access.catalogue.document import Document, Entry
from policies.access.catalogue.schema import SECTIONS
from policies.access.catalogue.shapes import Values
from policies.access.catalogue.state import State


class Action(StrEnum):
    ADD = "add"
    CHANGE = "change"
    END = "end"


@dataclass(frozen=True)
class Change:
    """One entry's facts, or one of its rules (`subject`: which), before and after."""

    entry: Entry
    action: Action
    before: Values
    after: Values
    subject: str = ""

    @property
    def section(self) -> str:
        return self.entry.section.name

    @property
    def key(self) -> str:
        return self.entry.key

    @property
    def title(self) -> str:
        return f"{self.entry.section.one} {self.key}"

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """What differs: name → (before, after). Of something new, what it has."""
        return {
            name: (self.before.get(name), after)
            for name, after in self.after.items()
            if self.before.get(name) != after and not (self.action is Action.ADD and not after)
        }


def compare(document: Document, state: State) -> list[Change]:
    """The changes in the order in which they are applied, portal roles last.

    Administrators come at the very end: as soon as two exist, rules need a second person.
    """
    changes = [change for entry in document for change in _of(entry, document, state)]
    return sorted(changes, key=_order)


def before_of(entry: Entry, state: State) -> Values | None:
    """What the database holds of this entry. A person is known by address, else by number."""
    known = state[entry.section.name]
    number = entry.values.get("employee_number")
    if entry.key in known or entry.section.name != "people" or number is None:
        return known.get(entry.key)
    return state.people_by_number.get(str(number))


def whole(entry: Entry, document: Document, state: State) -> Values:
    """The entry as it would be: defaults, then what the database has, then what is written."""
    before = before_of(entry, state) or {}
    return {**_defaults(entry, document, state), **before, **entry.values}


def left_alone(document: Document, state: State) -> dict[str, list[str]]:
    """Section → keys that the database has and the file does not name."""
    found = {}
    for name, known in state.items():
        named = {
            (before_of(entry, state) or entry.values)[entry.section.key]
            for entry in document.section(name).values()
        }
        rest = [key for key in known if key not in named]
        if rest:
            found[name] = rest
    return found


def _order(change: Change) -> tuple[int, int, bool]:
    stages = ["", "approval_policy", "account_roles", "entitlement", "bundle", "portal_role"]
    names = list(SECTIONS)
    administrator = PortalRole.Role.ADMINISTRATOR in change.after.get("portal_roles", ())
    return stages.index(change.subject), names.index(change.section), administrator


def _of(entry: Entry, document: Document, state: State) -> Iterator[Change]:
    before = before_of(entry, state)
    if entry.is_ended:
        if before is not None:
            yield Change(entry, Action.END, before, {"ended": True}, entry.section.rule)
        return
    after = whole(entry, document, state)
    subjects = {one.rule for one in entry.section.record.fields if one.rule}
    for subject in ("", *sorted(subjects)):
        fields = [one.name for one in entry.section.record.fields if one.rule == subject]
        old = {name: before[name] for name in fields} if before else {}
        new = {name: after[name] for name in fields}
        action = Action.CHANGE if before else Action.ADD
        is_empty = subject and not before and not any(new.values())
        if old != new and not is_empty:
            yield Change(entry, action, old, new, subject or entry.section.rule)


def _defaults(entry: Entry, document: Document, state: State) -> Values:
    """What a new entry has where it says nothing. A region is its account's."""
    values = {one.name: one.default for one in entry.section.record.fields}
    if "region" in values:
        number = str(entry.values.get("account"))
        account = document.section("accounts").get(number)
        home = account.values if account else state["accounts"].get(number, {})
        values["region"] = home.get("region")
    return values
