"""Where access stands, in page words. Built from what was seen in AWS and from nothing else.

“Confirmed in AWS” is said only when every delivery was seen, “gone” only when every
delivery was seen gone; everything before that is “being applied” or “ending”.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import Person
from policies.access import remaining
from policies.kinds import Remaining
from policies.models import Delivery, Grant, Phase, Target
from policies.outcomes import ADVICE, EXTERNAL, Advice, Kind


@dataclass(frozen=True)
class Mark:
    """An adjective with a tone; `at` is when it became so, `moving` asks the page to look again."""

    word: str
    tone: str  # quiet, good, busy, wait or bad: never the only carrier of the meaning
    at: datetime | None = None
    moving: bool = False


@dataclass(frozen=True)
class Place:
    """One delivery of a grant: where in AWS, how it stands, what is in the way."""

    kind: str
    name: str
    account: str
    mark: Mark
    note: str = ""
    advice: Advice | None = None
    next_at: datetime | None = None  # when a worker tries again by itself
    said: str = ""  # AWS's own words; they may name other people, so administrators alone

    @property
    def waits(self) -> bool:
        """Whether nothing happens here before a person has acted."""
        return self.advice is not None and self.next_at is None


@dataclass(frozen=True)
class Access:
    """One grant as its page shows it."""

    grant: Grant
    mark: Mark
    places: Sequence[Place]
    cuts: Sequence[Place] = ()
    remains: Sequence[Remaining] = ()

    @property
    def advice(self) -> Advice | None:
        return next((one.advice for one in self.places if one.advice), None)

    @property
    def next_at(self) -> datetime | None:
        return next((one.next_at for one in self.places if one.advice), None)

    @property
    def is_over(self) -> bool:
        return self.grant.released_at is not None

    @property
    def is_incomplete(self) -> bool:
        grant = self.grant
        told = grant.incomplete_at is not None
        return told and grant.seen_at is None and grant.ended_at is None

    @property
    def can_end(self) -> bool:
        return self.grant.ended_at is None


def with_deliveries(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """Everything `access` reads, in a number of queries that does not grow with the rows."""
    return grants.select_related(
        "entitlement", "principal", "person", "item__request"
    ).prefetch_related("deliveries__target", "deliveries__needed_by")


def access(grant: Grant, *, reader: Person, now: datetime) -> Access:
    """The grant in page words, for `reader`."""
    return accesses([grant], reader=reader, now=now)[0]


def _access(grant: Grant, full: bool, now: datetime) -> Access:
    gives, cut = _gives(grant), [one for one in grant.deliveries.all() if _is_cut(one)]
    # Many statements of one policy stand alike: one line says so for all of them.
    places = list(dict.fromkeys(_place(one, grant, now, full) for one in gives))
    return Access(
        grant,
        _mark(grant, places, now),
        places,
        [_cut(one, now, full) for one in cut],
        remaining.of(grant, now=now),
    )


def accesses(grants: Iterable[Grant], *, reader: Person, now: datetime) -> list[Access]:
    full = reader.is_administrator or reader.is_auditor
    return [_access(grant, full, now) for grant in grants]


def _mark(grant: Grant, places: Sequence[Place], now: datetime) -> Mark:
    if grant.released_at is not None:
        return _over(grant)
    troubled = next((one.mark for one in places if one.advice), None)
    if grant.ended_at is not None or _is_past(grant, now):
        since = grant.ended_at or grant.ends_at
        if troubled is not None:
            return Mark(_("should be gone since"), "bad", since, moving=troubled.moving)
        return Mark(_("ending"), "busy", since, moving=True)
    if grant.starts_at > now:
        return Mark(_("approved, starts"), "quiet", grant.starts_at)
    if grant.seen_at is not None and _all_seen(grant):
        return Mark(_("confirmed in AWS"), "good", grant.seen_at)
    if troubled is not None:
        return troubled
    return Mark(_("being applied"), "busy", moving=True)


def _over(grant: Grant) -> Mark:
    releases = {one.release for one in _gives(grant)}
    if releases <= {Delivery.Release.GONE}:
        return Mark(_("gone from AWS"), "quiet", grant.released_at)
    return Mark(_("ended, but still in AWS"), "wait", grant.released_at)


def _is_past(grant: Grant, now: datetime) -> bool:
    return grant.ends_at is not None and grant.ends_at <= now


def _all_seen(grant: Grant) -> bool:
    return all(one.state == Delivery.State.SEEN for one in _gives(grant))


def _is_cut(delivery: Delivery) -> bool:
    return delivery.purpose == Delivery.Purpose.CUT


def _gives(grant: Grant) -> list[Delivery]:
    """What gives the access; not what moved to another place while it lived, and is gone there."""
    return [one for one in grant.deliveries.all() if not (_is_cut(one) or one.has_moved)]


def _cut(delivery: Delivery, now: datetime, full: bool) -> Place:
    """One cut: being applied, in force until a time, or over and taken away again."""
    target = delivery.target
    advice: Advice | None = None
    if delivery.state == Delivery.State.RELEASED:
        mark = Mark(_("over, taken away again"), "quiet", delivery.released_at)
    elif delivery.is_over(now):
        mark, advice = _underway(target, ending=True)
    elif delivery.state == Delivery.State.SEEN:
        mark = Mark(_("in force until"), "good", delivery.wanted_until)
    else:
        mark, advice = _underway(target, ending=False)
    return Place(
        kind=target.get_kind_display(),
        name=target.object.rsplit("/", 1)[-1],
        account=target.account,
        mark=mark,
        advice=advice,
        said=target.outcome_text if full and advice else "",
    )


def _place(delivery: Delivery, grant: Grant, now: datetime, full: bool) -> Place:
    target = delivery.target
    mark, advice = _delivery_mark(delivery, grant, now)
    return Place(
        kind=target.get_kind_display(),
        name=target.object.rsplit("/", 1)[-1],
        account=target.account,
        mark=mark,
        note=_note(delivery),
        advice=advice,
        next_at=target.next_look_at if advice else None,
        said=target.outcome_text if full and advice else "",
    )


def _delivery_mark(delivery: Delivery, grant: Grant, now: datetime) -> tuple[Mark, Advice | None]:
    ending = grant.ended_at is not None or _is_past(grant, now)
    if delivery.state == Delivery.State.RELEASED:
        return _released(delivery), None
    if delivery.state == Delivery.State.SEEN and not ending:
        return Mark(_("confirmed in AWS"), "good", delivery.seen_at), None
    if grant.starts_at > now and not ending:
        return Mark(_("not begun"), "quiet"), None
    return _underway(delivery.target, ending)


def _released(delivery: Delivery) -> Mark:
    if delivery.release == Delivery.Release.GONE:
        return Mark(_("gone from AWS"), "quiet", delivery.released_at)
    return Mark(_("still in AWS"), "wait", delivery.released_at)


def _underway(target: Target, ending: bool) -> tuple[Mark, Advice | None]:
    """A delivery that is not where it should be yet: what the target is at."""
    if target.phase == Phase.STUCK:
        return Mark(_("stuck"), "bad", target.unsettled_since), _advice(target)
    if target.phase == Phase.HELD and target.outcome == "external":
        word = _("waits for those who manage the place")
        return Mark(word, "wait", target.unsettled_since), _advice(target)
    if target.phase == Phase.HELD:
        return Mark(_("paused for safety"), "wait", target.unsettled_since), _advice(target)
    if target.phase == Phase.WAITING:
        mark = Mark(_("trying again"), "wait", target.next_look_at, moving=True)
        return mark, _advice(target)
    if target.phase == Phase.VERIFYING:
        return Mark(_("written, not confirmed yet"), "busy", moving=True), None
    word = _("ending") if ending else _("being applied")
    return Mark(word, "busy", moving=True), None


def _advice(target: Target) -> Advice:
    """What the target's outcome means; a phase without outcome waits for a person."""
    if target.outcome == "external":
        return EXTERNAL
    known = target.outcome in Kind._value2member_map_
    return ADVICE[Kind(target.outcome) if known else Kind.PERMANENT]


def _note(delivery: Delivery) -> str:
    if delivery.release == Delivery.Release.NEEDED:
        needed = delivery.needed_by
        if needed is None:
            return _("Still there because other access needs it.")
        return _("Still there because access %s needs it.") % needed.ref
    if delivery.release == Delivery.Release.FOUND:
        return _("It was there before Gatehouse; we left it in place.")
    return ""
