"""`Idempotency-Key`: a write sent twice under one key happens once and answers the same.

The answer is kept in the write's own transaction, so neither exists without the other; what
was refused saved nothing and is tried afresh. Keys belong to one client and last 7 days.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiToken, IdempotencyKey

KEPT = timedelta(days=7)
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class BadKey(APIException):
    status_code = 400
    default_code = "bad_idempotency_key"


class KeyReused(APIException):
    status_code = 422
    default_code = "idempotency_key_reused"


@dataclass(frozen=True)
class Answer:
    """What a write answers; `body` is plain JSON, `location` an absolute address or empty."""

    status: int
    body: dict[str, Any]
    location: str = ""


def once(request: Request, work: Callable[[], Answer]) -> Response:
    """Do `work` in one transaction, or answer what it answered under the same key before.

    Raises BadKey on a key that is no key, KeyReused on one that stood on another request.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        with transaction.atomic():
            return _respond(work())
    if not _KEY.fullmatch(key):
        raise BadKey(_("An Idempotency-Key is 1 to 200 visible ASCII characters."))
    with transaction.atomic():
        row, fresh = _claim(request, key)
        if not fresh:
            return _respond(Answer(row.status, row.body or {}, row.location), replayed=True)
        answer = work()
        row.status, row.body, row.location = answer.status, answer.body, answer.location
        row.save(update_fields=["status", "body", "location"])
    return _respond(answer)


def _claim(request: Request, key: str) -> tuple[IdempotencyKey, bool]:
    """The key's row, and whether it is ours to fill: the second of two calls waits here."""
    client = cast(ApiToken, request.auth).client
    digest = _digest(request)
    mine = IdempotencyKey.objects.filter(client=client)
    mine.filter(created_at__lt=Now() - KEPT).delete()
    row, fresh = IdempotencyKey.objects.get_or_create(
        client=client, key=key, defaults={"request_digest": digest, "status": 0}
    )
    if row.request_digest != digest:
        raise KeyReused(_("This Idempotency-Key already stood on a different request."))
    return row, fresh


def _digest(request: Request) -> str:
    """One digest for requests that mean the same: method, address, body in canonical order."""
    sent = [request.method, request.path, request.data]
    canonical = json.dumps(sent, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _respond(answer: Answer, *, replayed: bool = False) -> Response:
    headers = {"Location": answer.location} if answer.location else {}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, answer.status, headers=headers)
