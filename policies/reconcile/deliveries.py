"""Deliveries: what living grants want of a target, and what two agreeing looks prove of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from accounts.notices import tell
from policies.models import Delivery, Grant, Seen, Target
from policies.models.grants import DeliveryQuerySet
from policies.plan import Reading, State
from policies.providers import Part, Place, Provider


@dataclass(frozen=True)
class Holding:
    """A target's unreleased deliveries, by whether it should hold them now."""

    living: Sequence[Delivery]
    ended: Sequence[Delivery]

    @property
    def parts(self) -> list[Part]:
        return [one.part for one in self.living]


def load(target: Target, *, now: datetime) -> Holding:
    """What has not begun is neither living nor ended."""
    unreleased = target.deliveries.unreleased().select_related("grant__principal")
    rows = list(unreleased.order_by("grant_id", "pk"))
    living = [one for one in rows if one.lives(now)]
    ended = [one for one in rows if one.is_over(now)]
    return Holding(living, ended)


@dataclass(frozen=True)
class Proof:
    """What two agreeing looks showed, and the names needed to read it.

    `ours`: keys made or adopted. `blocked`: keys in conflict, refused or exhausted, which
    need not be as wanted. `restored`: texts an administrator wanted back.
    need not be as wanted. `hidden`: keys that could not be read, of which nothing is proved.
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
    """Mark what was seen to be there and what was seen gone; grants follow their deliveries."""
    for delivery in holding.living:
        if _holds(proof, proof.reading.state, delivery):
            _seen(delivery, proof.at)
        elif delivery.state == Delivery.State.SEEN:
            _missed(delivery, proof.at)
    for delivery in holding.ended:
        _release(delivery, holding, proof)


def _holds(proof: Proof, state: State, delivery: Delivery) -> bool:
    return proof.provider.holds(state, proof.place, delivery.part)


def _seen(delivery: Delivery, at: datetime) -> None:
    moved = Delivery.objects.filter(
        pk=delivery.pk, state__in=[Delivery.State.DUE, Delivery.State.DRIFTED]
    ).update(state=Delivery.State.SEEN, seen_at=at)
    if not moved:
        return
    Seen.objects.create(delivery=delivery, from_at=at)
    grant = delivery.grant
    if delivery.purpose == Delivery.Purpose.CUT:
        _record_cut(What.GRANT_CUT_SEEN, delivery)
        return
    if _rest(grant).filter(state=Delivery.State.DUE).exists():
        return
    if Grant.objects.filter(pk=grant.pk, seen_at__isnull=True).update(seen_at=at):
        audit.record(
            What.GRANT_SEEN,
            by=system(correlation=grant.correlation),
            about=("grant", grant.ref),
            person=grant.person_id,
        )
        tell(grant.person_id, "access_confirmed", grant=grant.ref)


def _missed(delivery: Delivery, at: datetime) -> None:
    """AWS held it and does not any more, though nothing here ended it."""
    moved = Delivery.objects.filter(pk=delivery.pk, state=Delivery.State.SEEN).update(
        state=Delivery.State.DRIFTED
    )
    if moved:
        Seen.objects.filter(delivery=delivery, until_at__isnull=True).update(until_at=at)


def _release(delivery: Delivery, holding: Holding, proof: Proof) -> None:
    """Marks how an ended delivery is released, if anything is proved about it."""
    release = _proved(delivery, proof)
    if release is None:
        return
    needed_by = None
    if release is Delivery.Release.NEEDED:
        needed_by = next((one.grant for one in holding.living if one.part == delivery.part), None)
    moved = (
        Delivery.objects.unreleased()
        .filter(pk=delivery.pk)
        .update(
            state=Delivery.State.RELEASED,
            release=release,
            needed_by=needed_by,
            released_at=proof.at,
        )
    )
    if not moved:
        return
    Seen.objects.filter(delivery=delivery, until_at__isnull=True).update(until_at=proof.at)
    if delivery.purpose == Delivery.Purpose.CUT:
        _record_cut(What.GRANT_CUT_GONE, delivery)
        return
    _release_grant(delivery.grant, proof.at)


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


def _release_grant(grant: Grant, at: datetime) -> None:
    if _rest(grant).unreleased().exists():
        return
    if Grant.objects.filter(pk=grant.pk, released_at__isnull=True).update(released_at=at):
        audit.record(
            What.GRANT_GONE,
            by=system(correlation=grant.correlation),
            about=("grant", grant.ref),
            person=grant.person_id,
            after={
                "releases": sorted(
                    _rest(grant).values_list("target_id", "release", "needed_by__ref")
                )
            },
        )
        tell(grant.person_id, "access_gone", grant=grant.ref)


def _record_cut(what: What, delivery: Delivery) -> None:
    grant = delivery.grant
    audit.record(
        what,
        by=system(correlation=grant.correlation),
        about=("grant", grant.ref),
        person=grant.person_id,
        after={"target": delivery.target_id},
    )


def _rest(grant: Grant) -> DeliveryQuerySet:
    """What the grant gives. What its end cuts has a life of its own."""
    return Delivery.objects.gives().filter(grant=grant)
