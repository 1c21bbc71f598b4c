"""Deciding: what waits for me, and one request with its consequences in front of me."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from policies.access import decisions, effects
from policies.access.errors import AlreadyDecided, Refused, StaleEffect
from policies.models import Decision, Request
from portal.actor import PortalRequest, actor
from portal.forms.texts import ApproveForm, AskBackForm, DeclineForm
from portal.views import live, previews
from portal.views.requests import facts, mark_of

FORMS: dict[str, type[forms.Form]] = {
    "approve": ApproveForm,
    "decline": DeclineForm,
    "ask_back": AskBackForm,
}
MOST = 200
Said = Mapping[str, Any]  # a form's cleaned data


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """What waits for me; `?all=1` adds what I could decide as an administrator who stands by."""
    request = cast(PortalRequest, request)
    everything = request.GET.get("all") == "1"
    awaiting = Request.objects.awaiting(request.user)
    decidable = Request.objects.decidable_by(request.user)
    stand_by = decidable.exclude(pk__in=awaiting.values("pk"))
    chosen = stand_by if everything else awaiting
    rows = chosen.select_related("person").prefetch_related("items__entitlement")
    context = {
        "title": _("Approvals"),
        "rows": [(one, mark_of(one)) for one in rows.order_by("created_at", "pk")[:MOST]],
        "everything": everything,
        "awaiting_count": awaiting.count(),
        "stand_by_count": stand_by.count(),
        "decided": _decided_by(request)[:10],
    }
    return render(request, "approvals/list.html", context)


@never_cache
@require_safe
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    """To decide while it is mine to decide; afterwards the request's own page."""
    request = cast(PortalRequest, request)
    asked = _decidable(request).filter(ref=ref).first()
    if asked is None:
        get_object_or_404(Request.objects.visible_to(request.user), ref=ref)
        return redirect("request", ref=ref)
    return _page(request, asked, {})


@never_cache
@require_POST
def decide(request: HttpRequest, ref: str, verb: str) -> HttpResponse:
    request = cast(PortalRequest, request)
    if verb not in FORMS:
        raise Http404
    asked = _decidable(request).filter(ref=ref).first()
    if asked is None:
        return _too_late(request, ref)
    form = FORMS[verb](request.POST, prefix=verb)
    if form.is_valid():
        try:
            _VERBS[verb](request, asked, form.cleaned_data)
        except StaleEffect as refused:
            decisions.refresh(asked, by=actor(request))
            form.add_error(None, refused.message)
        except AlreadyDecided as refused:
            messages.info(request, refused.message)
            return redirect("request", ref=ref)
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _said(verb, ref))
            return redirect("request", ref=ref)
    return _page(request, asked, {verb: form})


def _too_late(request: PortalRequest, ref: str) -> HttpResponse:
    """Not mine to decide: a stranger's 404, or the outcome for who was asked too late."""
    closed = Request.objects.visible_to(request.user).exclude(state=Request.State.OPEN)
    get_object_or_404(closed, ref=ref)
    messages.info(request, _("This request has already been decided or closed."))
    return redirect("request", ref=ref)


def _approve(request: PortalRequest, asked: Request, data: Said) -> None:
    items = asked.items.values_list("pk", flat=True)
    shown = {item: request.POST.get(f"effect-{item}", "") for item in items}
    decisions.approve(
        asked,
        shown,
        by=actor(request),
        now=timezone.now(),
        why=data["why"],
        collateral=data["collateral"],
    )


def _decline(request: PortalRequest, asked: Request, data: Said) -> None:
    decisions.decline(asked, by=actor(request), now=timezone.now(), why=data["why"])


def _ask_back(request: PortalRequest, asked: Request, data: Said) -> None:
    decisions.ask_back(asked, by=actor(request), now=timezone.now(), question=data["why"])


_VERBS: dict[str, Callable[[PortalRequest, Request, Said], None]] = {
    "approve": _approve,
    "decline": _decline,
    "ask_back": _ask_back,
}


def _page(request: PortalRequest, asked: Request, tried: dict[str, forms.Form]) -> HttpResponse:
    now = timezone.now()
    asked.refresh_from_db()
    shown = previews.of(asked, reader=request.user)
    starts, ends = effects.dates(asked, approved_at=now)
    context: dict[str, Any] = {
        **facts(asked, request, now),
        "title": _("Decide request %s") % asked.ref,
        "previews": shown,
        "can_approve": previews.can_approve(shown),
        "collateral": any(one.collateral for one in shown),
        "starts": starts,
        "ends": ends,
        "history": _history(asked, request),
        "forms": {verb: tried.get(verb) or form(prefix=verb) for verb, form in FORMS.items()},
        "failed": next(iter(tried.values()), None),
    }
    checking = any(one.checking for one in shown)
    pace = live.BUSY if checking else live.SETTLED
    part, status = "approvals/_preview.html", 422 if tried else 200
    return live.answer(request, "approvals/detail.html", part, context, pace, status=status)


def _decidable(request: PortalRequest) -> Any:
    rows = Request.objects.decidable_by(request.user)
    return rows.select_related("person__manager", "asked_by")


def _history(asked: Request, request: PortalRequest) -> list[tuple[Request, Any]]:
    """Earlier requests of the same person for the same things, as far as I may read them."""
    wanted = asked.items.values("entitlement")
    earlier = (
        Request.objects.visible_to(request.user)
        .filter(person=asked.person, items__entitlement__in=wanted)
        .exclude(pk=asked.pk)
        .distinct()
        .prefetch_related("items__entitlement")
    )
    return [(one, mark_of(one)) for one in earlier[:5]]


def _decided_by(request: PortalRequest) -> Any:
    mine = Decision.objects.filter(by=request.user, step__request=OuterRef("pk"))
    decided = Request.objects.filter(Exists(mine)).select_related("person")
    return decided.prefetch_related("items__entitlement")


def _said(verb: str, ref: str) -> str:
    return {
        "approve": _("Your yes to %s is saved. AWS is changed next, and read back."),
        "decline": _("Request %s is declined; the person was told."),
        "ask_back": _("Your question on %s is sent; the request waits for the answer."),
    }[verb] % ref
