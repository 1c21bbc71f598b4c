"""The API's description (OpenAPI 3.1) and its page: how tokens, bodies and errors are told."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from portal.api.problems import MEDIA_TYPE
from portal.api.serializers import ProblemBody

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A write sent again under the same key happens once. Kept for 7 days.",
)
_ALWAYS = (400, 401, 403, 406, 500, 503)


def location(status: int) -> OpenApiParameter:
    return OpenApiParameter(
        "Location", str, OpenApiParameter.HEADER, response=[status], description="Where it is."
    )


def answers(ok: Mapping[int, Any], *problems: int) -> dict[Any, Any]:
    """`responses` of an operation: what succeeds, and the problems it can answer."""
    return {**ok, **dict(_problems({*_ALWAYS, *problems}))}


def _problems(statuses: Iterable[int]) -> Iterable[tuple[Any, OpenApiResponse]]:
    for status in sorted(statuses):
        told = OpenApiResponse(ProblemBody, description=HTTPStatus(status).phrase)
        yield (status, MEDIA_TYPE), told


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "portal.api.authentication.TokenAuthentication"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token, sent as Authorization: Bearer gh_…",
        }

    def get_security_requirement(self, auto_schema: Any) -> dict[str, list[str]]:
        """The scope this operation demands (OpenAPI 3.1 lets any scheme name its roles)."""
        scope = auto_schema.view.scopes.get(auto_schema.method)
        return {self.name: [scope] if scope else []}


class NoOtherNames(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Bodies that refuse names they do not know say so."""

    target_class = "portal.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: str) -> dict[str, Any]:
        shape = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**shape, "additionalProperties": False}
