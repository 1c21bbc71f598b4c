"""People, services and portal roles: facts to read; links to send; roles to propose."""

from django import forms
from django.contrib import admin
from django.core.validators import validate_slug
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.models import Person, PortalRole, Service
from policies.access import directory
from portal.admin.base import RecordAdmin, Related
from portal.admin.fields import PersonField
from portal.admin.proposals import propose, propose_new
from portal.admin.site import site
from portal.admin.verbs import Done, Verb, VerbForm


class ServiceForm(VerbForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, validators=[validate_slug])
    purpose = forms.CharField(
        label=gettext_lazy("Purpose"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    first_owner = PersonField(label=gettext_lazy("First owner (e-mail address)"))
    second_owner = PersonField(label=gettext_lazy("Second owner (e-mail address)"))


def _send_link(person: Person, form: VerbForm, by: Actor) -> Done:
    directory.send_sign_in_link(person, by=by)
    return Done(_("The link is on its way by mail, to this person alone."), person)


def _add_service(subject: None, form: VerbForm, by: Actor) -> Done:
    service = directory.add_service(**form.cleaned_data, by=by)
    return Done(_("The service is added."), service)


@admin.register(Person, site=site)
class PersonAdmin(RecordAdmin):
    list_display = ("name", "email", "employee_number", "department", "manager", "state")
    list_filter = ("state",)
    list_select_related = ("manager",)
    search_fields = ("name", "email", "employee_number")
    fields = (
        "name",
        "email",
        "employee_number",
        "manager",
        "manager_since",
        "department",
        "job",
        "state",
        "contract_ends_on",
        "created_at",
        "last_login",
    )
    verbs = (
        Verb(
            "link",
            gettext_lazy("Send a sign-in link"),
            gettext_lazy(
                "A mail with a link that works once goes to this person’s own address. "
                "Nobody else sees the link, administrators neither."
            ),
            _send_link,
            offered=lambda person: bool(person.is_present),
        ),
        propose("portal_role", lambda person: str(person.email), start={"roles": []}),
    )
    related = (
        Related(
            gettext_lazy("Portal roles"),
            lambda person: person.portal_roles.order_by("-pk"),
            ("role", "from_at", "until_at"),
        ),
        Related(
            gettext_lazy("AWS identities"),
            lambda person: person.principals.order_by("-pk"),
            ("arn", "sharing", "confirmed_at", "ended_at"),
        ),
        Related(
            gettext_lazy("Shared AWS identities held"),
            lambda person: person.held.select_related("principal").order_by("-pk"),
            ("principal", "from_at", "until_at"),
        ),
        Related(
            gettext_lazy("Access"),
            lambda person: person.grants.order_by("-pk"),
            ("ref", "sentence", "starts_at", "ends_at", "ended_at"),
        ),
    )


@admin.register(PortalRole, site=site)
class PortalRoleAdmin(RecordAdmin):
    list_display = ("person", "role", "from_at", "until_at")
    list_filter = ("role",)
    list_select_related = ("person",)
    search_fields = ("person__email", "person__name")
    fields = ("person", "role", "from_at", "until_at")
    list_verbs = (propose_new("portal_role", {"roles": []}, gettext_lazy("E-mail address")),)


@admin.register(Service, site=site)
class ServiceAdmin(RecordAdmin):
    list_display = ("name", "first_owner", "second_owner", "created_at")
    list_select_related = ("first_owner", "second_owner")
    search_fields = ("name",)
    fields = ("name", "purpose", "first_owner", "second_owner", "created_at")
    list_verbs = (
        Verb(
            "add",
            gettext_lazy("Add a service"),
            gettext_lazy(
                "A service is a named program with a purpose and two people who answer for it. "
                "Neither of them can decide what the service may have."
            ),
            _add_service,
            form=ServiceForm,
        ),
    )
    related = (
        Related(
            gettext_lazy("AWS identities"),
            lambda service: service.principals.order_by("-pk"),
            ("arn", "sharing", "confirmed_at", "ended_at"),
        ),
    )
