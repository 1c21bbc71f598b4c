"""Telling people: staged in the transaction that made it true, sent later by the portal."""

from typing import Any

from accounts.models import Notice


def tell(person_id: int, topic: str, **facts: Any) -> None:
    """One message to one person. `facts` are references, never words or names."""
    Notice.objects.create(person_id=person_id, topic=topic, facts=facts)
