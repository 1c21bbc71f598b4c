"""AWS identities: registered by one administrator, confirmed by another, never edited."""

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.models import DataEngineer, EksUser, Principal, Service, Sharing, StudioUser
from policies.access import identities
from portal.admin.base import RecordAdmin, Related
from portal.admin.fields import PeopleField, PersonField
from portal.admin.site import site
from portal.admin.verbs import Done, Verb, VerbForm, WhyForm


class PrincipalForm(VerbForm):
    arn = forms.CharField(
        label=gettext_lazy("ARN"),
        max_length=1000,
        help_text=gettext_lazy("For example arn:aws:iam::111122223333:role/people/ana"),
        widget=forms.TextInput(attrs={"size": 60, "spellcheck": "false"}),
    )
    sharing = forms.ChoiceField(label=gettext_lazy("Sharing"), choices=Sharing.choices)
    person = PersonField(label=gettext_lazy("Person (e-mail address)"), required=False)
    service = forms.ModelChoiceField(
        Service.objects.order_by("name"),
        label=gettext_lazy("Service"),
        required=False,
    )
    owner = PersonField(
        label=gettext_lazy("Owner (e-mail address)"),
        help_text=gettext_lazy("Decides too, when a shared identity is to get access."),
        required=False,
    )
    holders = PeopleField(
        label=gettext_lazy("Holders (e-mail addresses)"),
        help_text=gettext_lazy("Everybody who can act as a shared identity, one a line."),
        required=False,
    )


def _register(subject: None, form: VerbForm, by: Actor) -> Done:
    data = dict(form.cleaned_data)
    principal = identities.register(data.pop("arn"), by=by, now=timezone.now(), **data)
    return Done(_("Added. It can be used once another administrator confirms it."), principal)


def _confirm(principal: Principal, form: VerbForm, by: Actor) -> Done:
    identities.confirm(principal, by=by, now=timezone.now())
    return Done(_("Confirmed. Requests that waited for it begin."), principal)


def _reject(principal: Principal, form: VerbForm, by: Actor) -> Done:
    identities.reject(principal, by=by, reason=form.cleaned_data["why"])
    return Done(_("Rejected. It can never be used."), principal)


def _undecided(principal: Principal) -> bool:
    return principal.confirmed_at is None and principal.ended_at is None


@admin.register(Principal, site=site)
class PrincipalAdmin(RecordAdmin):
    list_display = ("arn", "type", "sharing", "person", "service", "confirmed_at", "ended_at")
    list_filter = ("type", "sharing", ("confirmed_at", admin.EmptyFieldListFilter))
    list_select_related = ("person", "service")
    search_fields = ("arn", "unique_id__exact", "person__email")
    fields = (
        "arn",
        "unique_id",
        "type",
        "sharing",
        "account",
        "person",
        "service",
        "owner",
        "registered_by",
        "confirmed_by",
        "confirmed_at",
        "ended_at",
        "created_at",
    )
    list_verbs = (
        Verb(
            "register",
            gettext_lazy("Add an AWS identity"),
            gettext_lazy(
                "Say whose it is. An administrator who neither adds nor holds it confirms it; "
                "afterwards its ARN is never edited."
            ),
            _register,
            form=PrincipalForm,
        ),
    )
    verbs = (
        Verb(
            "confirm",
            gettext_lazy("Confirm"),
            gettext_lazy("You have checked that this AWS identity belongs to whom it names here."),
            _confirm,
            offered=_undecided,
            evidence="admin/principal.html",
        ),
        Verb(
            "reject",
            gettext_lazy("Reject"),
            gettext_lazy("This AWS identity is not whose it says. It can never be used."),
            _reject,
            form=WhyForm,
            offered=_undecided,
            evidence="admin/principal.html",
        ),
    )
    related = (
        Related(
            gettext_lazy("Holders"),
            lambda principal: principal.holders.select_related("person").order_by("-pk"),
            ("person", "from_at", "until_at"),
        ),
        Related(
            gettext_lazy("Access"),
            lambda principal: principal.grants.order_by("-pk"),
            ("ref", "sentence", "starts_at", "ends_at", "ended_at"),
        ),
    )


class ProfileAdmin(RecordAdmin):
    """What an AWS identity is on the platform. Made when its first access is asked for."""

    list_select_related = ("principal",)
    search_fields = ("principal__arn", "principal__person__email")


@admin.register(StudioUser, site=site)
class StudioUserAdmin(ProfileAdmin):
    list_display = ("principal", "level", "since_at")
    list_filter = ("level",)
    fields = ("principal", "level", "since_at")


@admin.register(EksUser, site=site)
class EksUserAdmin(ProfileAdmin):
    list_display = ("principal", "username", "since_at")
    fields = ("principal", "username", "since_at")


@admin.register(DataEngineer, site=site)
class DataEngineerAdmin(ProfileAdmin):
    list_display = ("principal", "discipline", "since_at")
    fields = ("principal", "discipline", "since_at")
