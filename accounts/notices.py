"""Telling people: staged in the transaction that made it true, sent later by the portal."""

from collections.abc import Iterable
from typing import Any

from accounts.models import Notice


def tell(person_id: int, topic: str, **facts: Any) -> None:
    """One message to one person. `facts` are references, never words or names."""
    Notice.objects.create(person_id=person_id, topic=topic, facts=facts)


def tell_all(topic: str, each: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """The same message to many people, each with facts of their own: (person, facts)."""
    Notice.objects.bulk_create(
        [Notice(person_id=person, topic=topic, facts=facts) for person, facts in each],
        batch_size=500,
    )
