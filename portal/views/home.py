"""My access: what I have, until when, and what I can do next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Person, Principal
from policies.models import Grant, Request
from portal import silence
from portal.actor import PortalRequest
from portal.views import live, progress, routes
from portal.views.progress import Access

REMEMBERED = timedelta(days=30)
MOST = 100


@dataclass(frozen=True)
class Task:
    """One line of a first day's checklist."""

    text: str
    done: bool
    hint: str = ""
    url: str = ""


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    request, now = cast(PortalRequest, request), timezone.now()
    mine = _mine(request.user, now)
    context = {
        "title": _("My access"),
        "current": [one for one in mine if not one.is_over],
        "over": [one for one in mine if one.is_over],
        "requests": Request.objects.open()
        .filter(person=request.user)
        .prefetch_related("items__entitlement")[:MOST],
        "tasks": [] if mine else _checklist(request.user),
        "silence": silence.now(),
        "now": now,
    }
    pace = live.BUSY if any(one.mark.moving for one in mine) else live.SETTLED
    return live.answer(request, "home.html", "access/_mine.html", context, pace)


def _mine(person: Person, now: datetime) -> list[Access]:
    """What I hold, and what ended in the last 30 days."""
    grants = progress.with_deliveries(Grant.objects.filter(person=person))
    held = grants.exclude(released_at__lt=now - REMEMBERED)[:MOST]
    return progress.accesses(held, reader=person, now=now)


def _checklist(person: Person) -> list[Task]:
    """What a first day needs: sign-in, AWS identity, first request."""
    asked = person.requests.exists()
    return [
        Task(_("Sign in"), True, _("Done: you are here.")),
        _identity_task(person),
        Task(
            _("Ask for access"),
            asked,
            _("Your request is on its way.") if asked else _("Choose from the catalogue."),
            reverse("requests") if asked else reverse("catalogue"),
        ),
    ]


def _identity_task(person: Person) -> Task:
    own = Principal.objects.filter(ended_at__isnull=True).held_by(person)
    usable = own.usable().first()
    if usable is not None:
        return Task(_("Your AWS identity"), True, usable.arn)
    if own.exists():
        who = routes.administrators(but=person)
        return Task(
            _("Your AWS identity"),
            False,
            _("It has been added; %s confirms it as the second person.") % who,
        )
    hint = _("%s adds it. You can ask for access before that.")
    return Task(_("Your AWS identity"), False, hint % routes.administrators(but=person))
