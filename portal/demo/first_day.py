"""The first requests of the demo, asked and decided through the verbs, once workers answer."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils import timezone

from accounts import actors
from accounts.actors import Channel
from accounts.models import Person, Principal
from policies.access import decisions, requests
from policies.access.requests import Wish
from policies.models import Entitlement, Inquiry, Request

ANSWER_SECONDS = 90.0
Terms = Mapping[str, list[str]]
SALES: Terms = {"roles": ["sales"]}
LOGISTICS: Terms = {"roles": ["logistics"]}
VIEWERS: Terms = {"groups": ["viewers"]}


@dataclass(frozen=True)
class Wanted:
    """`approved`: Kim has said yes before anybody opens the demo."""

    who: str
    reason: str
    items: Mapping[str, Terms]
    days: int = 30
    approved: bool = False


WANTED = (
    Wanted("lee", "Cluster work for the migration", {"spark-templates": {}}, 60, approved=True),
    Wanted("ben", "The nightly sales report is mine now", {"nightly-jobs": SALES}, approved=True),
    Wanted("ben", "Reading the logs of failed Spark pods", {"analytics-kubernetes": VIEWERS}),
    Wanted(
        "cleo",
        "I take over the logistics pipeline on Monday",
        {"spark-templates": {}, "nightly-jobs": LOGISTICS},
    ),
    Wanted("cleo", "My notebooks for the pipeline", {"notebooks": {}}, 60, approved=True),
    Wanted("dan", "Sales figures for the forecast", {"lake-sales": {}}),
    Wanted("dan", "Trying the new cluster sizes for the forecast", {"spark-templates": {}}, 14),
)


def begin() -> None:
    """Ask for everything, wait for one answer of the read worker, say the yeses that can be said.

    An AWS that lacks something answers with a typed outcome, which is an answer. Raises
    TimeoutError when no worker answers at all.
    """
    asked = [(one, _ask(one)) for one in WANTED]
    approving = [request for one, request in asked if one.approved]
    end = time.monotonic() + ANSWER_SECONDS
    while not all(_answered(request) for request in approving):
        if time.monotonic() > end:
            raise TimeoutError("the workers answered no preview")
        time.sleep(0.1)
    for request in approving:
        if _foreseen(request):
            _approve(request)


def _ask(wanted: Wanted) -> Request:
    person = Person.objects.get_queryset().get(email=f"{wanted.who}@example.com")
    principal = Principal.objects.usable().get(person=person)
    offered = {one.slug: one for one in Entitlement.objects.offered()}
    wishes = [Wish(offered[slug], principal, terms) for slug, terms in wanted.items.items()]
    return requests.ask(
        wishes,
        by=actors.of_person(person, Channel.PAGE),
        person=person,
        reason=wanted.reason,
        days=wanted.days,
        now=timezone.now(),
    )


def _answered(request: Request) -> bool:
    waiting = Inquiry.objects.filter(item__request=request, state=Inquiry.State.OPEN)
    return not waiting.filter(outcome="").exists()


def _foreseen(request: Request) -> bool:
    return all(item.effect and (item.preview or {}).get("fits") for item in request.items.all())


def _approve(request: Request) -> None:
    kim = request.person.manager
    assert kim is not None
    shown = {item.pk: item.effect for item in request.items.all()}
    by = actors.of_person(kim, Channel.PAGE)
    decisions.approve(request, shown, by=by, now=timezone.now(), why="As agreed.")
