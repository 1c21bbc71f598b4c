"""API tokens: made once, shown once, kept as a digest."""

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from accounts.models import ApiToken, ServiceClient

PREFIX = "gh_"
SCOPES = ("employees:write", "employees:read", "receipts:read")


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def create(
    client: ServiceClient, *, scopes: list[str], expires_at: datetime, by: Actor
) -> tuple[ApiToken, str]:
    """A token row and the token itself, which nobody can read again.

    Made by a person, it works only once a second person has confirmed it; made by the
    system (a command on the machine itself), it works at once.
    Raises ValueError on a scope that does not exist.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown:
        raise ValueError(f"no such scopes: {sorted(unknown)}; there are {', '.join(SCOPES)}")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        client=client,
        digest=digest(token),
        hint=token[-4:],
        scopes=sorted(scopes),
        expires_at=expires_at,
        created_by=by.person,
        confirmed_at=None if by.is_person else timezone.now(),
    )
    audit.record(
        What.TOKEN_CREATED,
        by=by,
        about=("api_token", row.pk),
        after={"client": client.name, "scopes": row.scopes},
    )
    return row, token


def living(token: str, *, now: datetime) -> ApiToken | None:
    """The row of a token that may be used at `now`, or None."""
    return (
        ApiToken.objects.select_related("client")
        .filter(
            digest=digest(token),
            ended_at__isnull=True,
            confirmed_at__isnull=False,
            expires_at__gt=now,
            client__ended_at__isnull=True,
        )
        .first()
    )


@transaction.atomic
def confirm(row: ApiToken, *, by: Actor) -> bool:
    """The second person's yes: the token works from now on. False when it already did.

    The database refuses the person who made it.
    """
    moved = ApiToken.objects.filter(
        pk=row.pk, confirmed_at__isnull=True, ended_at__isnull=True
    ).update(confirmed_at=Now(), confirmed_by=by.person)
    if moved:
        audit.record(What.TOKEN_CONFIRMED, by=by, about=("api_token", row.pk))
    return bool(moved)


@transaction.atomic
def end(row: ApiToken, *, by: Actor) -> None:
    ended: dict[str, Any] = {"ended_at": Now()}
    if ApiToken.objects.filter(pk=row.pk, ended_at__isnull=True).update(**ended):
        audit.record(What.TOKEN_ENDED, by=by, about=("api_token", row.pk))
