"""The catalogue: what can be asked for; and asking for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Person
from policies.access import requests
from policies.access.errors import Refused
from policies.kinds import KINDS
from policies.models import Bundle, Entitlement, Grant, Item
from portal.actor import PortalRequest, actor
from portal.forms.ask import AskForm
from portal.views import progress, routes

PER_PAGE = 50


@dataclass(frozen=True)
class Offer:
    """What the catalogue page says about one thing that can be asked for."""

    entitlement: Entitlement
    kind: str
    deciders: str


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:200]
    matching = Q(name__icontains=query) | Q(description__icontains=query)
    matching |= Q(slug__icontains=query)
    offered = Entitlement.objects.offered().select_related("approval_policy")
    found = offered.filter(matching).order_by("name", "pk")
    packages = Bundle.objects.filter(matching, ended_at__isnull=True).order_by("name", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Catalogue"),
        "query": query,
        "keep": urlencode({"q": query}) + "&" if query else "",
        "page": page,
        "offers": [_offer(one) for one in page],
        "packages": packages.prefetch_related("entitlements")[:PER_PAGE],
    }
    return render(request, "catalogue/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def entitlement(request: HttpRequest, slug: str) -> HttpResponse:
    offered = Entitlement.objects.offered().select_related("approval_policy", "owner")
    one = get_object_or_404(offered, slug=slug)
    return _ask(cast(PortalRequest, request), one.name, one.description, [one])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def package(request: HttpRequest, slug: str) -> HttpResponse:
    """All entitlements of a package, asked for at once."""
    bundle = get_object_or_404(Bundle, slug=slug, ended_at__isnull=True)
    offered = bundle.entitlements.filter(ended_at__isnull=True)
    wanted = list(offered.select_related("approval_policy", "owner").order_by("name", "pk"))
    return _ask(cast(PortalRequest, request), bundle.name, bundle.description, wanted)


def _ask(
    request: PortalRequest, name: str, description: str, wanted: Sequence[Entitlement]
) -> HttpResponse:
    person = _for_whom(request)
    form = AskForm(request.POST or None, entitlements=wanted, person=person) if wanted else None
    if form is not None and request.method == "POST" and form.is_valid():
        try:
            asked = requests.ask(
                form.wishes(),
                by=actor(request),
                person=person,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
                **form.period(),  # type: ignore[arg-type]
            )
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("Your request %s is saved.") % asked.ref)
            return redirect("request", ref=asked.ref)
    context = _ask_context(request, person, name, description, wanted, form)
    status = 422 if form is not None and form.errors else 200
    return render(request, "catalogue/detail.html", context, status=status)


def _ask_context(
    request: PortalRequest,
    person: Person,
    name: str,
    description: str,
    wanted: Sequence[Entitlement],
    form: AskForm | None,
) -> dict[str, Any]:
    now = timezone.now()
    held = progress.with_deliveries(
        Grant.objects.filter(person=person, entitlement__in=wanted, released_at__isnull=True)
    )
    open_items = Item.objects.filter(
        request__person=person, entitlement__in=wanted, open_key__isnull=False
    )
    return {
        "title": name,
        "description": description,
        "offers": [_offer(one) for one in wanted],
        "form": form,
        "person": person,
        "reports": _reports(request.user),
        "held": progress.accesses(held, reader=request.user, now=now),
        "asked": open_items.select_related("request", "entitlement"),
        "administrators": routes.administrators(but=person),
    }


def _reports(person: Person) -> Any:
    return person.reports.present().order_by("name", "pk")


def _for_whom(request: PortalRequest) -> Person:
    """The person themselves, or the direct report named by `for`; any other name is a 404."""
    chosen = request.POST.get("for") or request.GET.get("for") or ""
    if not chosen or chosen == str(request.user.pk):
        return request.user
    reports = _reports(request.user)
    is_key = chosen.isdecimal() and len(chosen) < len(str(2**63))
    found: Person = get_object_or_404(reports, pk=chosen if is_key else 0)
    return found


def _offer(one: Entitlement) -> Offer:
    deciders = [routes.decider(str(step["who"])) for step in one.approval_policy.steps]
    return Offer(one, str(KINDS[one.kind].LABEL), _(", then ").join(deciders))
