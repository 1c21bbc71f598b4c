"""What others did in AWS, and what stops us from writing: to read, and to decide about."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from accounts.models import Principal
from policies.access import anew, labels, operations, outside
from policies.access.requests import Wish
from policies.models import (
    EVERYTHING,
    AwsAccount,
    Drift,
    Entitlement,
    Foreign,
    Freeze,
    account_scope,
)
from portal.admin.base import RecordAdmin, as_text
from portal.admin.fields import RuleField
from portal.admin.site import site
from portal.admin.verbs import Done, Verb, VerbForm, WhyForm


class ShownForm(WhyForm):
    """A reason, and the text that is in front of who decides."""

    def __init__(self, data: Any = None, *, subject: Any = None) -> None:
        super().__init__(data, subject=subject)
        self.seen_as = "" if subject is None else _text(subject)

    def hidden(self) -> dict[str, str]:
        return {"shown": self.seen_as}


def _shown(form: VerbForm) -> str:
    return str(form.data.get("shown", ""))


def _text(row: Drift | Foreign) -> str:
    """What stands there, in one word where it is gone."""
    return (row.there or "") if isinstance(row, Drift) else row.text


def _put_back(drift: Drift, form: VerbForm, by: Actor) -> Done:
    shown = _shown(form) or None
    outside.put_back(drift, shown, by=by, why=form.cleaned_data["why"])
    return Done(_("A worker writes what is wanted at once."), drift.target)


def _adopt(foreign: Foreign, form: VerbForm, by: Actor) -> Done:
    outside.adopt(foreign, _shown(form), by=by, why=form.cleaned_data["why"])
    return Done(_("It is managed here from now on."), foreign.target)


def _remove(foreign: Foreign, form: VerbForm, by: Actor) -> Done:
    outside.remove(foreign, _shown(form), by=by, why=form.cleaned_data["why"])
    return Done(_("A worker removes it at once. What stood there is kept."), foreign.target)


def _ignore(foreign: Foreign, form: VerbForm, by: Actor) -> Done:
    outside.ignore(foreign, _shown(form), by=by, why=form.cleaned_data["why"])
    return Done(_("It is not pointed out again, as long as it stays as it is."), foreign)


class AdoptIntoForm(WhyForm):
    """Whose access the entry becomes, through which identity, for how long."""

    field_order = ("principal", "entitlement", "terms", "days", "why")
    principal = forms.ModelChoiceField(
        Principal.objects.none(), label=gettext_lazy("AWS identity"), blank=False
    )
    entitlement = forms.ModelChoiceField(
        Entitlement.objects.none(), label=gettext_lazy("Access"), blank=False
    )
    terms = RuleField(label=gettext_lazy("Terms"), required=False, initial={})
    days = forms.IntegerField(label=gettext_lazy("Days"), min_value=1, max_value=366, initial=30)

    def __init__(self, data: Any = None, *, subject: Any = None) -> None:
        super().__init__(data, subject=subject)
        usable = Principal.objects.usable().filter(person__isnull=False).order_by("arn")
        self.fields["principal"].queryset = usable  # type: ignore[attr-defined]
        offered = Entitlement.objects.offered().order_by("name")
        self.fields["entitlement"].queryset = offered  # type: ignore[attr-defined]


def _adopt_into(foreign: Foreign, form: VerbForm, by: Actor) -> Done:
    data = form.cleaned_data
    request = anew.ask_to_adopt(
        foreign,
        Wish(data["entitlement"], data["principal"], data["terms"] or {}),
        by=by,
        person=data["principal"].person,
        days=data["days"],
        reason=data["why"],
        now=timezone.now(),
    )
    return Done(_("Asked for. Whoever decides this access decides it now."), request)


def _is_open(row: Any) -> bool:
    return row.over_at is None if isinstance(row, Drift) else row.gone_at is None


@admin.register(Drift, site=site)
class DriftAdmin(RecordAdmin):
    list_display = ("key", "target", "first_seen_at", "last_seen_at", "writer", "over", "over_at")
    list_filter = ("over",)
    list_select_related = ("target",)
    search_fields = ("key",)
    fields = (
        "target",
        "key",
        as_text("wanted", gettext_lazy("as wanted")),
        as_text("there", gettext_lazy("as others left it")),
        "writer",
        "first_seen_at",
        "last_seen_at",
        "over",
        "over_at",
        "plan",
    )
    verbs = (
        Verb(
            "put-back",
            gettext_lazy("Put back"),
            gettext_lazy(
                "What is wanted is written over what others made of it. Their text is kept here."
            ),
            _put_back,
            form=ShownForm,
            offered=_is_open,
            evidence="admin/there.html",
        ),
    )


@admin.register(Foreign, site=site)
class ForeignAdmin(RecordAdmin):
    @admin.display(description=gettext_lazy("what it is"))
    def what(self, row: Foreign) -> str:
        return labels.of(row) or "–"

    list_display = ("key", "what", "target", "marked", "first_seen_at", "ignored_at", "gone_at")
    list_filter = (
        "marked",
        ("ignored_at", admin.EmptyFieldListFilter),
        ("gone_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("target",)
    search_fields = ("key",)
    fields = (
        "target",
        "key",
        "what",
        as_text("text", gettext_lazy("text")),
        "marked",
        "first_seen_at",
        "changed_at",
        "gone_at",
        "ignored_at",
        "ignored_by",
        "ignored_why",
    )
    verbs = (
        Verb(
            "adopt",
            gettext_lazy("Adopt"),
            gettext_lazy(
                "For an entry that living access wants but that stood there before: it is made as "
                "that access wants it, and goes when that access ends."
            ),
            _adopt,
            form=ShownForm,
            offered=_is_open,
            evidence="admin/there.html",
        ),
        Verb(
            "adopt-into",
            gettext_lazy("Adopt into an access"),
            gettext_lazy(
                "A request with an owner and an end is opened. Approved, the entry becomes ours "
                "and goes when that access ends."
            ),
            _adopt_into,
            form=AdoptIntoForm,
            offered=_is_open,
        ),
        Verb(
            "remove",
            gettext_lazy("Remove from AWS"),
            gettext_lazy("It is taken out of AWS. What stood there is kept with the plan."),
            _remove,
            form=ShownForm,
            offered=_is_open,
            evidence="admin/there.html",
        ),
        Verb(
            "ignore",
            gettext_lazy("Ignore"),
            gettext_lazy("It is known about, and not pointed out as long as it does not change."),
            _ignore,
            form=ShownForm,
            offered=_is_open,
            evidence="admin/there.html",
        ),
    )


class FreezeForm(WhyForm):
    field_order = ("where", "why")
    where = forms.ChoiceField(label=gettext_lazy("What is frozen"))

    def __init__(self, data: Any = None, *, subject: Any = None) -> None:
        super().__init__(data, subject=subject)
        accounts = [(account_scope(one.number), str(one)) for one in AwsAccount.objects.all()]
        choices = [(EVERYTHING, _("everything")), *accounts]
        self.fields["where"].choices = choices  # type: ignore[attr-defined]


def _freeze(_row: None, form: VerbForm, by: Actor) -> Done:
    data = form.cleaned_data
    row = operations.freeze(data["where"], by=by, why=data["why"])
    return Done(_("Frozen: nothing is written there until it is lifted."), row)


def _lift(freeze: Freeze, form: VerbForm, by: Actor) -> Done:
    operations.lift(freeze, by=by, why=form.cleaned_data["why"])
    return Done(_("Lifted: what waited is written now."), freeze)


@admin.register(Freeze, site=site)
class FreezeAdmin(RecordAdmin):
    list_display = ("scope", "since_at", "by", "restored", "lifted_at", "lifted_by")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    list_select_related = ("by", "lifted_by")
    fields = ("scope", "why", "restored", "since_at", "by", "lifted_at", "lifted_by")
    list_verbs = (
        Verb(
            "freeze",
            gettext_lazy("Freeze"),
            gettext_lazy("Nothing is written to AWS there until it is lifted. Reading goes on."),
            _freeze,
            form=FreezeForm,
        ),
    )
    verbs = (
        Verb(
            "lift",
            gettext_lazy("Lift"),
            gettext_lazy("What waited is written at once. Look at the held targets first."),
            _lift,
            form=WhyForm,
            offered=lambda freeze: freeze.lifted_at is None,
        ),
    )
