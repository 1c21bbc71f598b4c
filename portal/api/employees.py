"""Joiners, movers, leavers, as HR tells them."""

from collections.abc import Callable
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts import notices, people
from accounts.models import Person
from policies import lifecycle
from portal.api import schema
from portal.api.authentication import acting
from portal.api.idempotency import Answer, once
from portal.api.serializers import Employee, Join, Move, Nothing, Offboarded
from portal.api.views import ApiView

TAGS = ["employees"]
READ, WRITE = "employees:read", "employees:write"


class Employees(ApiView):
    scopes = {"POST": WRITE}

    @extend_schema(
        tags=TAGS,
        summary="Somebody joins",
        description="Saves the person and sends them a link, good once, to choose a password.",
        request=Join,
        responses=schema.answers({201: Employee}, 409, 413, 415, 422),
        parameters=[schema.IDEMPOTENCY_KEY, schema.location(201)],
    )
    def post(self, request: Request) -> Response:
        return once(request, lambda: self._join(request))

    def _join(self, request: Request) -> Answer:
        person = people.join(by=acting(request), **_read(Join, request))
        notices.tell(person.pk, "sign_in_link")
        where = reverse("api:employee", [person.employee_number], request=request)
        return Answer(201, _written(person), where)


class OneEmployee(ApiView):
    scopes = {"GET": READ, "PATCH": WRITE}

    @extend_schema(
        tags=TAGS,
        summary="Look somebody up",
        responses=schema.answers({200: Employee}, 404),
    )
    def get(self, request: Request, employee_number: str) -> Response:
        return Response(_written(_find(employee_number)))

    @extend_schema(
        tags=TAGS,
        summary="Somebody moves",
        description="Changes the facts named and no others; open decisions are routed anew.",
        request=Move,
        responses=schema.answers({200: Employee}, 404, 409, 413, 415, 422),
        parameters=[schema.IDEMPOTENCY_KEY],
    )
    def patch(self, request: Request, employee_number: str) -> Response:
        return once(request, lambda: self._move(request, employee_number))

    def _move(self, request: Request, employee_number: str) -> Answer:
        person = _find(employee_number, lock=True)
        facts = _read(Move, request)
        person = lifecycle.move(person, by=acting(request), now=timezone.now(), **facts)
        return Answer(200, _written(person))


class _Verb(ApiView):
    """Something done to one employee, with no body. The row is locked, so two calls queue."""

    scopes = {"POST": WRITE}

    def do(self, request: Request, person: Person) -> Answer:
        raise Http404

    def _once(self, request: Request, employee_number: str) -> Response:
        def work() -> Answer:
            _read(Nothing, request)
            return self.do(request, _find(employee_number, lock=True))

        return once(request, work)


def _verb(summary: str, description: str, **ok: Any) -> Callable[[Any], Any]:
    return extend_schema(
        tags=TAGS,
        summary=summary,
        description=description,
        request=None,
        parameters=[schema.IDEMPOTENCY_KEY, *ok.pop("parameters", [])],
        responses=schema.answers(ok["answers"], 404, 409, 415, 422),
    )


class Suspend(_Verb):
    @_verb(
        "Somebody is suspended",
        "No sign-in from now; access ends and is asked for anew afterwards.",
        answers={200: Employee},
    )
    def post(self, request: Request, employee_number: str) -> Response:
        return self._once(request, employee_number)

    def do(self, request: Request, person: Person) -> Answer:
        person = lifecycle.suspend(person, by=acting(request), now=timezone.now())
        return Answer(200, _written(person))


class Resume(_Verb):
    @_verb("Somebody is back", "Sign-in works again.", answers={200: Employee})
    def post(self, request: Request, employee_number: str) -> Response:
        return self._once(request, employee_number)

    def do(self, request: Request, person: Person) -> Answer:
        return Answer(
            200, _written(lifecycle.resume(person, by=acting(request), now=timezone.now()))
        )


class Offboard(_Verb):
    @_verb(
        "Somebody leaves",
        "Sign-in, sessions, open requests and all access end here at once. AWS follows; the "
        "receipt tells what was seen gone. Asked again, it answers with the same receipt.",
        answers={202: Offboarded},
        parameters=[schema.location(202)],
    )
    def post(self, request: Request, employee_number: str) -> Response:
        return self._once(request, employee_number)

    def do(self, request: Request, person: Person) -> Answer:
        receipt = lifecycle.leave(person, by=acting(request), now=timezone.now())
        where = reverse("api:receipt", [receipt.ref], request=request)
        return Answer(202, {"receipt": receipt.ref, "receipt_url": where}, where)


def _read(shape: type[Join | Move | Nothing], request: Request) -> dict[str, Any]:
    """The body as `shape` reads it. Raises ValidationError."""
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return dict(sent.validated_data)


def _written(person: Person) -> dict[str, Any]:
    return dict(Employee(person).data)


def _find(employee_number: str, *, lock: bool = False) -> Person:
    """The person with this number. Raises Http404. `lock` is for inside a transaction."""
    found = Person.objects.filter(employee_number=employee_number)
    person = (found.select_for_update() if lock else found).first()
    if person is None:
        raise Http404
    return person
