"""My team: who reports to me, and what each of them holds."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Person
from policies.models import Grant
from portal.actor import PortalRequest
from portal.views import progress
from portal.views.progress import Access


@dataclass
class Member:
    person: Person
    held: list[Access] = field(default_factory=list)


@never_cache
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    request, now = cast(PortalRequest, request), timezone.now()
    people = request.user.reports.present().order_by("name", "pk")
    visible = Grant.objects.visible_to(request.user)
    rows = visible.filter(person__in=people, released_at__isnull=True)
    held: dict[int, list[Access]] = defaultdict(list)
    for one in progress.accesses(progress.with_deliveries(rows), reader=request.user, now=now):
        held[one.grant.person_id].append(one)
    members = [Member(person, held[person.pk]) for person in people]
    return render(request, "team.html", {"title": _("My team"), "members": members})
