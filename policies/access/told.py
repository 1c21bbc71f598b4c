"""A rule as the record and the history tell it: people by id, free text left out.

Rules name people by e-mail address, as the catalogue file does. The record outlives its
people, so it never holds an address.
"""

from collections.abc import Mapping
from typing import Any

from accounts.models import Person


def key(subject: str, subject_id: str) -> str:
    """What names the rule: its short name, or the person's id where a person is the key."""
    return str(_id(subject_id)) if subject == "portal_role" else subject_id


def rule(facts: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    told = dict(facts)
    if told.get("owner"):
        told["owner"] = _id(told["owner"])
    if told.get("fallback"):
        told["fallback"] = sorted(filter(None, map(_id, told["fallback"])))
    if told.get("description"):
        told["description"] = "(text)"
    return told


def _id(email: str) -> int | None:
    return Person.objects.filter(email__iexact=email).values_list("pk", flat=True).first()
