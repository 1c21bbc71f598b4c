"""Deliveries: what living grants want of a target, and what two agreeing looks prove of each."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts import audit
from accounts.actors import system
from accounts.audit import Fact, What
from accounts.notices import tell_all
from policies.models import Delivery, Grant, Seen, Target, wake
from policies.plan import Reading, State, digest
from policies.providers import Part, Place, Provider

BATCH = 500  # rows in one statement
# Of a grant and its principal only what a pass asks: there may be a thousand of them.
READ = (
    *(field.attname for field in Delivery._meta.concrete_fields),
    "grant__ref",
    "grant__person_id",
    "grant__principal_unique_id",
    "grant__starts_at",
    "grant__ends_at",
    "grant__started_at",
    "grant__ended_at",
    "grant__end_ordered",
    "grant__correlation",
    "grant__principal__arn",
    "grant__principal__unique_id",
    "grant__principal__person_id",
)


@dataclass(frozen=True)
class Holding:
    """A target's unreleased deliveries, by whether it should hold them now."""

    living: Sequence[Delivery]
    ended: Sequence[Delivery]

    @property
    def parts(self) -> list[Part]:
        return [one.part for one in self.living]


def load(target: Target, *, now: datetime) -> Holding:
    """What has not begun, or waits for lower stages of its grant, is neither living nor ended."""
    found = target.deliveries.unreleased().with_neighbours().select_related("grant__principal")
    rows = list(found.only(*READ).order_by("grant_id", "pk"))
    ended = [one for one in rows if one.is_over(now) and not _is_kept(one)]
    living = [one for one in rows if _is_kept(one) or (one.lives(now) and not _waits(one))]
    return Holding(living, ended)


def _waits(delivery: Delivery) -> bool:
    """Whether lower stages of its grant were never seen yet, so that it must not come first."""
    return _gives(delivery) and _has(delivery, "lower_unseen")


def _is_kept(delivery: Delivery) -> bool:
    """Whether its grant has ended, but higher stages that stand on it are not released yet."""
    over = delivery.grant.ended_at is not None and delivery.seen_at is not None
    return _gives(delivery) and over and _has(delivery, "higher_left")


def _has(delivery: Delivery, neighbours: str) -> bool:
    """What `with_neighbours` found, which the model itself does not have."""
    return bool(vars(delivery)[neighbours])


def _gives(delivery: Delivery) -> bool:
    return delivery.purpose == Delivery.Purpose.GIVE


