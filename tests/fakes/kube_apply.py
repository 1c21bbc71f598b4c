"""Who wrote which key of a ConfigMap: managedFields, server-side apply and the two patches.

Ownership is per data key, as the real server keeps it. Source: Kubernetes documentation,
"Server-Side Apply"; RFC 7396 (merge patch); RFC 6902 (JSON patch).
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.fakes.kube_status import Refusal, bad_request

Owner = tuple[str, str]
Owners = dict[Owner, set[str]]


@dataclass(frozen=True)
class Write:
    """The query parameters of a write that change what it does."""

    manager: str
    dry_run: bool = False
    strict: bool = False
    force: bool = False


def owners(managed: list[dict[str, Any]]) -> Owners:
    found: Owners = {}
    for entry in managed:
        keys = entry["fieldsV1"].get("f:data", {})
        names = {key[2:] for key in keys if key.startswith("f:")}
        found[entry["manager"], entry["operation"]] = names
    return found


def managed_fields(after: Owners, before: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """`after` in the server's form; an entry that did not change keeps its time."""
    old = {(entry["manager"], entry["operation"]): entry for entry in before}
    known = owners(before)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    result = []
    for owner, keys in after.items():
        if not keys:
            continue
        fields: dict[str, Any] = {"f:data": {".": {}} | {f"f:{key}": {} for key in sorted(keys)}}
        entry: dict[str, Any] = {"manager": owner[0], "operation": owner[1], "fieldsV1": fields}
        entry |= {"apiVersion": "v1", "fieldsType": "FieldsV1", "time": now}
        result.append(old[owner] if known.get(owner) == keys else entry)
    return result


def after_update(held: Owners, manager: str, old: dict[str, str], new: dict[str, str]) -> Owners:
    """Whoever changes a key by PUT, POST or patch owns it from then on, alone."""
    changed = {key for key, text in new.items() if old.get(key) != text}
    lost = changed | (old.keys() - new.keys())
    result = {owner: keys - lost for owner, keys in held.items()}
    own = (manager, "Update")
    result[own] = result.get(own, set()) | changed
    return result


def after_apply(
    held: Owners, write: Write, old: dict[str, str], applied: dict[str, str]
) -> tuple[Owners, dict[str, str]]:
    """The owners and the data after an apply; raises Refusal (409 with FieldManagerConflict)."""
    own = (write.manager, "Apply")
    conflicts = [
        (owner[0], key)
        for owner, keys in held.items()
        for key in sorted(keys)
        if owner != own and key in applied and old.get(key) != applied[key]
    ]
    if conflicts and not write.force:
        raise _field_conflict(conflicts)
    lost = {key for _, key in conflicts}
    others = {owner: keys - lost for owner, keys in held.items() if owner != own}
    dropped = held.get(own, set()) - applied.keys() - set().union(*others.values())
    data = {key: text for key, text in (old | applied).items() if key not in dropped}
    return others | {own: set(applied)}, data


def _field_conflict(conflicts: list[tuple[str, str]]) -> Refusal:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{manager}"',
            "field": f".data.{key}",
        }
        for manager, key in conflicts
    ]
    text = "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    message = f"Apply failed with {len(causes)} conflict(s): {text}"
    return Refusal(409, "Conflict", message, causes=causes)


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396: null removes, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def json_patched(target: dict[str, Any], operations: Any, name: str) -> dict[str, Any]:
    """RFC 6902 on objects: test, add, replace, remove; a failing one is 422, not 409."""
    if not isinstance(operations, list):
        raise bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    result = deepcopy(target)
    for step in operations:
        if not isinstance(step, dict) or step.get("op") not in _STEPS:
            raise bad_request("the JSON patch has an operation that this server does not know")
        *parents, last = [_unescaped(part) for part in str(step.get("path")).split("/")[1:]]
        holder: Any = result
        for part in parents:
            holder = holder.get(part) if isinstance(holder, dict) else None
        missing = not isinstance(holder, dict) or (last not in holder and step["op"] != "add")
        if missing or (step["op"] == "test" and holder[last] != step.get("value")):
            text = f"the server rejected our request due to an error in our request: {step['path']}"
            raise Refusal(422, "Invalid", text, name=name)
        _STEPS[step["op"]](holder, last, step.get("value"))
    return result


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _keep(holder: dict[str, Any], key: str, value: Any) -> None:
    """A test that held changes nothing."""


def _remove(holder: dict[str, Any], key: str, value: Any) -> None:
    del holder[key]


_STEPS: dict[str, Callable[[dict[str, Any], str, Any], None]] = {
    "test": _keep,
    "add": dict.__setitem__,
    "replace": dict.__setitem__,
    "remove": _remove,
}
