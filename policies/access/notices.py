"""What people are told, staged in the transaction that made it true. Words are `portal.mail`'s."""

from typing import Any

from accounts.models import Notice, Person
from policies.models import Candidate, Grant, Request


def tell(person: Person | int, topic: str, **facts: Any) -> None:
    person_id = person.pk if isinstance(person, Person) else person
    Notice.objects.create(person_id=person_id, topic=topic, facts=facts)


def decision_needed(request: Request) -> None:
    """Tell those who are asked (not the administrators who stand by), once per step each."""
    asked = Candidate.objects.filter(
        step__request=request, step__state="open", until_at__isnull=True
    ).exclude(why=Candidate.STAND_BY)
    for person_id in asked.values_list("person_id", flat=True):
        tell(person_id, "decision_needed", request=request.ref)


def decided(request: Request) -> None:
    for person_id in {request.person_id, request.asked_by_id}:
        tell(
            person_id, "request_decided", request=request.ref, state=str(request.state)
        )


def asked_back(request: Request) -> None:
    for person_id in {request.person_id, request.asked_by_id}:
        tell(person_id, "asked_back", request=request.ref)


def seen(grant: Grant) -> None:
    tell(grant.person_id, "access_confirmed", grant=grant.ref)


def gone(grant: Grant) -> None:
    tell(grant.person_id, "access_gone", grant=grant.ref)
