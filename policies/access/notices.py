"""Who is told what about a request or an access. The words are `portal.mail`'s."""

from collections.abc import Collection

from accounts.models import Person, PortalRole
from accounts.notices import tell
from policies.models import Candidate, Grant, Request


def asked(request: Request) -> set[int]:
    """People whose decision the open step waits for (not administrators who only stand by)."""
    waiting = Candidate.objects.filter(
        step__request=request, step__state="open", until_at__isnull=True
    ).exclude(why=Candidate.STAND_BY)
    return set(waiting.values_list("person_id", flat=True))


def decision_needed(request: Request, *, but: Collection[int] = ()) -> None:
    """Tell those who are asked, except who was told before."""
    for person_id in sorted(asked(request) - set(but)):
        tell(person_id, "decision_needed", request=request.ref)


def decided(request: Request) -> None:
    for person_id in {request.person_id, request.asked_by_id}:
        tell(person_id, "request_decided", request=request.ref, state=str(request.state))


def asked_back(request: Request) -> None:
    for person_id in {request.person_id, request.asked_by_id}:
        tell(person_id, "asked_back", request=request.ref)


def incomplete(grant: Grant) -> None:
    """Whoever owns what was given; the administrators where nobody working here does."""
    owner = grant.entitlement.owner
    if owner is not None and owner.is_present:
        people = {owner.pk}
    else:
        administrators = Person.objects.holding_role(PortalRole.Role.ADMINISTRATOR)
        people = set(administrators.values_list("pk", flat=True))
    for person_id in sorted(people):
        tell(person_id, "access_incomplete", grant=grant.ref)
