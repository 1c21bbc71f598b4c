"""Who calls the API: a program with a bearer token (RFC 6750), never a person's session.

Every view names, per method, the scope it demands; a method without one is closed.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts import actors, tokens
from accounts.actors import Actor
from accounts.models import ApiToken

if TYPE_CHECKING:  # DRF's views themselves import this module, through the settings
    from rest_framework.views import APIView

STAMPED_EVERY = timedelta(minutes=1)


class InsufficientScope(APIException):
    """A living token that may not do this; answers with the scope it lacks (RFC 6750 §3.1)."""

    status_code = status.HTTP_403_FORBIDDEN
    default_code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(_("This token lacks the scope %s.") % scope)
        self.headers = {
            "WWW-Authenticate": f'Bearer realm="Gatehouse", error="insufficient_scope", '
            f'scope="{scope}"'
        }


class InvalidToken(AuthenticationFailed):
    default_code = "invalid_token"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`. Nobody is signed in by it: `request.auth` is the ApiToken."""

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        """None without a bearer header. Raises InvalidToken, which never says what was wrong."""
        scheme, _space, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        now = timezone.now()
        row = tokens.living(token.strip().decode("latin-1"), now=now)
        if row is None:
            raise InvalidToken(_("This token is unknown, has ended or has expired."))
        _stamp(row, now)
        return None, row

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401; an error is named only to who sent a token (RFC 6750 §3.1)."""
        challenge = 'Bearer realm="Gatehouse"'
        if get_authorization_header(request).lower().startswith(b"bearer"):
            challenge += ', error="invalid_token"'
        return challenge


class HasToken(BasePermission):
    """Any living token, whatever its scopes."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.auth, ApiToken)


class HasScope(HasToken):
    """A living token with the scope that the view's `scopes` names for this method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in view.allowed_methods:
            return True  # the view itself answers 405
        needed = getattr(view, "scopes", {}).get(method)
        if needed is None:
            return False
        if needed not in cast(ApiToken, request.auth).scopes:
            raise InsufficientScope(needed)
        return True


def acting(request: Request) -> Actor:
    """The client behind the token, for verbs' `by=`."""
    return actors.of_client(
        cast(ApiToken, request.auth).client_id,
        correlation=getattr(request, "correlation", ""),
    )


def _stamp(row: ApiToken, now: datetime) -> None:
    """Keep `used_at` true to the minute: a busy client must not write a row with every call."""
    before = now - STAMPED_EVERY
    if row.used_at is None or row.used_at <= before:
        ApiToken.objects.filter(Q(used_at__isnull=True) | Q(used_at__lte=before), pk=row.pk).update(
            used_at=now
        )
