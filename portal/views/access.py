"""One access (a grant): where it stands, how to use it, and ending it."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Person
from policies.access import grants
from policies.access.errors import Refused
from policies.kinds import KINDS
from policies.models import EndReason, Grant
from portal import silence
from portal.actor import PortalRequest, actor
from portal.forms.texts import EndForm
from portal.views import live, progress


@never_cache
@require_safe
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    request = cast(PortalRequest, request)
    context = _context(request.user, ref)
    pace = live.BUSY if context["access"].mark.moving else live.SETTLED
    return live.answer(request, "access/detail.html", "access/_live.html", context, pace)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, ref: str) -> HttpResponse:
    """GET asks whether you are sure, POST ends."""
    request = cast(PortalRequest, request)
    context = _context(request.user, ref)
    grant: Grant = context["access"].grant
    form = EndForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            ended = grants.end(
                grant,
                by=actor(request),
                reason=_reason(grant, request.user),
                why=form.cleaned_data["why"],
            )
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _said(ended))
            return redirect("access", ref=grant.ref)
    status = 422 if form.errors else 200
    title = _give_back(grant, request.user)
    return render(
        request, "access/end.html", {**context, "form": form, "title": title}, status=status
    )


def _context(person: Person, ref: str) -> dict[str, Any]:
    now = timezone.now()
    visible = progress.with_deliveries(Grant.objects.visible_to(person))
    one = progress.access(get_object_or_404(visible, ref=ref), reader=person, now=now)
    grant = one.grant
    kind = KINDS[grant.entitlement.kind]
    confirmed = one.mark.tone == "good"
    return {
        "title": _("Access %s") % grant.ref,
        "access": one,
        "own": grant.person_id == person.pk,
        "how_to_use": (
            kind.how_to_use(grant.entitlement, grant.principal, grant.terms) if confirmed else ""
        ),
        "silence": silence.now(),
    }


def _reason(grant: Grant, person: Person) -> EndReason:
    return EndReason.GIVEN_BACK if grant.person_id == person.pk else EndReason.REVOKED


def _give_back(grant: Grant, person: Person) -> str:
    if grant.person_id == person.pk:
        return _("Give back access %s") % grant.ref
    return _("End access %s") % grant.ref


def _said(ended: bool) -> str:
    if ended:
        return _("Ended here. It shows as gone once it was seen gone from AWS.")
    return _("This access had already been ended.")
