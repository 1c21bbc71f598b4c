"""One cluster's ConfigMaps with the rules of a real kube-apiserver (v1.36.2); no HTTP.

Each rule was seen on a real server; `test_kube.py` holds both to the same table.
"""

import re
import time
import uuid
from collections import deque
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from tests.fakes.kube_apply import (
    Write,
    after_apply,
    after_update,
    json_patched,
    managed_fields,
    merged,
    owners,
)
from tests.fakes.kube_rbac import Rbac
from tests.fakes.kube_status import (
    Refusal,
    bad_request,
    invalid,
    modified,
    not_found,
    other_incarnation,
)

LARGEST = 1024 * 1024
HISTORY = 600
KEY = re.compile(r"(?!\.\.?$|\.\.)[-._a-zA-Z0-9]{1,253}")
FIELDS = {"apiVersion", "kind", "metadata", "data", "binaryData", "immutable"}
CONTENT = ("data", "binaryData", "immutable")
Object = dict[str, Any]
Key = tuple[str, str]


class Store:
    """The ConfigMaps of one cluster, by (namespace, name). Not thread-safe: callers lock."""

    def __init__(self) -> None:
        self.objects: dict[Key, Object] = {}
        self.rbac = Rbac()
        self._version = 1000
        self._past: deque[tuple[float, dict[Key, Object]]] = deque([(0.0, {})], maxlen=HISTORY)

    def read(self, key: Key, *, age: float = 0.0) -> Object:
        """The object as it was `age` seconds ago; raises Refusal 404."""
        objects = self.objects
        if age:
            seen = [past for at, past in self._past if at <= time.monotonic() - age]
            objects = seen[-1] if seen else self._past[0][1]
        if key not in objects:
            raise not_found(key[1])
        return objects[key]

    def list(self, namespace: str) -> Object:
        items = [found for key, found in sorted(self.objects.items()) if key[0] == namespace]
        metadata = {"resourceVersion": str(self._version)}
        return {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": metadata, "items": items}

    def create(self, key: Key, given: Any, write: Write) -> Object:
        new = self._checked(key, given, write)
        if key in self.objects:
            text = f'configmaps "{key[1]}" already exists'
            raise Refusal(409, "AlreadyExists", text, name=key[1])
        if new["metadata"].get("resourceVersion"):
            raise bad_request("resourceVersion should not be set on objects to be created")
        held = after_update({}, write.manager, {}, new.get("data", {}))
        return self._born(key, new, managed_fields(held, []), write)

    def replace(self, key: Key, given: Any, write: Write) -> Object:
        new = self._checked(key, given, write)
        old = self.read(key)
        uid = new["metadata"].get("uid")
        if uid and uid != old["metadata"]["uid"]:
            raise other_incarnation(key[1], uid, old["metadata"]["uid"])
        return self._update(key, old, new, write)

    def merge_patch(self, key: Key, patch: Any, write: Write) -> Object:
        if not isinstance(patch, dict):
            raise bad_request("the merge patch is not an object")
        old = self.read(key)
        return self._patched(key, old, merged(_writable(old), patch), write)

    def json_patch(self, key: Key, operations: Any, write: Write) -> Object:
        old = self.read(key)
        return self._patched(key, old, json_patched(_writable(old), operations, key[1]), write)

    def apply(self, key: Key, given: Any, write: Write) -> Object:
        new = self._checked(key, given, write)
        if not write.manager:
            text = "is required for apply patch"
            raise invalid(key[1], "fieldManager", "FieldValueRequired", f"Required value: {text}")
        old = self.objects.get(key)
        if old is None:
            held = {(write.manager, "Apply"): set(new.get("data", {}))}
            return self._born(key, new, managed_fields(held, []), write)
        self._same_version(key, old, new)
        before = old["metadata"]["managedFields"]
        held, data = after_apply(owners(before), write, old.get("data", {}), new.get("data", {}))
        after = _writable(old) | {"data": data}
        return self._stored(key, old, after, managed_fields(held, before), write)

    def delete(self, key: Key) -> Object:
        self.read(key)
        self._version += 1
        del self.objects[key]
        self._remember()
        return {"kind": "Status", "apiVersion": "v1", "status": "Success", "metadata": {}}

    def _patched(self, key: Key, old: Object, given: Object, write: Write) -> Object:
        new = self._checked(key, given, write)
        self._same_version(key, old, new)
        uid = new["metadata"].get("uid")
        if uid != old["metadata"]["uid"]:
            text = f'Invalid value: "{uid}": field is immutable'
            raise invalid(key[1], "metadata.uid", "FieldValueInvalid", text)
        return self._update(key, old, new, write)

    def _update(self, key: Key, old: Object, new: Object, write: Write) -> Object:
        self._same_version(key, old, new)
        before = old["metadata"]["managedFields"]
        held = after_update(owners(before), write.manager, old.get("data", {}), new.get("data", {}))
        return self._stored(key, old, new, managed_fields(held, before), write)

    def _same_version(self, key: Key, old: Object, new: Object) -> None:
        version = new["metadata"].get("resourceVersion")
        if version and not version.isdigit():
            text = f'strconv.ParseUint: parsing "{version}": invalid syntax'
            raise Refusal(500, "", text)
        if version and version != old["metadata"]["resourceVersion"]:
            raise modified(key[1])

    def _born(self, key: Key, new: Object, managed: Any, write: Write) -> Object:
        metadata = new["metadata"] | {
            "uid": str(uuid.uuid4()),
            "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "managedFields": managed,
        }
        return self._kept(key, new | {"metadata": metadata}, write)

    def _stored(self, key: Key, old: Object, new: Object, managed: Any, write: Write) -> Object:
        if old.get("immutable") and any(old.get(part) != new.get(part) for part in CONTENT):
            text = "Forbidden: field is immutable when `immutable` is set"
            raise invalid(key[1], "data", "FieldValueForbidden", text)
        fixed = ("uid", "creationTimestamp", "resourceVersion")
        metadata = new["metadata"] | {part: old["metadata"][part] for part in fixed}
        new = new | {"metadata": metadata | {"managedFields": managed}}
        if new == old:
            return old
        return self._kept(key, new, write)

    def _kept(self, key: Key, new: Object, write: Write) -> Object:
        if write.dry_run:
            return new
        self._version += 1
        new["metadata"]["resourceVersion"] = str(self._version)
        self.objects[key] = new
        self._remember()
        return new

    def _remember(self) -> None:
        self._past.append((time.monotonic(), dict(self.objects)))

    def _checked(self, key: Key, given: Any, write: Write) -> Object:
        """`given` as the server would keep it; raises Refusal 400 or 422."""
        if not isinstance(given, dict):
            raise bad_request("the object provided is not a ConfigMap")
        if (given.get("apiVersion", "v1"), given.get("kind", "ConfigMap")) != ("v1", "ConfigMap"):
            raise bad_request("the object provided is of another kind than the resource")
        unknown = sorted(given.keys() - FIELDS)
        if unknown and write.strict:
            raise bad_request(f'strict decoding error: unknown field "{unknown[0]}"')
        metadata = given.get("metadata")
        metadata = dict(metadata) if isinstance(metadata, dict) else {}
        _same_place(key, metadata)
        metadata |= {"namespace": key[0], "name": key[1]}
        new = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata}
        new |= {part: given[part] for part in CONTENT if given.get(part)}
        _check_data(key[1], new)
        return new


