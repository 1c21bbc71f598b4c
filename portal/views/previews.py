"""What the read worker said a request would change, as a page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Person
from policies.access import cuts
from policies.models import Cut, Inquiry, Item, Request
from policies.outcomes import ADVICE, Advice, Kind


@dataclass(frozen=True)
class Preview:
    """One item's preview. `checking`: a look at AWS is under way; `advice`: what stopped it."""

    item: Item
    checking: bool
    advice: Advice | None
    said: str
    outdated: bool
    next_at: datetime | None = None
    collateral: Sequence[str] = ()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return list((self.item.preview or {}).get("lines", []))

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The lines, one for those that say the same of the same place."""
        said = {(one["target"], one["say"], bool(one["there"])): one for one in self.lines}
        return list(said.values())

    @property
    def is_external(self) -> bool:
        """Whether others write one of the places, as it was when AWS was read."""
        return any(line.get("external") for line in self.lines)

    @property
    def loads(self) -> list[dict[str, Any]]:
        return list((self.item.preview or {}).get("load", []))

    @property
    def problems(self) -> list[str]:
        return list((self.item.preview or {}).get("problems", []))

    @property
    def risks(self) -> list[str]:
        """Those of the kind, and those that only the cluster itself tells."""
        return [*self.item.risks, *(self.item.preview or {}).get("risks", [])]

    @property
    def cuts(self) -> bool:
        return bool(self.item.entitlement.cut != Cut.NONE)

    @property
    def is_answered(self) -> bool:
        return bool(self.item.effect) and self.item.preview is not None

    @property
    def fits(self) -> bool:
        return self.is_answered and bool((self.item.preview or {}).get("fits"))


def of(request: Request, *, reader: Person) -> list[Preview]:
    """One preview per item, in the request's order."""
    items = request.items.select_related("entitlement", "principal", "request")
    items = items.prefetch_related("inquiries")
    full = reader.is_administrator or reader.is_auditor
    return [_preview(item, full) for item in items]


def can_approve(previews: Sequence[Preview]) -> bool:
    """Whether the page may offer a yes; the verb checks it all again."""
    return all(one.fits and not one.outdated for one in previews)


def _preview(item: Item, full: bool) -> Preview:
    last: Inquiry | None = max(
        item.inquiries.all(),
        key=lambda one: one.pk,
        default=None,
    )
    stopped = last is not None and last.outcome in Kind._value2member_map_
    entitlement = item.entitlement
    checking = last is not None and last.state == Inquiry.State.OPEN
    return Preview(
        item,
        checking=checking,
        advice=ADVICE[Kind(last.outcome)] if last is not None and stopped else None,
        said=last.outcome_text if last is not None and stopped and full else "",
        outdated=entitlement.version != item.entitlement_version
        or entitlement.ended_at is not None,
        next_at=last.next_try_at if last is not None and stopped and checking else None,
        collateral=cuts.collateral(item) if item.request.is_open else (),
    )
