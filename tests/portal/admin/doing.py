"""Pressing a button of the admin, as a browser without scripts would."""

import html
import re
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import Event

_HIDDEN = re.compile(r'<input type="hidden" name="(effect_\d+|shown)" value="([^"]*)">')


def form_of(row: Model, verb: str) -> str:
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_row_do", args=[row.pk, verb])


def list_form_of(model: type[Model], verb: str) -> str:
    opts = model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_do", args=[verb])


def press(client: Client, page: str, **typed: Any) -> HttpResponse:
    """Open the form, then send it with its hidden fields and what was typed."""
    found = _HIDDEN.findall(client.get(page).content.decode())
    hidden = {name: html.unescape(value) for name, value in found}
    return client.post(page, {**hidden, **typed})


def recorded(what: str) -> list[str]:
    """The channels of every event of that kind."""
    return list(Event.objects.filter(what=what).values_list("channel", flat=True))
