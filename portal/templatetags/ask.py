"""The asking form's own pieces: identities with their reasons, choices of one section."""

from typing import Any

from django import template
from django.forms import BoundField

from portal.forms.ask import AskForm, Section

register = template.Library()


@register.inclusion_tag("catalogue/_identity.html")
def identity_choice(form: AskForm, section: Section) -> dict[str, Any]:
    """Radios; an identity that cannot hold this stays visible, disabled, with its reason."""
    bound = form[section.identity_name]
    chosen = str(bound.value() or "")
    choices = [(one, str(one.principal.pk) == chosen) for one in section.identities]
    return {"field": bound, "choices": choices}


@register.filter
def choices_of(form: AskForm, section: Section) -> list[BoundField]:
    return [form[name] for name in section.choice_names]
