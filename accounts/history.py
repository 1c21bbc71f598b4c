"""History as rows: “who had what on date D” is a query, not an archaeology."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Person, Version


@transaction.atomic
def keep(subject: str, subject_id: object, facts: dict[str, Any]) -> None:
    """Close the current version of a subject and open one with `facts`, unless equal."""
    current = Version.objects.filter(
        subject=subject, subject_id=str(subject_id), until_at__isnull=True
    ).first()
    if current is not None and current.facts == facts:
        return
    since: dict[str, Any] = {}
    if current is not None:
        Version.objects.filter(pk=current.pk).update(until_at=Now())
        current.refresh_from_db(fields=["until_at"])
        # One moment for both, or there would be an instant without any facts.
        since["from_at"] = current.until_at
    Version.objects.create(subject=subject, subject_id=str(subject_id), facts=facts, **since)


def as_of(subject: str, subject_id: object, at: datetime) -> dict[str, Any] | None:
    """The facts in force at `at`, or None when there was no such subject."""
    versions = Version.objects.filter(
        Q(until_at__isnull=True) | Q(until_at__gt=at),
        subject=subject,
        subject_id=str(subject_id),
        from_at__lte=at,
    )
    row = versions.order_by("-from_at").first()
    return row.facts if row else None


def keep_person(person: Person) -> None:
    """Facts about a person that decide who may do what. No names: history outlives them."""
    roles = person.portal_roles.filter(until_at__isnull=True).values_list("role", flat=True)
    keep(
        "person",
        person.pk,
        {
            "manager": person.manager_id,
            "department": person.department,
            "job": person.job,
            "state": person.state,
            "contract_ends_on": (
                person.contract_ends_on.isoformat() if person.contract_ends_on else None
            ),
            "portal_roles": sorted(roles),
        },
    )
