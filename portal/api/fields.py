"""What may stand in a body: exact types, known names, text that fits on one line."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

# Numbers stand in addresses, so they are made of what needs no escaping there (RFC 3986 §2.3).
EMPLOYEE_NUMBER = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses names it does not know: a misspelt optional field must not pass for sent."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = set(data) - set(self.fields)
            if unknown:
                message = _("There is no such field.")
                raise serializers.ValidationError(
                    {
                        name: [serializers.ErrorDetail(str(message), "unknown_field")]
                        for name in sorted(unknown)
                    }
                )
        return super().to_internal_value(data)


class _Exact:
    """A string is a string: 7 is not taken for "7"."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if not isinstance(data, str) and data not in (None, serializers.empty):
            self.fail("invalid")  # type: ignore[attr-defined]
        return super().run_validation(data)  # type: ignore[misc]


class TextField(_Exact, serializers.CharField):
    """One line of text."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if _CONTROL.search(text):
            raise serializers.ValidationError(
                _("Line breaks and control characters are not allowed."), "control_character"
            )
        return text


class AddressField(_Exact, serializers.EmailField):
    """An e-mail address."""


class NumberField(_Exact, serializers.RegexField):
    """An employee number, fit to stand in an address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(rf"^{EMPLOYEE_NUMBER}\Z", trim_whitespace=False, **kwargs)
        self.error_messages["invalid"] = _(
            "Write 1 to 40 letters, digits, dots, hyphens or underscores, a letter or digit first."
        )


class DayField(serializers.DateField):
    """A full-date of RFC 3339 and nothing else: `2027-06-30`."""

    def to_internal_value(self, value: Any) -> date:
        if isinstance(value, str) and _DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self.fail("invalid", format="YYYY-MM-DD")
