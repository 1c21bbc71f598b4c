"""The sign-in page's cards in the demo: who is there, and what each would find."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Person, PortalRole
from policies.models import Entitlement, Request

register = template.Library()
MOST = 12


@dataclass(frozen=True)
class Card:
    person: Person
    line: str


@register.inclusion_tag("components/demo_cards.html")
def demo_cards() -> dict[str, Any]:
    """Nothing at all unless this is the demo."""
    if not settings.DEMO:
        return {"cards": []}
    return {"cards": [_card(one) for one in _people()], "holds_url": settings.DEMO_HOLDS_URL}


def _people() -> QuerySet[Person]:
    """People with something to do first, then everybody else, by name."""
    live = PortalRole.objects.filter(person=OuterRef("pk"), until_at__isnull=True)
    reports = Person.objects.present().filter(manager=OuterRef("pk"))
    confirmed = Q(grants__seen_at__isnull=False, grants__ended_at__isnull=True)
    return (
        Person.objects.present()
        .annotate(
            has_power=Exists(live),
            leads=Exists(reports),
            owns=Exists(Entitlement.objects.offered().filter(owner=OuterRef("pk"))),
            has_asked=Exists(Request.objects.filter(person=OuterRef("pk"))),
            confirmed=Count("grants", filter=confirmed, distinct=True),
        )
        .prefetch_related("portal_roles")
        .order_by("-leads", "-has_power", "-owns", "-has_asked", "name", "pk")[:MOST]
    )


def _card(person: Person) -> Card:
    return Card(person, _("%(who)s, %(what)s") % {"who": _who(person), "what": _what(person)})


def _who(person: Any) -> str:
    roles = [one.get_role_display() for one in person.portal_roles.all() if one.until_at is None]
    if roles:
        return ", ".join(sorted(str(role) for role in roles))
    if person.leads:
        return _("manager")
    if person.owns:
        return _("owner")
    job = person.job or _("employee")
    return str(job if person.has_asked else _("new %s") % job)


def _what(person: Any) -> str:
    waiting = Request.objects.awaiting(person).count()
    if waiting:
        text = ngettext("%s waits for a decision", "%s wait for a decision", waiting)
        return text % waiting
    if person.confirmed:
        number = person.confirmed
        text = ngettext("%s access confirmed in AWS", "%s accesses confirmed in AWS", number)
        return str(text % number)
    if person.leads or person.owns or person.has_power:
        return _("nothing waits for a decision")
    return _("nothing confirmed yet")
