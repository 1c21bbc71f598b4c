"""What a JSON answer of a Databricks workspace or of a domain's security plugin means. Pure.

Both say why in words and in a code of their own; the code counts, else the HTTP status.
https://docs.databricks.com/api/workspace/introduction and RFC 7644 §3.12 (SCIM errors)
"""

import json
from collections.abc import Mapping
from typing import Any

from policies.documents.http_answer import Answer
from policies.outcomes import Kind, Outcome

_BY_CODE = {
    "PERMISSION_DENIED": Kind.DENIED,
    "UNAUTHENTICATED": Kind.DENIED,
    "RESOURCE_ALREADY_EXISTS": Kind.CONFLICT,
    "RESOURCE_CONFLICT": Kind.CONFLICT,
    "RESOURCE_DOES_NOT_EXIST": Kind.MISSING,
    "REQUEST_LIMIT_EXCEEDED": Kind.THROTTLED,
    "QUOTA_EXCEEDED": Kind.QUOTA,
    "RESOURCE_LIMIT_EXCEEDED": Kind.QUOTA,
    "TEMPORARILY_UNAVAILABLE": Kind.TRANSIENT,
}
_BY_STATUS = {
    401: Kind.DENIED,
    403: Kind.DENIED,
    404: Kind.MISSING,
    408: Kind.TRANSIENT,
    409: Kind.CONFLICT,
    429: Kind.THROTTLED,
}


def parsed(answer: Answer, server: str, method: str, path: str) -> dict[str, Any]:
    """The answer's object. Raises Outcome for a refusal, and PERMANENT for what is no object."""
    said = _object(answer.body)
    if not 200 <= answer.status < 300:
        raise _refusal(answer, said or {}, f"{server}: {method} {path.partition('?')[0]}")
    if said is None:
        raise Outcome(
            Kind.PERMANENT,
            f"What answered as {server} is not the API it should be.",
            lost=method != "GET",
            request_id=answer.request_id,
        )
    return said


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body) if body.strip() else {}
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _refusal(answer: Answer, said: Mapping[str, Any], call: str) -> Outcome:
    code = str(said.get("error_code") or said.get("scimType") or answer.status)
    words = str(said.get("message") or said.get("detail") or "no reason given")[:300]
    if 300 <= answer.status < 400:
        words = "it points elsewhere, and our token goes nowhere else. Check the host"
    kind = _BY_CODE.get(code) or _BY_STATUS.get(answer.status, Kind.PERMANENT)
    if answer.status >= 500:
        kind = Kind.TRANSIENT
    printable = "".join(sign if sign.isprintable() else " " for sign in words)
    return Outcome(
        kind,
        f"{call}: {code}: {printable}",
        # Something went wrong on the way or inside: before or after the write, nobody says.
        lost=" GET " not in call and kind is Kind.TRANSIENT,
        code=code,
        request_id=answer.request_id,
        retry_after=answer.retry_after,
    )
