"""What every view of the API shares, and the view for addresses where there is none."""

from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.api.authentication import HasToken
from portal.api.parsers import StrictJSONParser


class ApiView(APIView):
    """Closed but for the methods that `scopes` names; answers are never kept by caches."""

    scopes: ClassVar[dict[str, str]] = {}
    http_method_names = ["get", "head", "post", "patch"]
    parser_classes = [StrictJSONParser]

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


@extend_schema(exclude=True)
class NothingHere(APIView):
    """Any other address under the API: 401 without a token, then 404, both as problems."""

    permission_classes = [HasToken]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404
