"""What can be asked for, and who decides it: to read, and to change by proposal."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy

from policies.kinds import KINDS
from policies.models import ApprovalPolicy, Bundle, Entitlement
from portal.admin.base import RecordAdmin, as_json
from portal.admin.filters import FromList
from portal.admin.proposals import propose, propose_end, propose_new
from portal.admin.site import site

_SHORT_NAME = gettext_lazy("Short name")


def _slug(row: Any) -> str:
    return str(row.slug)


def _living(row: Any) -> bool:
    return row.ended_at is None


class KindFilter(FromList):
    title, parameter_name = gettext_lazy("kind"), "kind"
    words = tuple(KINDS)


@admin.register(Entitlement, site=site)
class EntitlementAdmin(RecordAdmin):
    list_display = ("name", "slug", "kind", "approval_policy", "owner", "max_days", "ended_at")
    list_filter = (KindFilter, "approval_policy")
    list_select_related = ("approval_policy", "owner")
    search_fields = ("slug", "name")
    fields = (
        "slug",
        "name",
        "description",
        "kind",
        as_json("config", gettext_lazy("configuration")),
        "approval_policy",
        "owner",
        "max_days",
        "cut",
        "version",
        "ended_at",
    )
    verbs = (propose("entitlement", _slug), propose_end("entitlement", _slug, _living))
    list_verbs = (
        propose_new(
            "entitlement",
            {
                "name": "",
                "description": "",
                "kind": "",
                "config": {},
                "approval_policy": "",
                "owner": None,
                "max_days": 90,
                "cut": "none",
            },
            _SHORT_NAME,
        ),
    )


@admin.register(Bundle, site=site)
class BundleAdmin(RecordAdmin):
    list_display = ("name", "slug", "ended_at")
    search_fields = ("slug", "name")
    fields = ("slug", "name", "description", "entitlements", "ended_at")
    verbs = (propose("bundle", _slug), propose_end("bundle", _slug, _living))
    list_verbs = (
        propose_new("bundle", {"name": "", "description": "", "entitlements": []}, _SHORT_NAME),
    )


@admin.register(ApprovalPolicy, site=site)
class ApprovalPolicyAdmin(RecordAdmin):
    list_display = ("name", "slug", "wait_hours", "version")
    search_fields = ("slug", "name")
    fields = (
        "slug",
        "name",
        as_json("steps", gettext_lazy("steps")),
        "wait_hours",
        "fallback",
        "version",
    )
    verbs = (propose("approval_policy", _slug),)
    list_verbs = (
        propose_new(
            "approval_policy",
            {"name": "", "steps": [{"who": "manager"}], "wait_hours": 48, "fallback": []},
            _SHORT_NAME,
        ),
    )
