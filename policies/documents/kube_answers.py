"""What an answer of a Kubernetes API server means: an object, an absence or an `Outcome`.

Pure. Refusals are read by HTTP status and by the `reason` and `causes` of the `Status` object
(Kubernetes API conventions, "Response Status kind"), never by the words of the message, with
one exception that has no other mark. An answer that is neither is no Kubernetes API.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from policies.documents.http_answer import Answer as Answer
from policies.outcomes import Kind, Outcome

KINDS = {
    401: Kind.DENIED,
    403: Kind.DENIED,
    404: Kind.MISSING,
    408: Kind.TRANSIENT,
    413: Kind.QUOTA,
    429: Kind.THROTTLED,
}
WEBHOOK = re.compile(r"admission webhook .* denied", re.DOTALL)


def says_absent(answer: Answer) -> bool:
    """Whether the server itself says that the object does not exist; a bare 404 page does not."""
    return answer.status == 404 and _status(answer).get("reason") == "NotFound"


def config_map(answer: Answer, method: str, namespace: str, name: str) -> dict[str, Any]:
    """The ConfigMap asked for, as the server gave it.

    Raises Outcome for a refusal, and PERMANENT for what is not this very ConfigMap.
    """
    if answer.status != 200:
        raise _refusal(answer, method, f"ConfigMap {namespace}/{name}")
    found = _parsed(answer.body)
    if not _is_config_map(found, namespace, name):
        message = f"What answered for {namespace}/{name} is not a Kubernetes API."
        raise Outcome(Kind.PERMANENT, message, lost=method != "GET", request_id=answer.request_id)
    return found


def listed(answer: Answer, kind: str) -> list[dict[str, Any]]:
    """The objects of a list. Raises Outcome for a refusal, and PERMANENT for what is no list."""
    if answer.status != 200:
        raise _refusal(answer, "GET", kind)
    items = _parsed(answer.body).get("items")
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        message = f"What answered for {kind} is not a Kubernetes API."
        raise Outcome(Kind.PERMANENT, message, request_id=answer.request_id)
    return items


def last_writer(found: Mapping[str, Any]) -> str:
    """Who last changed the data, and when, by the server's own account; empty when unknown.

    Source: Kubernetes reference, "Server-Side Apply", managedFields.
    """
    entries = found.get("metadata", {}).get("managedFields")
    writes = [
        (str(entry.get("time") or ""), str(entry.get("manager") or ""))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and "f:data" in (entry.get("fieldsV1") or {})
    ]
    time, manager = max(writes, default=("", ""))
    return f"{manager}, {time}" if manager and time else manager


def _is_config_map(found: Mapping[str, Any], namespace: str, name: str) -> bool:
    metadata, data = found.get("metadata"), found.get("data") or {}
    if found.get("kind") != "ConfigMap":
        return False
    if not isinstance(metadata, dict) or not isinstance(data, dict):
        return False
    texts = [metadata.get("uid"), metadata.get("resourceVersion")]
    return (
        (metadata.get("namespace"), metadata.get("name")) == (namespace, name)
        and all(isinstance(text, str) and text for text in texts)
        and all(isinstance(text, str) for text in data.values())
    )


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _status(answer: Answer) -> dict[str, Any]:
    document = _parsed(answer.body)
    return document if document.get("kind") == "Status" else {}


def _refusal(answer: Answer, method: str, what: str) -> Outcome:
    status = _status(answer)
    words = str(status.get("message") or "no reason given")
    printable = "".join(c if c.isprintable() else " " for c in words[:300])
    if 300 <= answer.status < 400:
        printable = "it points elsewhere, and our token goes nowhere else. Check the address"
    kind = _kind(answer.status, status)
    return Outcome(
        kind,
        f"Kubernetes answered {answer.status} to {method} of {what}: {printable}",
        # Something went wrong on the way or inside: before or after the write, nobody says.
        lost=method != "GET" and kind is Kind.TRANSIENT,
        code=str(status.get("reason") or answer.status),
        request_id=answer.request_id,
        retry_after=answer.retry_after,
    )


def _kind(code: int, status: Mapping[str, Any]) -> Kind:
    if code >= 500:
        return Kind.TRANSIENT
    if WEBHOOK.search(str(status.get("message"))):
        return Kind.PERMANENT  # the content is refused, not we: more permission would not help
    if code == 409:
        return Kind.CONFLICT if status.get("reason") == "Conflict" else Kind.PERMANENT
    if code == 422:
        return _kind_of_invalid(status)
    return KINDS.get(code, Kind.PERMANENT)


def _kind_of_invalid(status: Mapping[str, Any]) -> Kind:
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes if isinstance(causes, list) else []:
        if not isinstance(cause, dict):
            continue
        if cause.get("field") == "metadata.uid":
            return Kind.CONFLICT  # deleted and made anew by somebody else since it was read
        if cause.get("reason") == "FieldValueTooLong":
            return Kind.QUOTA
    return Kind.PERMANENT