@dataclass(frozen=True)
class Proof:
    """What two agreeing looks showed, and the names needed to read it.

    `ours`: keys made or adopted. `blocked`: keys in conflict, refused or exhausted, which
    need not be as wanted. `restored`: texts an administrator wanted back. `hidden`: keys that
    could not be read, of which nothing is proved.
    """

    provider: Provider
    place: Place
    reading: Reading
    wanted: State
    at: datetime
    ours: frozenset[str]
    blocked: frozenset[str] = frozenset()
    restored: Mapping[str, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


def take_down(holding: Holding, proof: Proof) -> None:
    """Mark what was seen to be there and what was seen gone; grants follow their deliveries.

    The number of statements does not grow with the deliveries: a target may hold thousands.
    """
    state = proof.reading.state
    there = {one.pk for one in holding.living if _holds(proof, state, one)}
    _see([one for one in holding.living if one.pk in there and not _is_seen(one)], proof.at)
    _miss([one for one in holding.living if one.pk not in there and _is_seen(one)], proof.at)
    if holding.ended:
        _release(holding, proof)


def miss(holding: Holding, proof: Proof, drift: Set[str]) -> None:
    """Two looks agreed that others changed these keys: what they held is not there any more."""
    provider, place = proof.provider, proof.place
    gone = [
        one
        for one in holding.living
        if _is_seen(one)
        and provider.keys_of(place, one.part, proof.wanted) & drift
        and not _holds(proof, proof.reading.state, one)
    ]
    _miss(gone, proof.at)


def _is_seen(delivery: Delivery) -> bool:
    return delivery.state == Delivery.State.SEEN


def _holds(proof: Proof, state: State, delivery: Delivery) -> bool:
    return proof.provider.holds(state, proof.place, delivery.part)


def _see(there: Sequence[Delivery], at: datetime) -> None:
    """These deliveries were seen; grants that have no other one to wait for are confirmed."""
    waiting = (Delivery.State.DUE, Delivery.State.DRIFTED)
    moved = _still(there, *waiting) if there else []
    if not moved:
        return
    Delivery.objects.filter(pk__in=[one.pk for one in moved]).update(
        state=Delivery.State.SEEN, seen_at=at
    )
    Seen.objects.bulk_create([Seen(delivery=one, from_at=at) for one in moved], BATCH)
    cuts, gives = _by_purpose(moved)
    audit.record_all(What.GRANT_CUT_SEEN, [_fact(one.grant, target=one.target_id) for one in cuts])
    _wake_stages(one for one in gives if _has(one, "higher_left"))
    confirmed = _complete(gives, Q(state=Delivery.State.DUE), seen_at=at)
    audit.record_all(What.GRANT_SEEN, [_fact(grant) for grant in confirmed])
    tell_all("access_confirmed", [(one.person_id, {"grant": one.ref}) for one in confirmed])


def _miss(gone: Sequence[Delivery], at: datetime) -> None:
    """AWS held these and does not any more, though nothing here ended them."""
    moved = _still(gone, Delivery.State.SEEN) if gone else []
    Delivery.objects.filter(pk__in=[one.pk for one in moved]).update(state=Delivery.State.DRIFTED)
    Seen.objects.filter(delivery__in=moved, until_at__isnull=True).update(until_at=at)


def _release(holding: Holding, proof: Proof) -> None:
    """Release the ended deliveries about which something is proved."""
    proved = {one.pk: _proved(one, proof) for one in holding.ended}
    living = {digest(one.part): one.grant for one in reversed(holding.living)}
    moved = _still(
        [one for one in holding.ended if proved[one.pk] is not None],
        Delivery.State.DUE,
        Delivery.State.SEEN,
        Delivery.State.DRIFTED,
    )
    if not moved:
        return
    for one in moved:
        one.state = Delivery.State.RELEASED
        one.release = proved[one.pk] or ""
        one.released_at = proof.at
        needed = proved[one.pk] is Delivery.Release.NEEDED
        one.needed_by = living.get(digest(one.part)) if needed else None
    Delivery.objects.bulk_update(moved, ["state", "release", "needed_by", "released_at"], BATCH)
    Seen.objects.filter(delivery__in=moved, until_at__isnull=True).update(until_at=proof.at)
    cuts, gives = _by_purpose(moved)
    audit.record_all(What.GRANT_CUT_GONE, [_fact(one.grant, target=one.target_id) for one in cuts])
    _wake_stages(one for one in gives if one.stage)
    gone = _complete(gives, ~Q(state=Delivery.State.RELEASED), released_at=proof.at)
    releases = _releases(gone)
    audit.record_all(What.GRANT_GONE, [_fact(one, releases=releases[one.pk]) for one in gone])
    tell_all("access_gone", [(one.person_id, {"grant": one.ref}) for one in gone])


def _wake_stages(moved: Iterable[Delivery]) -> None:
    """What waited for these deliveries of their grants may be written, or taken away, now."""
    grants = {one.grant_id for one in moved}
    if grants:
        waiting = Delivery.objects.gives().unreleased().filter(grant__in=grants)
        wake(Target.objects.filter(pk__in=waiting.values("target")))


def _proved(delivery: Delivery, proof: Proof) -> Delivery.Release | None:
    """Gone; or still there because living access needs it; or not ours, and left.

    A key that still stands otherwise than wanted may give a part of the delivery (a row under
    another user name still gives its groups), so nothing is proved until it is gone or mended.
    """
    if proof.provider.key_of(proof.place, delivery.part) in proof.hidden:
        return None
    keys = proof.provider.keys_of(proof.place, delivery.part, proof.reading.state)
    if not keys:
        return Delivery.Release.GONE
    states = (proof.reading.state, proof.wanted)
    if all(_holds(proof, state, delivery) for state in states):
        return Delivery.Release.NEEDED
    if keys - proof.ours:
        return Delivery.Release.FOUND
    return None if keys & proof.blocked else Delivery.Release.GONE


def _still(those: Sequence[Delivery], *states: Delivery.State) -> list[Delivery]:
    """Those that are in one of `states` now, locked; a pass that lost its lease finds none."""
    rows = Delivery.objects.filter(pk__in=[one.pk for one in those], state__in=states)
    locked = _locked(rows)
    return [one for one in those if one.pk in locked]


def _by_purpose(moved: Sequence[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """Cuts and gives: what an end cuts has a life of its own."""
    return [one for one in moved if not _gives(one)], [one for one in moved if _gives(one)]


def _complete(moved: Sequence[Delivery], open_: Q, **mark: datetime) -> list[Grant]:
    """The grants of `moved` without an `open_` delivery, marked now: each of them once.

    Locked before they are asked: a pass over another target may finish their other delivery at
    the same moment, and one of the two must see what the other did.
    """
    grants = {one.grant_id: one.grant for one in moved}
    unmarked = {f"{name}__isnull": True for name in mark}
    locked = _locked(Grant.objects.filter(pk__in=grants, **unmarked))
    gives = Delivery.objects.gives().filter(open_, grant__in=locked)
    waiting = gives.values_list("grant_id", flat=True)
    complete = locked - set(waiting)
    Grant.objects.filter(pk__in=complete).update(**mark)
    return [grant for pk, grant in grants.items() if pk in complete]


def _locked(rows: QuerySet[Any]) -> set[int]:
    """The keys of these rows, locked until the transaction ends; always in the same order."""
    found = rows.order_by("pk").select_for_update(no_key=True)
    return set(found.values_list("pk", flat=True))


def _fact(grant: Grant, **after: Any) -> Fact:
    by = system(correlation=grant.correlation)
    return Fact(by, ("grant", grant.ref), grant.person_id, after or None)


def _releases(gone: Sequence[Grant]) -> dict[int, list[tuple[Any, ...]]]:
    """How each delivery of these grants was released: (target, release, needed by)."""
    found: dict[int, list[tuple[Any, ...]]] = {one.pk: [] for one in gone}
    rows = Delivery.objects.gives().filter(grant__in=found).order_by("target_id", "pk")
    for grant, *release in rows.values_list("grant_id", "target_id", "release", "needed_by__ref"):
        found[grant].append(tuple(release))
    return found
