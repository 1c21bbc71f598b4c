"""The API's description and its page: for people who are signed in, and for token holders."""

from django.contrib.auth.decorators import login_not_required, login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.vary import vary_on_headers
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny

from portal.api.authentication import HasToken, TokenAuthentication

_for_programs = SpectacularAPIView.as_view(
    authentication_classes=[TokenAuthentication], permission_classes=[HasToken]
)
_for_people = login_required(
    SpectacularAPIView.as_view(authentication_classes=[], permission_classes=[AllowAny])
)
docs = login_required(
    SpectacularSwaggerSplitView.as_view(
        url_name="api:schema",
        template_name="api/docs.html",
        authentication_classes=[],
        permission_classes=[AllowAny],
    )
)


@login_not_required
@vary_on_headers("Authorization", "Cookie")
def schema(request: HttpRequest) -> HttpResponseBase:
    """Whoever sends a token is answered as a program; everybody else has to be signed in."""
    view = _for_programs if "Authorization" in request.headers else _for_people
    return view(request)
