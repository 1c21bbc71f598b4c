"""Who is told what about a request. The words are `portal.mail`'s."""

from accounts.notices import tell
from policies.models import Candidate, Request


def decision_needed(request: Request) -> None:
    """Tell those who are asked (not the administrators who stand by)."""
    asked = Candidate.objects.filter(
        step__request=request, step__state="open", until_at__isnull=True
    ).exclude(why=Candidate.STAND_BY)
    for person_id in asked.values_list("person_id", flat=True):
        tell(person_id, "decision_needed", request=request.ref)


def decided(request: Request) -> None:
    for person_id in {request.person_id, request.asked_by_id}:
        tell(person_id, "request_decided", request=request.ref, state=str(request.state))


def asked_back(request: Request) -> None:
    for person_id in {request.person_id, request.asked_by_id}:
        tell(person_id, "asked_back", request=request.ref)
