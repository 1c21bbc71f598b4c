"""What the workers do: targets by phase, keys, plans, inquiries, mail. To read, and to retry."""

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.models import Notice
from policies import outcomes
from policies.access import operations
from policies.models import Inquiry, Key, Plan, Target
from portal.admin.base import RecordAdmin, Related, as_json, as_text
from portal.admin.filters import FromList
from portal.admin.site import site
from portal.admin.verbs import Done, Verb, VerbForm


def _retry(target: Target, form: VerbForm, by: Actor) -> Done:
    operations.retry_now(target, by=by)
    return Done(_("A worker will look at it at once."), target)


class OutcomeFilter(FromList):
    title, parameter_name = gettext_lazy("outcome"), "outcome"
    words = tuple(str(one) for one in outcomes.Kind)


@admin.register(Target, site=site)
class TargetAdmin(RecordAdmin):
    list_display = (
        "object",
        "kind",
        "account",
        "phase",
        "outcome",
        "next_look_at",
        "unsettled_since",
    )
    list_filter = ("phase", "kind", OutcomeFilter)
    search_fields = ("object", "account")
    fields = (
        "kind",
        "account",
        "region",
        "object",
        "phase",
        "outcome",
        "outcome_text",
        as_json("refused", gettext_lazy("refused by AWS")),
        "generation",
        "applied_generation",
        "settled_generation",
        "unsettled_since",
        "settled_at",
        "written_at",
        "window_until",
        "next_look_at",
        "looks",
        "round",
        "attempts",
        "lease_until",
    )
    verbs = (
        Verb(
            "retry",
            gettext_lazy("Retry now"),
            gettext_lazy("Refusals and failed rounds are forgotten and a worker tries at once."),
            _retry,
        ),
    )
    related = (
        Related(
            gettext_lazy("Keys"),
            lambda target: target.keys.order_by("-pk"),
            ("key", "origin", "seen", "doubt", "at"),
        ),
        Related(
            gettext_lazy("Plans"),
            lambda target: target.plans.order_by("-pk"),
            ("ref", "generation", "outcome", "started_at", "finished_at"),
        ),
        Related(
            gettext_lazy("Deliveries"),
            lambda target: target.deliveries.select_related("grant").order_by("-pk"),
            ("grant", "purpose", "state", "seen_at", "wanted_until", "released_at", "release"),
        ),
    )


@admin.register(Key, site=site)
class KeyAdmin(RecordAdmin):
    list_display = ("key", "target", "origin", "seen", "doubt", "at")
    list_filter = ("origin", "doubt")
    list_select_related = ("target",)
    search_fields = ("key",)
    fields = (
        "target",
        "key",
        "origin",
        as_text("text", gettext_lazy("text we wrote")),
        as_text("replaced", gettext_lazy("text it replaced")),
        "seen",
        "doubt",
        "window_until",
        "plan",
        "at",
    )


@admin.register(Plan, site=site)
class PlanAdmin(RecordAdmin):
    list_display = ("ref", "target", "generation", "outcome", "started_at", "finished_at")
    list_filter = ("outcome",)
    list_select_related = ("target",)
    search_fields = ("ref__iexact", "correlation__exact")
    fields = (
        "ref",
        "target",
        "generation",
        as_json("changes", gettext_lazy("changes")),
        "outcome",
        "error",
        as_json("aws", gettext_lazy("AWS request ids and dates")),
        "correlation",
        "started_at",
        "finished_at",
    )


@admin.register(Inquiry, site=site)
class InquiryAdmin(RecordAdmin):
    list_display = ("pk", "kind", "state", "outcome", "attempts", "asked_at", "answered_at")
    list_filter = ("state", "kind")
    fields = (
        "kind",
        "request",
        "state",
        "outcome",
        "outcome_text",
        "attempts",
        "asked_at",
        "next_try_at",
        "answered_at",
        "correlation",
    )

    @admin.display(description=gettext_lazy("request"))
    def request(self, inquiry: Inquiry) -> str:
        return inquiry.item.request.ref


@admin.register(Notice, site=site)
class NoticeAdmin(RecordAdmin):
    list_display = ("pk", "topic", "person", "created_at", "sent_at", "attempts", "next_try_at")
    list_filter = (("sent_at", admin.EmptyFieldListFilter),)
    list_select_related = ("person",)
    fields = ("topic", "person", "created_at", "sent_at", "attempts", "next_try_at")
