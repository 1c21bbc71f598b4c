"""Template words every page uses: moments and last days, marks, form fields."""

from datetime import date, datetime, time
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from policies.outcomes import Advice
from portal.views.progress import Mark

register = template.Library()


@register.filter
def moment(at: datetime | None) -> str | SafeString:
    """`<time>`: the clock time today, date and clock time on other days. Empty for None."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    today = local.date() == timezone.localdate()
    text = date_format(local, "H:i" if today else "j M Y, H:i")
    return format_html('<time datetime="{}">{}</time>', local.isoformat("T", "seconds"), text)


@register.filter
def day(on: date | None) -> str | SafeString:
    """`<time>` of a whole day. Empty for None."""
    if on is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), date_format(on, "j M Y"))


@register.filter
def until(at: datetime | None) -> str | SafeString:
    """When access ends: the day alone where it ends with its day (UTC), else day and time."""
    if at is None:
        return _("no end date")
    return day(at.date()) if at.time() == time.max else moment(at)


@register.inclusion_tag("components/mark.html")
def mark(one: Mark) -> dict[str, Mark]:
    """A state as a tag: word, time, tone."""
    return {"mark": one}


@register.inclusion_tag("components/advice.html")
def advice(
    one: Advice, said: str = "", next_at: datetime | None = None, waits: bool = False
) -> dict[str, Any]:
    """What a typed outcome means, what to do, the runbook's number, and when we try again.

    `waits`: say so when there is no next time. `said`: AWS's own words, which are English.
    """
    return {"advice": one, "said": said, "next_at": next_at, "waits": waits}


@register.filter
def words(text: str) -> str:
    """Words of a pure module, which marks nothing for translation, in the reader's language."""
    return _(text)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A label, its hint, its error and its input."""
    widget = bound.field.widget
    return {"field": bound, "group": bool(widget.use_fieldset), "id": bound.id_for_label}


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms: BaseForm | str | None) -> dict[str, Any]:
    """Every error of the forms, linked to its field; of a plain text, the text."""
    lines: list[tuple[str, str]] = []
    for form in forms:
        if isinstance(form, str) and form:
            lines.append(("", form))
        elif isinstance(form, BaseForm):
            lines += _errors(form)
    return {"lines": lines}


def _errors(form: BaseForm) -> list[tuple[str, str]]:
    return [
        (_anchor(form, name), str(error)) for name, found in form.errors.items() for error in found
    ]


def _anchor(form: BaseForm, name: str) -> str:
    """The id an error's link leads to: the input, or the first of a group of choices."""
    if name not in form.fields:
        return ""
    bound = form[name]
    return f"{bound.auto_id}_0" if bound.field.widget.use_fieldset else str(bound.id_for_label)
