"""The judge: what was decided against what AWS holds and what the portal says; plain values.

Nothing of the product is imported, and its word is only ever held against AWS, never believed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tests.chaos.ledger import Right, united
from tests.chaos.places import Place


class Fault(StrEnum):
    """`lost`: decided and not so, or ended and still so. `lied`: said, and not so in AWS."""

    LOST = "lost"
    DOUBLED = "doubled"
    FOREIGN = "foreign"
    LIED = "lied"


@dataclass(frozen=True)
class Finding:
    fault: Fault
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.fault} {self.where}: {self.text}"


@dataclass(frozen=True)
class Held:
    """One place as AWS holds it.

    `entries`: per identity, what each of its entries gives; more than one is a double.
    `foreign`: everything else by name, byte for byte. `twice`: doubles inside of one entry.
    """

    entries: Mapping[str, Sequence[frozenset[str]]]
    foreign: Mapping[str, str] = field(default_factory=dict)
    twice: Sequence[str] = ()


@dataclass(frozen=True)
class Said:
    """What the portal says of one grant: confirmed, gone, and how often it said so."""

    seen: bool = False
    gone: bool = False
    seen_events: int = 0
    gone_events: int = 0


@dataclass(frozen=True)
class Case:
    """Everything that is judged. `others`: per place, foreign things by name that must be there.

    `settled`: (target, generation) of every settled event; `reported`: whether each overwritten
    foreign text is told of in the record.
    """

    rights: Sequence[Right]
    held: Mapping[Place, Held]
    others: Mapping[Place, Mapping[str, str]]
    said: Mapping[str, Said]
    settled: Sequence[tuple[str, int]]
    reported: Mapping[str, bool]
    at: datetime


def judge(case: Case) -> list[Finding]:
    """Everything that is wrong; empty when all is well."""
    wanted = united(case.rights, case.at)
    found: list[Finding] = []
    for place, held in case.held.items():
        others = case.others.get(place, {})
        found += _place(place, wanted.get(place, {}), held, others)
        found += _others(place, held, others)
    for right in case.rights:
        found += _claims(right, case)
    for (target, generation), times in Counter(case.settled).items():
        if times > 1:
            text = f"generation {generation} was called settled {times} times"
            found.append(Finding(Fault.DOUBLED, f"target {target}", text))
    silent = [text for text, told in case.reported.items() if not told]
    found += [Finding(Fault.FOREIGN, text, "overwritten and not reported") for text in silent]
    return found


def _place(
    place: Place,
    wanted: Mapping[str, frozenset[str]],
    held: Held,
    others: Mapping[str, str],
) -> Iterable[Finding]:
    """Every identity has its union there, once, and nobody has more."""
    for arn in sorted(wanted.keys() | held.entries.keys()):
        entries, due = held.entries.get(arn, ()), wanted.get(arn)
        has = frozenset[str]().union(*entries)
        if due is not None and (not entries or due - has):
            yield Finding(Fault.LOST, place.object, f"{arn} has not {sorted(due - has)}")
        if entries and due is None and arn not in others:
            yield Finding(Fault.LOST, place.object, f"{arn} still has {sorted(has)}")
        if due is not None and has - due:
            yield Finding(Fault.LOST, place.object, f"{arn} still has {sorted(has - due)}")
        if len(entries) > 1:
            yield Finding(Fault.DOUBLED, place.object, f"{arn} has {len(entries)} entries")
    for text in held.twice:
        yield Finding(Fault.DOUBLED, place.object, text)


def _others(place: Place, held: Held, others: Mapping[str, str]) -> Iterable[Finding]:
    for name in sorted(held.foreign.keys() | others.keys()):
        there, due = held.foreign.get(name), others.get(name)
        if there == due:
            continue
        what = "is gone" if there is None else "came back" if due is None else "was changed"
        yield Finding(Fault.FOREIGN, place.object, f"{name} {what}: {there!r} for {due!r}")


def _claims(right: Right, case: Case) -> Iterable[Finding]:
    said = case.said.get(right.ref)
    where = f"grant {right.ref}"
    if said is None:
        yield Finding(Fault.LOST, where, "the portal does not know it")
        return
    for what, times in (("seen", said.seen_events), ("gone", said.gone_events)):
        if times > 1:
            yield Finding(Fault.DOUBLED, where, f"called {what} {times} times")
    if right.lives(case.at):
        if not said.seen or not said.seen_events:
            yield Finding(Fault.LOST, where, "decided, and never called seen")
        if said.gone or said.gone_events:
            yield Finding(Fault.LIED, where, "called gone, and it was never ended")
        if said.seen and not _given(right, case.held.get(right.place)):
            yield Finding(Fault.LIED, where, "called seen, and AWS does not hold it")
    elif not said.gone or not said.gone_events:
        yield Finding(Fault.LOST, where, f"over ({right.how}), and never called gone")


def _given(right: Right, held: Held | None) -> bool:
    entries = held.entries.get(right.holder.arn, ()) if held else ()
    return bool(entries) and right.what <= frozenset[str]().union(*entries)
