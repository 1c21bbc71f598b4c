"""What the workers do: targets by phase, keys, plans, inquiries, mail. To read, and to retry."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.models import Notice
from policies import outcomes
from policies.access import operations, outside
from policies.models import (
    AwsAccount,
    Inquiry,
    Key,
    ManagedBy,
    Plan,
    Repair,
    Target,
    TargetKind,
    target_scope,
)
from portal.admin.base import RecordAdmin, Related, as_json, as_text
from portal.admin.filters import FromList
from portal.admin.site import site
from portal.admin.verbs import Done, Verb, VerbForm, WhyForm


def _retry(target: Target, form: VerbForm, by: Actor) -> Done:
    operations.retry_now(target, by=by)
    return Done(_("A worker will look at it at once."), target)


class LetGoForm(WhyForm):
    """The held-back changes travel with the page: those and no others are let go."""

    def hidden(self) -> dict[str, str]:
        return {"shown": operations.pending_digest(self.subject.pending)}


def _let_go(target: Target, form: VerbForm, by: Actor) -> Done:
    shown = str(form.data.get("shown", ""))
    operations.let_go(target, shown, by=by, why=form.cleaned_data["why"])
    return Done(_("Let go: a worker makes these changes at once."), target)


def _freeze(target: Target, form: VerbForm, by: Actor) -> Done:
    operations.freeze(target_scope(target), by=by, why=form.cleaned_data["why"])
    return Done(_("Frozen: nothing is written here until it is lifted."), target)


class RepairForm(WhyForm):
    field_order = ("mode", "hours", "why")
    mode = forms.ChoiceField(label=gettext_lazy("When others changed it"), choices=Repair.choices)
    hours = forms.IntegerField(
        label=gettext_lazy("Hours"),
        min_value=1,
        max_value=operations.LONGEST_REPAIR_HOURS,
        initial=24,
    )


def _set_repair(target: Target, form: VerbForm, by: Actor) -> Done:
    data = form.cleaned_data
    operations.set_repair(target, data["mode"], data["hours"], by=by, why=data["why"])
    return Done(_("Set."), target)


class ManagerForm(WhyForm):
    field_order = ("manager", "why")
    manager = forms.ChoiceField(label=gettext_lazy("Written by"), choices=ManagedBy.choices)


def _set_manager(target: Target, form: VerbForm, by: Actor) -> Done:
    data = form.cleaned_data
    operations.set_manager(target, data["manager"], by=by, why=data["why"])
    return Done(_("Set. A worker looks at it at once."), target)


class PlaceForm(WhyForm):
    """A place by the four facts that name its target."""

    field_order = ("kind", "account", "region", "name", "why")
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=TargetKind.choices)
    account = forms.ModelChoiceField(
        label=gettext_lazy("Account"), queryset=AwsAccount.objects.order_by("number")
    )
    region = forms.CharField(
        label=gettext_lazy("Region (empty for IAM)"), max_length=32, required=False
    )
    name = forms.CharField(
        label=gettext_lazy("What it is called in AWS (ARN, id or name)"), max_length=1000
    )


def _name_place(_row: None, form: VerbForm, by: Actor) -> Done:
    data = form.cleaned_data
    where = (data["account"].number, data["region"], data["name"])
    row = operations.name_place(data["kind"], where, by=by, why=data["why"])
    return Done(
        _("Gatehouse never writes there. It is read now; its page says what was found."), row
    )


class RestoreForm(WhyForm):
    """Which of the texts that the plan replaced comes back."""

    field_order = ("key", "why")
    key = forms.ChoiceField(label=gettext_lazy("What"))

    def __init__(self, data: Any = None, *, subject: Any = None) -> None:
        super().__init__(data, subject=subject)
        keys = [one["key"] for one in subject.changes if one["before"] is not None]
        self.fields["key"].choices = [(key, key) for key in keys]  # type: ignore[attr-defined]


def _restore(plan: Plan, form: VerbForm, by: Actor) -> Done:
    data = form.cleaned_data
    outside.restore(plan, data["key"], by=by, why=data["why"])
    return Done(_("A worker writes it at once; then it is not managed here any more."), plan.target)


class OutcomeFilter(FromList):
    title, parameter_name = gettext_lazy("outcome"), "outcome"
    words = (*(str(one) for one in outcomes.Kind), "frozen", "brake", "drift", "external")


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
        "advice",
        "outcome_text",
        as_json("refused", gettext_lazy("refused by AWS")),
        as_json("pending", gettext_lazy("held back")),
        "managed_by",
        "repair",
        "repair_hours",
        "scanned_at",
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
    list_verbs = (
        Verb(
            "name-place",
            gettext_lazy("Name a place that others manage"),
            gettext_lazy(
                "Before any access is wanted there: Gatehouse will show others (Terraform) the "
                "change and never write."
            ),
            _name_place,
            form=PlaceForm,
        ),
    )
    verbs = (
        Verb(
            "retry",
            gettext_lazy("Retry now"),
            gettext_lazy("Refusals and failed rounds are forgotten and a worker tries at once."),
            _retry,
        ),
        Verb(
            "let-go",
            gettext_lazy("Let go"),
            gettext_lazy("The changes held back by the brake are made: exactly these."),
            _let_go,
            form=LetGoForm,
            offered=lambda target: target.outcome == "brake",
            evidence="admin/pending.html",
        ),
        Verb(
            "freeze",
            gettext_lazy("Freeze"),
            gettext_lazy("Nothing is written here until it is lifted. Reading goes on."),
            _freeze,
            form=WhyForm,
        ),
        Verb(
            "repair",
            gettext_lazy("Choose how to repair"),
            gettext_lazy("What happens when others change something of ours here."),
            _set_repair,
            form=RepairForm,
        ),
        Verb(
            "manager",
            gettext_lazy("Choose who writes here"),
            gettext_lazy(
                "We, or others (Terraform): then Gatehouse shows them the change, waits and "
                "watches, and never writes."
            ),
            _set_manager,
            form=ManagerForm,
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
        Related(
            gettext_lazy("Changed by others"),
            lambda target: target.drifts.order_by("-pk"),
            ("key", "first_seen_at", "writer", "over", "over_at"),
        ),
        Related(
            gettext_lazy("Not managed here"),
            lambda target: target.foreigners.filter(gone_at__isnull=True).order_by("-pk"),
            ("key", "marked", "first_seen_at", "ignored_at"),
        ),
    )

    @admin.display(description=gettext_lazy("what it means, what to do"))
    def advice(self, target: Target) -> str:
        known = target.outcome in outcomes.Kind._value2member_map_
        if not known and target.outcome != "external":
            return ""
        one = outcomes.ADVICE[outcomes.Kind(target.outcome)] if known else outcomes.EXTERNAL
        return f"{_(one.means)} {_(one.remedy)} ({one.runbook})"


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
    verbs = (
        Verb(
            "restore",
            gettext_lazy("Put back what it replaced"),
            gettext_lazy(
                "What stood there before this plan is written again. Access that is living "
                "keeps what it needs: end it first."
            ),
            _restore,
            form=RestoreForm,
            offered=lambda plan: any(one["before"] is not None for one in plan.changes),
        ),
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
