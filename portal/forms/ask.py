"""The form that asks for one access or a package: identity, choices, how long, why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person, Principal
from policies.access.effects import check_principal
from policies.access.errors import Refused
from policies.access.requests import Wish
from policies.kinds import KINDS, BadTerms
from policies.models import Entitlement
from portal.forms.texts import Sentence

USUAL_DAYS = 30


@dataclass(frozen=True)
class Identity:
    """One AWS identity of the person; `problem` says why it cannot hold this access."""

    principal: Principal
    problem: str = ""


@dataclass(frozen=True)
class Section:
    """The part of the form about one entitlement."""

    entitlement: Entitlement
    identities: Sequence[Identity]
    identity_name: str
    choice_names: Sequence[str]

    @property
    def usable(self) -> list[Identity]:
        return [one for one in self.identities if not one.problem]


class Written(forms.CharField):
    """One value, written freely; the kind says whether it fits."""

    def clean(self, value: Any) -> Any:
        return [super().clean(value)]


class AskForm(forms.Form):
    """Fields per entitlement are named `e<pk>-identity` and `e<pk>-<name of the choice>`."""

    length = forms.ChoiceField(
        label=gettext_lazy("How long do you need it?"),
        choices=[
            ("days", gettext_lazy("a number of days, from the approval on")),
            ("until", gettext_lazy("until a last day")),
        ],
        initial="days",
        widget=forms.RadioSelect,
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days"), min_value=1, max_value=3660, required=False
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    starts_on = forms.DateField(
        label=gettext_lazy("First day (not required)"),
        required=False,
        help_text=gettext_lazy("Leave this empty to begin as soon as it is approved."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    reason = Sentence(
        label=gettext_lazy("What do you need it for?"),
        help_text=gettext_lazy("People decide by this sentence."),
    )

    def __init__(
        self, *args: Any, entitlements: Sequence[Entitlement], person: Person, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.most_days = min(one.max_days for one in entitlements)
        self.fields["days"].initial = min(USUAL_DAYS, self.most_days)
        self.fields["days"].help_text = _("At most %s at a time.") % self.most_days
        own = list(Principal.objects.usable().held_by(person).order_by("arn"))
        self.sections = [self._add_section(one, own) for one in entitlements]

    def clean(self) -> dict[str, Any]:
        """Exactly one of days and last day stays, as chosen."""
        data: dict[str, Any] = super().clean() or {}
        dropped = "ends_on" if data.get("length") == "days" else "days"
        kept = "days" if dropped == "ends_on" else "ends_on"
        data[dropped] = None
        self.errors.pop(dropped, None)
        if data.get(kept) is None and kept not in self.errors:
            self.add_error(kept, _("Fill this in."))
        self._check_identities(data)
        return data

    def wishes(self) -> list[Wish]:
        return [self._wish(section) for section in self.sections]

    def period(self) -> dict[str, date | int | None]:
        return {name: self.cleaned_data[name] for name in ("days", "starts_on", "ends_on")}

    def refuse(self, refused: Refused) -> None:
        """Put a verb's no beside the field it names, else above the form."""
        names = [refused.field, *self._names_in_sections(refused.field)]
        name = next((one for one in names if one in self.fields), None)
        self.add_error(name, refused.message)

    def _names_in_sections(self, field: str) -> list[str]:
        if len(self.sections) != 1:
            return []
        prefix = f"e{self.sections[0].entitlement.pk}"
        return [f"{prefix}-{'identity' if field == 'principal' else field}"]

    def _add_section(self, entitlement: Entitlement, own: Sequence[Principal]) -> Section:
        prefix = f"e{entitlement.pk}"
        identities = [Identity(one, problem_of(entitlement, one)) for one in own]
        section = Section(
            entitlement,
            identities,
            f"{prefix}-identity",
            [self._add_choice(prefix, one) for one in KINDS[entitlement.kind].fields(entitlement)],
        )
        if section.identities:
            self._add_identity(section)
        return section

    def _add_choice(self, prefix: str, field: Any) -> str:
        name = f"{prefix}-{field.name}"
        if not field.choices:
            self.fields[name] = Written(label=field.label, help_text=field.help or field.sample)
            return name
        only = list(field.choices) if len(field.choices) == 1 else []
        self.fields[name] = forms.MultipleChoiceField(
            label=field.label,
            help_text=field.help,
            choices=list(field.choices.items()),
            initial=only,
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": gettext_lazy("Choose at least one.")},
        )
        return name

    def _add_identity(self, section: Section) -> None:
        usable = section.usable
        self.fields[section.identity_name] = forms.ChoiceField(
            label=gettext_lazy("For which AWS identity?"),
            choices=[(str(one.principal.pk), one.principal.arn) for one in section.identities],
            required=bool(usable),
            initial=str(usable[0].principal.pk) if len(usable) == 1 else None,
            widget=forms.RadioSelect,
            error_messages={"required": gettext_lazy("Choose an AWS identity.")},
        )

    def _check_identities(self, data: dict[str, Any]) -> None:
        """A disabled choice that was sent all the same is answered with its reason."""
        for section in self.sections:
            chosen = data.get(section.identity_name)
            for one in section.identities:
                if one.problem and str(one.principal.pk) == chosen:
                    self.add_error(section.identity_name, one.problem)

    def _wish(self, section: Section) -> Wish:
        chosen = self.cleaned_data.get(section.identity_name)
        principal = next(
            (one.principal for one in section.usable if str(one.principal.pk) == chosen), None
        )
        terms = {name.partition("-")[2]: self.cleaned_data[name] for name in section.choice_names}
        return Wish(section.entitlement, principal, terms)


def problem_of(entitlement: Entitlement, principal: Principal) -> str:
    """Why `principal` cannot hold this access, with the remedy; empty when it can."""
    kind = KINDS[entitlement.kind]
    offered = kind.fields(entitlement)
    everything = {one.name: list(one.choices) or [one.sample] for one in offered}
    try:
        check_principal(entitlement, principal)
        kind.parts(entitlement, principal, everything)
    except (Refused, BadTerms) as error:
        return error.message
    return ""
