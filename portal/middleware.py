"""One correlation id from the page to the event to the AWS session name's plan."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts import context

HEADERS = ("X-Correlation-ID", "X-Request-ID")


class CorrelationMiddleware:
    """Takes the caller's id when it is a UUID or 32 hex digits, else makes one; answers with it.

    `X-Request-ID` is what reverse proxies send; it is echoed in `X-Correlation-ID` as well.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = [context.well_formed(request.headers.get(name, "")) for name in HEADERS]
        correlation = next(filter(None, given), "") or context.new()
        request.correlation = correlation  # type: ignore[attr-defined]
        with context.bound(correlation):
            response = self._get_response(request)
        response["X-Correlation-ID"] = correlation
        if "X-Request-ID" in request.headers:
            response["X-Request-ID"] = correlation
        return response
