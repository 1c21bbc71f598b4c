"""Every error of the API as one shape: application/problem+json (RFC 9457).

`code` is stable for programs, `detail` is for people, `errors` point into the body that was
sent (RFC 6901 in its URI fragment form), `correlation` is what our log and record carry.
"""

import logging
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response

from accounts.people import BadFact
from policies.access.errors import Refused

NON_FIELD_ERRORS = "non_field_errors"
MEDIA_TYPE = "application/problem+json"
STATUS_OF_REFUSAL = {"not_allowed": 403, "already_decided": 409}
logger = logging.getLogger(__name__)


@dataclass
class Problem:
    status: int
    code: str
    detail: str
    errors: list[dict[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    log: bool = False


def handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER. Answers everything: nothing leaves the API as a bare 500."""
    request = context["request"]
    problem = describe(error, request)
    if problem.log:
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
    return respond(problem, getattr(request, "correlation", ""))


def respond(problem: Problem, correlation: str) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    if correlation:
        body |= {"instance": uuid.UUID(correlation).urn, "correlation": correlation}
    if problem.errors:
        body["errors"] = problem.errors
    return Response(body, problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


@singledispatch
def describe(error: Exception, request: Any) -> Problem:
    """What to say of `error`. What nobody foresaw is logged, and its words stay in the log."""
    detail = _("Something went wrong on our side. Tell an administrator the correlation id.")
    return Problem(500, "internal_error", detail, log=True)


@describe.register
def _framework(error: APIException, request: Any) -> Problem:
    headers = dict(getattr(error, "headers", {}))
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    return Problem(error.status_code, str(error.get_codes()), str(error.detail), headers=headers)


@describe.register
def _invalid(error: ValidationError, request: Any) -> Problem:
    detail = _("Nothing was saved: see errors for what is wrong with each field.")
    return Problem(422, "invalid", detail, errors=list(_errors(error.detail, "#")))


@describe.register
def _bad_fact(error: BadFact, request: Any) -> Problem:
    """A fact that was sent is wrong: 422. Nothing that was sent is: the person's state forbids."""
    data = request.data
    if not (isinstance(data, Mapping) and error.field in data):
        return Problem(409, "conflict", error.message)
    return Problem(422, "invalid", error.message, [_error(error.message, "invalid", error.field)])


@describe.register
def _refused(error: Refused, request: Any) -> Problem:
    errors = [_error(error.message, error.code, error.field)] if error.field else []
    return Problem(STATUS_OF_REFUSAL.get(error.code, 422), error.code, error.message, errors)


@describe.register
def _not_found(error: Http404, request: Any) -> Problem:
    return Problem(404, "not_found", _("There is nothing at this address."))


@describe.register
def _forbidden(error: PermissionDenied, request: Any) -> Problem:
    return Problem(403, "permission_denied", _("This is not allowed."))


@describe.register
def _suspicious(error: SuspiciousOperation, request: Any) -> Problem:
    return Problem(400, "bad_request", _("This request cannot be read."))


@describe.register
def _too_big(error: RequestDataTooBig, request: Any) -> Problem:
    return Problem(413, "too_large", _("This request is too large."))


@describe.register
def _raced(error: IntegrityError, request: Any) -> Problem:
    """The database's own rules refused what our checks had let through a moment before."""
    detail = _("Somebody saved the same thing at the same moment. Nothing was saved; look again.")
    return Problem(409, "conflict", detail, log=True)


@describe.register
def _unavailable(error: OperationalError, request: Any) -> Problem:
    detail = _("The database does not answer. Nothing was saved; send it again.")
    return Problem(503, "unavailable", detail, headers={"Retry-After": "5"}, log=True)


def _errors(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    """One entry per message, whatever the nesting of a ValidationError's detail."""
    if isinstance(detail, ErrorDetail):
        yield {"detail": str(detail), "code": detail.code or "invalid", "pointer": pointer}
    elif isinstance(detail, Mapping):
        for name, inner in detail.items():
            step = "" if name == NON_FIELD_ERRORS else f"/{_escaped(name)}"
            yield from _errors(inner, pointer + step)
    else:
        for inner in detail:
            yield from _errors(inner, pointer)


def _error(detail: str, code: str, name: str) -> dict[str, str]:
    return {"detail": detail, "code": code, "pointer": f"#/{_escaped(name)}"}


def _escaped(name: object) -> str:
    """One step of a JSON pointer in a URI fragment (RFC 6901 §3 and §6)."""
    return quote(str(name).replace("~", "~0").replace("/", "~1"), safe="~")
