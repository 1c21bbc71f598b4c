"""Whether what is asked for fits beside what is granted and what was asked for before it.

First come, first served: an open request finds no room where what is granted, or was asked for
earlier and is not decided, needs it. Counting later ones, too, two requests could keep each other
out for ever. What AWS holds besides is known from the last preview of the place (`Room`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from policies.access import cuts
from policies.access.errors import Refused
from policies.models import Delivery, Grant, Item, Request, Room, TargetKind
from policies.providers import PROVIDERS, Basis, Part, Place, places

# A reading older than this says nothing to who asks: their own preview will tell.
FRESH = timedelta(minutes=15)
Where = tuple[str, str, str, str]


@dataclass(frozen=True)
class Share:
    """Who needs room in one place: what is granted, asked for earlier, asked for now."""

    granted: Sequence[Part]
    reserved: Sequence[Part]
    requests: int
    asked: Sequence[Part]

    @property
    def parts(self) -> list[Part]:
        return [*self.granted, *self.reserved, *self.asked]


@dataclass(frozen=True)
class Figure:
    """One quota: what is used, `reserved` by other open requests, `needed` now, of how much."""

    quota: str
    used: int
    reserved: int
    requests: int
    needed: int
    limit: int
    unit: str

    @property
    def total(self) -> int:
        return self.used + self.reserved + self.needed

    @property
    def fits(self) -> bool:
        """Also where it was full before, if nothing more is needed."""
        return self.total <= self.limit or self.needed <= 0

    def as_json(self) -> dict[str, Any]:
        return {
            "quota": self.quota,
            "used": self.total,
            "now": self.used,
            "reserved": self.reserved,
            "requests": self.requests,
            "needed": self.needed,
            "limit": self.limit,
            "unit": self.unit,
        }

    def __str__(self) -> str:
        said = _("%(quota)s: %(used)s of %(limit)s %(unit)s used, %(needed)s more needed") % {
            "quota": self.quota,
            "used": f"{self.used:,}",
            "limit": f"{self.limit:,}",
            "unit": self.unit,
            "needed": f"{self.needed:,}",
        }
        if self.reserved > 0:
            said += ngettext(
                ", %(reserved)s reserved by %(count)s open request",
                ", %(reserved)s reserved by %(count)s open requests",
                self.requests,
            ) % {"reserved": f"{self.reserved:,}", "count": self.requests}
        return " ".join(said.split()).replace(" ,", ",") + " (GH-220)"


def wanted(items: Iterable[Item]) -> dict[Where, list[Part]]:
    """What the items need, by place: their parts, and room for what their ends may cut."""
    found: dict[Where, list[Part]] = {}
    for item in items:
        kept = [one.as_json() for one in cuts.possible(item, cuts.declared(item))]
        for part in [*item.parts, *kept]:
            found.setdefault(where_of(part), []).append(part["body"])
    return found


def share(where: Where, request: Request, asked: Sequence[Part], *, now: datetime) -> Share:
    """Everybody's need of one place, `request`'s own being `asked`."""
    earlier = _earlier(where, request)
    reserved = [part for parts in earlier.values() for part in parts]
    return Share(_granted(where, now), reserved, len(earlier), asked)


def figures(basis: Basis, place: Place, need: Share) -> list[Figure]:
    """Each quota of the place. Pure, given the basis."""
    load = PROVIDERS[place.kind].load
    granted = {one.quota: one.used for one in load(basis, place, need.granted)}
    before = [*need.granted, *need.reserved]
    held = {one.quota: one.used for one in load(basis, place, before)}
    # Some quotas are told of only where something of theirs is there.
    return [
        Figure(
            str(all_.quota),
            granted.get(all_.quota, 0),
            held.get(all_.quota, 0) - granted.get(all_.quota, 0),
            need.requests,
            all_.used - held.get(all_.quota, 0),
            all_.limit,
            str(all_.unit),
        )
        for all_ in load(basis, place, need.parts)
    ]


def check(request: Request, *, now: datetime) -> None:
    """Under the lock of every place: does the request still fit? Raises Refused with the figure."""
    _refuse(_problems(request, Room.objects.select_for_update(), now))


def check_asked(request: Request) -> None:
    """What is known from a moment ago refuses at once. Raises Refused with the figure."""
    now = timezone.now()
    _refuse(_problems(request, Room.objects.filter(read_at__gt=now - FRESH), now))


def note(rooms: Iterable[Mapping[str, Any]]) -> None:
    """Keep what was just read, place by place and always in one order."""
    for room in sorted(rooms, key=where_of):
        kind, account, region, name = where_of(room)
        Room.objects.update_or_create(
            kind=kind,
            account=account,
            region=region,
            object=name,
            defaults={"basis": room["basis"], "read_at": timezone.now()},
        )


def _problems(request: Request, rooms: Any, now: datetime) -> list[str]:
    items = request.items.select_related("entitlement", "principal")
    needs = wanted(items)
    found = []
    # One by one in one order: that is how two decisions about the same places line up.
    for where in sorted(needs):
        kind, account, region, name = where
        room = rooms.filter(kind=kind, account=account, region=region, object=name).first()
        if room is not None:
            need = share(where, request, needs[where], now=now)
            found += figures(room.basis, places.place(*where), need)
    return [str(one) for one in found if not one.fits]


def _refuse(problems: list[str]) -> None:
    if problems:
        raise Refused("does_not_fit", "; ".join(problems))


def where_of(part: Mapping[str, Any]) -> Where:
    """The place of a part, or of a room."""
    return (str(part["kind"]), part["account"], part["region"], part["object"])


def _granted(where: Where, now: datetime) -> list[Part]:
    """What is approved, begun or not; cuts under way; room for the cuts that may come."""
    kind, account, region, name = where
    rows = Delivery.objects.unreleased().filter(
        target__kind=kind,
        target__account=account,
        target__region=region,
        target__object=name,
    )
    ordered = rows.select_related("grant").order_by("grant_id", "pk")
    found = [one.part for one in ordered if not one.is_over(now)]
    if kind != TargetKind.PRINCIPAL_POLICY:
        return found
    cutting = Grant.objects.filter(
        principal__arn=name, ended_at__isnull=True, cut__isnull=False
    ).select_related("item__entitlement", "item__principal")
    return found + [part for one in cutting for part in _kept(where, one.item, one.cut)]


def _kept(where: Where, item: Item, cut: Mapping[str, Any] | None) -> list[Part]:
    kept = (one.as_json() for one in cuts.possible(item, cut))
    return [part["body"] for part in kept if where_of(part) == where]


def _earlier(where: Where, request: Request) -> dict[int, list[Part]]:
    """{request: parts} of the requests opened before this one and not decided."""
    items = Item.objects.filter(
        open_key__isnull=False,
        request__in=Request.objects.open(),
        request__lt=request.pk,
        principal__isnull=False,
    ).select_related("entitlement", "principal")
    if where[0] == TargetKind.PRINCIPAL_POLICY:
        items = items.filter(principal__arn=where[3])
    found: dict[int, list[Part]] = {}
    for item in items.order_by("request_id", "pk"):
        parts = wanted([item]).get(where, [])
        if parts:
            found.setdefault(item.request_id, []).extend(parts)
    return found
