"""My requests, and one request: where it is, who can move it, what it did."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from policies.access import requests
from policies.access.errors import Refused
from policies.models import Grant, Item, Request
from portal import silence
from portal.actor import PortalRequest, actor
from portal.forms.texts import AnswerForm
from portal.views import live, previews, progress, routes
from portal.views.progress import Access, Mark

PER_PAGE = 50


@never_cache
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    request = cast(PortalRequest, request)
    named = Q(person=request.user) | Q(asked_by=request.user)
    mine = Request.objects.filter(named).select_related("person", "asked_by")
    only_open = request.GET.get("status") == "open"
    found = mine.open() if only_open else mine
    rows = found.prefetch_related("items__entitlement")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("My requests"),
        "page": page,
        "rows": [(one, mark_of(one)) for one in page],
        "only_open": only_open,
        "keep": "status=open&" if only_open else "",
    }
    return render(request, "requests/list.html", context)


@never_cache
@require_safe
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    return _detail(cast(PortalRequest, request), ref, AnswerForm())


@never_cache
@require_http_methods(["POST"])
def answer(request: HttpRequest, ref: str) -> HttpResponse:
    request = cast(PortalRequest, request)
    asked = get_object_or_404(_own(request), ref=ref)
    form = AnswerForm(request.POST)
    if form.is_valid():
        try:
            text = form.cleaned_data["text"]
            requests.answer(asked, by=actor(request), text=text, now=timezone.now())
        except Refused as refused:
            form.add_error(refused.field or None, refused.message)
        else:
            messages.success(request, _("Your answer is saved; who decides was told."))
            return redirect("request", ref=ref)
    return _detail(request, ref, form)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, ref: str) -> HttpResponse:
    """GET asks whether you are sure, POST takes the request back."""
    request = cast(PortalRequest, request)
    asked = get_object_or_404(_own(request), ref=ref)
    problem = ""
    if request.method == "POST":
        try:
            requests.withdraw(asked, by=actor(request))
        except Refused as refused:
            problem = refused.message
        else:
            messages.success(request, _("Request %s is taken back.") % ref)
            return redirect("request", ref=ref)
    title = _("Take back request %s") % ref
    context = {"title": title, "asked": asked, "problem": problem}
    return render(request, "requests/withdraw.html", context, status=422 if problem else 200)


def mark_of(request: Request) -> Mark:
    """The state of the decision; what AWS holds is each access's own word."""
    tones = {"approved": "good", "declined": "bad", "open": "busy"}
    waiting = {"waiting_identity", "asked_back"}
    tone = "wait" if request.state in waiting else tones.get(request.state, "quiet")
    return Mark(request.get_state_display(), tone, request.closed_at)


def facts(asked: Request, request: PortalRequest, now: datetime) -> dict[str, Any]:
    """What the request page and the approval page both tell."""
    lines = routes.steps(asked)
    return {
        "asked": asked,
        "mark": mark_of(asked),
        "steps": lines,
        "waits_for": routes.waits_for(asked, lines),
        "comments": asked.comments.select_related("by"),
        "silence": silence.now(),
    }


def _detail(request: PortalRequest, ref: str, form: AnswerForm) -> HttpResponse:
    now = timezone.now()
    visible = Request.objects.visible_to(request.user).select_related("person", "asked_by")
    asked = get_object_or_404(visible, ref=ref)
    own = request.user.pk in {asked.person_id, asked.asked_by_id}
    given = _given(asked, request, now)
    context = {
        **facts(asked, request, now),
        "title": _("Request %s") % asked.ref,
        "own": own,
        "can_withdraw": own and asked.is_open,
        "can_answer": own and asked.state == Request.State.ASKED_BACK,
        "items": [(item, given.get(item.pk)) for item in _items(asked)],
        "previews": previews.of(asked, reader=request.user),
        "form": form,
    }
    part, status = "requests/_live.html", 422 if form.errors else 200
    pace = _pace(asked, list(given.values()))
    return live.answer(request, "requests/detail.html", part, context, pace, status=status)


def _given(asked: Request, request: PortalRequest, now: datetime) -> dict[int, Access]:
    made = progress.with_deliveries(Grant.objects.filter(item__request=asked))
    return {one.grant.item_id: one for one in progress.accesses(made, reader=request.user, now=now)}


def _items(asked: Request) -> Sequence[Item]:
    return list(asked.items.select_related("entitlement", "principal"))


def _pace(asked: Request, given: Sequence[Access]) -> int:
    if any(one.mark.moving for one in given):
        return live.BUSY
    return live.PEOPLE if asked.is_open else live.SETTLED


def _own(request: PortalRequest) -> Any:
    """Requests that are the person's to answer and take back; a stranger's are a 404."""
    named = Q(person=request.user) | Q(asked_by=request.user)
    return Request.objects.visible_to(request.user).filter(named)
