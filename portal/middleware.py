"""One correlation id from the page to the event to the AWS session name's plan."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal import logs

_GIVEN = re.compile(r"[0-9a-f]{32}")


class CorrelationMiddleware:
    """Takes `X-Correlation-ID` when it is 32 hex digits, else makes one; answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Correlation-ID", "")
        correlation = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        request.correlation = correlation  # type: ignore[attr-defined]
        token = logs.correlation.set(correlation)
        try:
            response = self._get_response(request)
        finally:
            logs.correlation.reset(token)
        response["X-Correlation-ID"] = correlation
        return response
