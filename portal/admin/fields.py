"""Inputs of the admin's forms: people by address, rules as JSON."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person


def _present(email: str) -> Person:
    person = Person.objects.present().filter(email__iexact=email).first()
    if person is None:
        raise ValidationError(_("Nobody working here has the address “%s”.") % email)
    return person


class PersonField(forms.EmailField):
    """Somebody who works here, by e-mail address: a list of thousands of names helps nobody."""

    def clean(self, value: Any) -> Any:
        email = super().clean(value)
        return _present(email) if email else None


class PeopleField(forms.CharField):
    """Several people who work here: addresses divided by blanks, commas or lines."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 60})

    def clean(self, value: Any) -> Any:
        words = super().clean(value).replace(",", " ").split()
        return tuple({one.pk: one for one in map(_present, words)}.values())


class RuleField(forms.CharField):
    """A rule, as a JSON object."""

    widget = forms.Textarea(attrs={"rows": 18, "cols": 100, "spellcheck": "false"})
    default_error_messages = {"json": gettext_lazy("This is not a JSON object: %(what)s")}

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            rule = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise self._bad(str(error)) from error
        if not isinstance(rule, dict):
            raise self._bad(_("write {…} around it."))
        return rule

    def _bad(self, what: str) -> ValidationError:
        return ValidationError(self.error_messages["json"], code="json", params={"what": what})


def _no_constant(name: str) -> None:
    """NaN and Infinity are Python's, not JSON's (RFC 8259, section 6)."""
    raise ValueError(name)