def _writable(old: Object) -> Object:
    """A copy to change, without the fields that only the server writes."""
    copy = deepcopy(old)
    copy["metadata"].pop("managedFields")
    return copy


def _same_place(key: Key, metadata: Object) -> None:
    for part, here in zip(("namespace", "name"), key, strict=True):
        if metadata.get(part, here) != here:
            raise bad_request(
                f"the {part} of the object ({metadata[part]}) does not match the {part} on the"
                f" URL ({here})"
            )


def _check_data(name: str, new: Object) -> None:
    for part in ("data", "binaryData"):
        if not isinstance(new.get(part, {}), dict):
            raise bad_request(f"json: cannot unmarshal {part} into a Go map[string]string")
    texts = {**new.get("data", {}), **new.get("binaryData", {})}
    for key, text in texts.items():
        if not isinstance(text, str):
            raise bad_request(f"json: cannot unmarshal {type(text).__name__} into a Go string")
        if not KEY.fullmatch(key):
            message = f'Invalid value: "{key}": a valid config key must consist of alphanumeric'
            raise invalid(name, f"data[{key}]", "FieldValueInvalid", message)
    if sum(len(text.encode()) for text in texts.values()) > LARGEST:
        message = f"Too long: may not be more than {LARGEST} bytes"
        raise invalid(name, "[]", "FieldValueTooLong", message)
