"""Programs that call the API: who they are, their tokens, shown once and never again."""

from datetime import timedelta

from django import forms
from django.contrib import admin
from django.core.validators import validate_slug
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import tokens
from accounts.actors import Actor
from accounts.models import ApiToken, ServiceClient
from policies.access import directory
from portal.admin.base import RecordAdmin, Related
from portal.admin.site import site
from portal.admin.verbs import Done, Verb, VerbForm

LONGEST_DAYS = 730


class ClientForm(VerbForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80, validators=[validate_slug])
    purpose = forms.CharField(label=gettext_lazy("Purpose"), max_length=400)


class TokenForm(VerbForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"),
        choices=[(one, one) for one in tokens.SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.IntegerField(
        label=gettext_lazy("Valid for (days)"),
        min_value=1,
        max_value=LONGEST_DAYS,
        initial=90,
    )


def _add_client(subject: None, form: VerbForm, by: Actor) -> Done:
    client = directory.add_client(**form.cleaned_data, by=by)
    return Done(_("The API client is added. Make a token for it."), client)


def _create_token(client: ServiceClient, form: VerbForm, by: Actor) -> Done:
    data = form.cleaned_data
    expires = timezone.now() + timedelta(days=data["days"])
    row, token = directory.create_token(client, scopes=data["scopes"], expires_at=expires, by=by)
    message = _(
        "Copy the token now: nobody can read it again. It works once a second "
        "administrator has confirmed it."
    )
    return Done(message, row, secret=token)


def _confirm_token(token: ApiToken, form: VerbForm, by: Actor) -> Done:
    directory.confirm_token(token, by=by)
    return Done(_("The token is confirmed: it works from now on."), token)


def _end_token(token: ApiToken, form: VerbForm, by: Actor) -> Done:
    directory.end_token(token, by=by)
    return Done(_("The token is ended: it is refused from now on."), token)


@admin.register(ServiceClient, site=site)
class ServiceClientAdmin(RecordAdmin):
    list_display = ("name", "purpose", "created_at", "ended_at")
    search_fields = ("name",)
    fields = ("name", "purpose", "created_at", "ended_at")
    list_verbs = (
        Verb(
            "add",
            gettext_lazy("Add an API client"),
            gettext_lazy("A program that calls the API, for example the HR system."),
            _add_client,
            form=ClientForm,
        ),
    )
    verbs = (
        Verb(
            "token",
            gettext_lazy("Create a token"),
            gettext_lazy("Whoever has the token acts as this client, within the scopes chosen."),
            _create_token,
            form=TokenForm,
            offered=lambda client: client.ended_at is None,
        ),
    )
    related = (
        Related(
            gettext_lazy("Tokens"),
            lambda client: client.tokens.order_by("-pk"),
            ("hint", "scopes", "created_at", "confirmed_at", "expires_at", "used_at", "ended_at"),
        ),
    )


@admin.register(ApiToken, site=site)
class ApiTokenAdmin(RecordAdmin):
    list_display = (
        "hint",
        "client",
        "created_at",
        "confirmed_at",
        "expires_at",
        "used_at",
        "ended_at",
    )
    list_filter = ("client",)
    list_select_related = ("client",)
    fields = (
        "client",
        "hint",
        "scopes",
        "created_at",
        "created_by",
        "confirmed_at",
        "confirmed_by",
        "expires_at",
        "used_at",
        "ended_at",
    )
    verbs = (
        Verb(
            "confirm",
            gettext_lazy("Confirm the token"),
            gettext_lazy(
                "Whoever has the token may change facts about people, and with them who "
                "decides. Confirm only what you know of."
            ),
            _confirm_token,
            offered=lambda token: token.confirmed_at is None and token.ended_at is None,
        ),
        Verb(
            "end",
            gettext_lazy("End the token"),
            gettext_lazy("Whoever uses it is refused from now on. It cannot be revived."),
            _end_token,
            offered=lambda token: token.ended_at is None,
        ),
    )
