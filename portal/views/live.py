"""Pages that follow what happens: the same address answers a whole page or its living part.

While something moves the part asks again by itself; a look that changes nothing is answered
204, so that nothing on the page jumps; once all is settled the answer 286 ends the asking.
Without JavaScript the page has a plain link to itself.
"""

import hashlib
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseStopPolling

from portal.actor import PortalRequest

BUSY = 2  # seconds: a worker is at it
PEOPLE = 10  # seconds: we wait for somebody's decision
SETTLED = 0


def answer(
    request: PortalRequest,
    page: str,
    part: str,
    context: dict[str, Any],
    pace: int,
    *,
    status: int = 200,
) -> HttpResponse:
    """`page` includes {{ part_html }}; both are drawn from `context`, as is the banner that
    tells of a silent worker: it stands outside the part, where a change of it is announced."""
    html = render_to_string(part, context, request)
    banner = render_to_string("components/silent.html", context, request)
    version = hashlib.sha256(f"{pace}{banner}{html}".encode()).hexdigest()[:16]
    frame = {**context, "part_html": html, "part_version": version, "pace": pace}
    frame["banner_html"] = banner
    response = _part(request, frame) if request.htmx else render(request, page, frame)
    if not request.htmx:
        response.status_code = status
    patch_vary_headers(response, ["HX-Request"])
    return response


def _part(request: PortalRequest, frame: dict[str, Any]) -> HttpResponse:
    if frame["pace"] and request.GET.get("was") == frame["part_version"]:
        return HttpResponse(status=204)
    html = render_to_string("components/live.html", {**frame, "swapped": True}, request)
    return HttpResponse(html) if frame["pace"] else HttpResponseStopPolling(html)
