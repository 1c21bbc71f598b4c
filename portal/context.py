"""What every page's frame needs to know: the demo banner, the menu and its counts, and for
administrators since when nothing was swept."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from accounts.models import Person
from policies.models import Request
from portal import silence


def page(request: HttpRequest) -> dict[str, Any]:
    """Lazy: a page that draws no menu (an error, a fragment) asks the database nothing."""
    return {
        "demo": settings.DEMO,
        "holds_url": settings.DEMO_HOLDS_URL if settings.DEMO else "",
        "time_zone": settings.TIME_ZONE,
        "menu": SimpleLazyObject(lambda: _menu(request)),
        "alert": SimpleLazyObject(lambda: silence.now().sweep),
    }


def _menu(request: HttpRequest) -> dict[str, Any]:
    person = getattr(request, "user", None)
    if not isinstance(person, Person):
        return {}
    administrator = person.is_administrator
    return {
        "open_requests": Request.objects.open().filter(person=person).count(),
        "awaiting": Request.objects.awaiting(person).count(),
        "decides": administrator or _decides(person),
        "leads": person.reports.present().exists(),
        "admin_url": _admin_url() if administrator else "",
    }


def _decides(person: Person) -> bool:
    """Whether the approvals page could ever show this person something."""
    return (
        person.decisions.exists()
        or person.reports.exists()
        or Request.objects.decidable_by(person).exists()
    )


def _admin_url() -> str:
    try:
        return reverse("admin:index")
    except NoReverseMatch:
        return ""
