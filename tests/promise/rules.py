"""What must be true of the database after every step, whatever was done."""

from django.db.models import Count, F, Q

from accounts.models import Event
from policies.models import LIVING, Delivery, Phase, Seen, Target
from policies.reconcile.lease import database_now

ONCE = ("grant.made", "grant.ended", "grant.seen", "grant.gone")
RESTING = (Phase.SETTLED, Phase.HELD, Phase.STUCK)


def check() -> None:
    """Raises AssertionError naming the rows that break a rule."""
    _generations()
    _nothing_is_forgotten()
    _nothing_is_told_twice()
    _intervals()


def _generations() -> None:
    wrong = Target.objects.exclude(
        settled_generation__lte=F("applied_generation"), applied_generation__lte=F("generation")
    )
    wrong |= Target.objects.filter(phase=Phase.SETTLED).exclude(settled_generation=F("generation"))
    assert not wrong.exists(), list(wrong.values())
    settled = Delivery.objects.filter(target__settled_generation=F("target__generation"))
    living = LIVING(database_now(), "grant__")
    untrue = settled.filter(living, state="due")
    untrue |= settled.unreleased().filter(grant__ended_at__isnull=False)
    assert not untrue.exists(), f"called settled, and is not: {list(untrue.values())}"


def _nothing_is_forgotten() -> None:
    """Whatever is not at rest has a next time; removals have one until they are seen."""
    asleep = Target.objects.filter(next_look_at__isnull=True)
    wrong = asleep.exclude(phase__in=RESTING)
    wrong |= asleep.filter(phase=Phase.SETTLED).exclude(settled_generation=F("generation"))
    assert not wrong.exists(), list(wrong.values())
    given_up = Delivery.objects.unreleased().filter(
        grant__ended_at__isnull=False, target__next_look_at__isnull=True
    )
    assert not given_up.exists(), list(given_up.values("part", "target__phase", "target__outcome"))


def _nothing_is_told_twice() -> None:
    told = Event.objects.filter(what__in=ONCE).values("what", "object_id")
    assert not told.annotate(times=Count("pk")).filter(times__gt=1).exists()
    settled = Event.objects.filter(what="target.settled")
    told = [(one.object_id, one.after["generation"]) for one in settled]
    assert len(told) == len(set(told)), told


def _intervals() -> None:
    """A delivery is seen while, and only while, one interval of its is open; so are grants told."""
    rows = Delivery.objects.annotate(
        current=Count("intervals", filter=Q(intervals__until_at__isnull=True))
    )
    wrong = rows.filter(state="seen").exclude(current=1) | rows.exclude(state="seen").exclude(
        current=0
    )
    assert not wrong.exists(), list(wrong.values())
    assert not Seen.objects.filter(until_at__lt=F("from_at")).exists()
    wrong = Delivery.objects.filter(
        Q(grant__seen_at__isnull=False, state="due")
        | Q(grant__released_at__isnull=False) & ~Q(state="released")
        | Q(state="released", grant__ended_at__isnull=True)
    )
    assert not wrong.exists(), list(wrong.values())
