"""Grants and what became of them in AWS: to read, and to end with a reason."""

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from policies.access import grants
from policies.models import Delivery, EndReason, Grant, Receipt
from portal.admin.base import RecordAdmin, Related, as_json
from portal.admin.site import site
from portal.admin.verbs import Done, Verb, VerbForm, WhyForm


def _end(grant: Grant, form: VerbForm, by: Actor) -> Done:
    done = grants.end(grant, by=by, reason=EndReason.REVOKED, why=form.cleaned_data["why"])
    if not done:
        return Done(_("It had ended already."), grant)
    return Done(_("Ended here. AWS follows; this page says when it was seen gone."), grant)


@admin.register(Grant, site=site)
class GrantAdmin(RecordAdmin):
    list_display = ("ref", "person", "entitlement", "starts_at", "ends_at", "ended_at", "seen_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "entitlement", "end_reason")
    list_select_related = ("person", "entitlement")
    search_fields = ("ref__iexact", "person__email__iexact")
    search_help_text = gettext_lazy("A reference or an e-mail address, whole.")
    fields = (
        "ref",
        "sentence",
        "person",
        "principal",
        "principal_unique_id",
        "entitlement",
        "entitlement_version",
        as_json("parts", gettext_lazy("parts")),
        "effect",
        "approved_at",
        "starts_at",
        "ends_at",
        "seen_at",
        "ended_at",
        "end_reason",
        "released_at",
        "correlation",
    )
    verbs = (
        Verb(
            "end",
            gettext_lazy("End"),
            gettext_lazy("This access ends now, and is taken out of AWS unless others need it."),
            _end,
            form=WhyForm,
            offered=lambda grant: grant.ended_at is None,
            evidence="admin/grant.html",
        ),
    )
    related = (
        Related(
            gettext_lazy("Deliveries"),
            lambda grant: grant.deliveries.select_related("target").order_by("-pk"),
            ("target", "purpose", "state", "seen_at", "wanted_until", "released_at", "release"),
        ),
    )


@admin.register(Delivery, site=site)
class DeliveryAdmin(RecordAdmin):
    list_display = ("grant", "target", "purpose", "state", "release", "seen_at", "released_at")
    list_filter = ("purpose", "state", "release")
    list_select_related = ("grant", "target")
    search_fields = ("grant__ref__iexact",)
    fields = (
        "grant",
        "target",
        as_json("part", gettext_lazy("part")),
        "purpose",
        "wanted_from",
        "wanted_until",
        "state",
        "seen_at",
        "release",
        "needed_by",
        "released_at",
    )
    related = (
        Related(
            gettext_lazy("Seen in AWS"),
            lambda delivery: delivery.intervals.order_by("-pk"),
            ("from_at", "until_at"),
        ),
    )


@admin.register(Receipt, site=site)
class ReceiptAdmin(RecordAdmin):
    list_display = ("ref", "person", "created_at")
    list_select_related = ("person",)
    search_fields = ("ref__iexact", "person__email__iexact")
    fields = ("ref", "person", "created_at", "closed_requests", "correlation")
    related = (
        Related(
            gettext_lazy("Access"),
            lambda receipt: receipt.grants.order_by("-pk"),
            ("ref", "sentence", "ended_at", "released_at"),
        ),
    )
