"""The record: every event, with filters; its seals; and what things were from when until when."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy

from accounts.actors import ActorKind, Channel
from accounts.audit import What
from accounts.models import Event, Note, Person, Seal, Sealed, Version
from accounts.seals import signing
from portal.admin.base import RecordAdmin, Related, as_json
from portal.admin.filters import FromList
from portal.admin.site import site


class WhatFilter(FromList):
    title, parameter_name = gettext_lazy("what"), "what"
    words = tuple(str(one) for one in What)


class ChannelFilter(FromList):
    title, parameter_name = gettext_lazy("channel"), "channel"
    words = tuple(str(one) for one in Channel)


class ActorFilter(FromList):
    title, parameter_name = gettext_lazy("actor"), "actor_kind"
    words = tuple(str(one) for one in ActorKind)


@admin.register(Event, site=site)
class EventAdmin(RecordAdmin):
    list_display = ("at", "what", "object_kind", "object_id", "actor_kind", "actor_id", "channel")
    list_filter = (WhatFilter, ChannelFilter, ActorFilter)
    search_fields = ("correlation",)
    search_help_text = gettext_lazy(
        "A correlation id, or a kind and an id with a blank between, as in “request R-7F3K9AB” "
        "or “person 12”."
    )
    fields = (
        "at",
        "what",
        "actor_kind",
        "actor_id",
        "actor_person",
        "on_behalf_of",
        "channel",
        "assurance",
        "object_kind",
        "object_id",
        "person_id",
        as_json("before", gettext_lazy("before")),
        as_json("after", gettext_lazy("after")),
        as_json("rules", gettext_lazy("rules in force")),
        as_json("aws", gettext_lazy("AWS request ids and dates")),
        "why",
        "correlation",
        "seeded",
        "position",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Any]", search_term: str
    ) -> tuple["QuerySet[Any]", bool]:
        """Whole words only, each by an index: the record is the table that grows most."""
        kind, _blank, name = search_term.strip().partition(" ")
        if kind == "person" and name:
            return queryset.filter(person_id=name.strip()), False
        if name:
            return queryset.filter(object_kind=kind, object_id=name.strip()), False
        return (queryset.filter(correlation=kind) if kind else queryset), False

    @admin.display(description=gettext_lazy("actor’s name now"))
    def actor_person(self, event: Event) -> str:
        if event.actor_kind != ActorKind.PERSON or not event.actor_id.isdigit():
            return ""
        return str(Person.objects.filter(pk=event.actor_id).first() or "")

    @admin.display(description=gettext_lazy("reason"))
    def why(self, event: Event) -> str:
        note = Note.objects.filter(event=event).first()
        return note.text if note is not None else ""

    @admin.display(description=gettext_lazy("sealed at position"))
    def position(self, event: Event) -> str:
        sealed = Sealed.objects.filter(event=event).first()
        return str(sealed.position) if sealed is not None else gettext("waits for the sealer")


@admin.register(Seal, site=site)
class SealAdmin(RecordAdmin):
    """Seals are checked by `manage.py verify_audit`, not by looking at them."""

    list_display = ("number", "at", "first_position", "last_position", "count", "key_id")
    fields = (
        "number",
        "at",
        "first_position",
        "last_position",
        "count",
        "previous",
        "root",
        "digest",
        "key",
        "key_id",
        "next_key",
        "signature",
    )
    related = (
        Related(
            gettext_lazy("Events"),
            lambda seal: Event.objects.filter(
                sealed__position__range=(seal.first_position, seal.last_position)
            ).order_by("-sealed__position"),
            ("at", "what", "object_kind", "object_id"),
        ),
    )

    @admin.display(description=gettext_lazy("key"))
    def key_id(self, seal: Seal) -> str:
        return signing.key_id(seal.key)


@admin.register(Version, site=site)
class VersionAdmin(RecordAdmin):
    list_display = ("subject", "subject_id", "from_at", "until_at")
    search_fields = ("subject_id__exact",)
    fields = (
        "subject",
        "subject_id",
        "from_at",
        "until_at",
        as_json("facts", gettext_lazy("facts")),
    )
