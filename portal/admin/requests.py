"""Requests: listed, read with everything a decision needs, decided through the same verbs."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from policies.access import cuts, decisions
from policies.models import Comment, Decision, Item, Request, Step
from portal.admin.base import RecordAdmin, Related
from portal.admin.site import site
from portal.admin.verbs import Done, MaybeWhyForm, Verb, VerbForm, WhyForm

_EFFECT = "effect_"


class ApproveForm(MaybeWhyForm):
    """Carries the effect of each item as it was shown: the decision is for exactly that.

    `items` is read once, so that what is shown and what the page carries are one reading.
    """

    collateral = forms.BooleanField(
        label=gettext_lazy("I accept that its end interrupts what is named above, too."),
        required=False,
    )

    def __init__(self, data: Any = None, *, subject: Any = None) -> None:
        super().__init__(data, subject=subject)
        self.shown_items = evidence(subject)
        if not any(cuts.collateral(item) for item in self.shown_items):
            del self.fields["collateral"]

    def hidden(self) -> dict[str, str]:
        return {f"{_EFFECT}{item.pk}": item.effect for item in self.shown_items}

    def shown(self) -> dict[int, str]:
        """The effects the page carried, from the page and not from the database."""
        return {item.pk: str(self.data.get(f"{_EFFECT}{item.pk}", "")) for item in self.shown_items}


def evidence(request: Request) -> list[Item]:
    items = list(request.items.select_related("entitlement", "principal", "request"))
    for item in items:
        item.collateral = cuts.collateral(item)  # type: ignore[attr-defined]
    return items


def _approve(request: Request, form: ApproveForm, by: Actor) -> Done:
    decisions.approve(
        request,
        form.shown(),
        by=by,
        now=timezone.now(),
        why=form.cleaned_data["why"],
        collateral=form.cleaned_data.get("collateral", False),
    )
    return Done(_("Your yes is saved."), request)


def _decline(request: Request, form: VerbForm, by: Actor) -> Done:
    decisions.decline(request, by=by, now=timezone.now(), why=form.cleaned_data["why"])
    return Done(_("Declined."), request)


def _ask_back(request: Request, form: VerbForm, by: Actor) -> Done:
    decisions.ask_back(request, by=by, now=timezone.now(), question=form.cleaned_data["why"])
    return Done(_("Your question is sent."), request)


def _is_open(request: Request) -> bool:
    return request.state == Request.State.OPEN


def _can_be_approved(request: Request) -> bool:
    return _is_open(request) and all(item.effect and item.preview for item in request.items.all())


@admin.register(Request, site=site)
class RequestAdmin(RecordAdmin):
    list_display = ("ref", "person", "asked_by", "state", "created_at", "closed_at")
    list_filter = ("state",)
    list_select_related = ("person", "asked_by")
    search_fields = ("ref__iexact", "person__email__iexact")
    search_help_text = gettext_lazy("A reference or an e-mail address, whole.")
    fields = (
        "ref",
        "person",
        "asked_by",
        "reason",
        "days",
        "starts_on",
        "ends_on",
        "state",
        "created_at",
        "closed_at",
        "correlation",
    )
    evidence = "admin/request.html"
    verbs = (
        Verb(
            "approve",
            gettext_lazy("Approve"),
            gettext_lazy("You say yes to exactly what is shown here, and to nothing else."),
            _approve,
            form=ApproveForm,
            offered=_can_be_approved,
            evidence="admin/request.html",
        ),
        Verb(
            "decline",
            gettext_lazy("Decline"),
            gettext_lazy("The request ends. Whoever asked reads your reason."),
            _decline,
            form=WhyForm,
            offered=_is_open,
            evidence="admin/request.html",
        ),
        Verb(
            "ask-back",
            gettext_lazy("Ask back"),
            gettext_lazy("Your question goes to who asked; the request waits for the answer."),
            _ask_back,
            form=WhyForm,
            offered=_is_open,
            evidence="admin/request.html",
        ),
    )
    related = (
        Related(
            gettext_lazy("Steps"),
            lambda request: Step.objects.filter(request=request).order_by("position"),
            ("position", "who", "quorum", "state", "opened_at", "closed_at"),
        ),
        Related(
            gettext_lazy("Decisions"),
            lambda request: (
                Decision.objects.filter(step__request=request).select_related("by").order_by("-pk")
            ),
            ("verb", "by", "why", "at"),
        ),
        Related(
            gettext_lazy("Questions and answers"),
            lambda request: (
                Comment.objects.filter(request=request).select_related("by").order_by("-pk")
            ),
            ("by", "text", "at"),
        ),
    )
