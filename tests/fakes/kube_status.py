"""How a kube-apiserver says no: the `Status` object, in the words of v1.36.2."""

from typing import Any

FORBIDDEN = (
    '{kind} {name}is forbidden: User "{user}" cannot {verb} resource "{kind}" in API group ""'
    ' in the namespace "{namespace}"'
)


class Refusal(Exception):
    """An HTTP status with Kubernetes' `reason`, `message` and `causes`."""

    def __init__(
        self, status: int, reason: str, message: str, *, name: str = "", causes: Any = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.name = name
        self.causes = list(causes)

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.status,
        }
        if self.reason:
            body["reason"] = self.reason
        details = {"name": self.name, "kind": "configmaps", "causes": self.causes}
        body["details"] = {key: value for key, value in details.items() if value}
        return body


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def not_found(name: str) -> Refusal:
    return Refusal(404, "NotFound", f'configmaps "{name}" not found', name=name)


def modified(name: str) -> Refusal:
    text = (
        f'Operation cannot be fulfilled on configmaps "{name}": the object has been modified;'
        " please apply your changes to the latest version and try again"
    )
    return Refusal(409, "Conflict", text, name=name)


def other_incarnation(name: str, theirs: str, ours: str) -> Refusal:
    text = (
        f'Operation cannot be fulfilled on configmaps "{name}": StorageError: invalid object,'
        f" Precondition failed: UID in precondition: {theirs}, UID in object meta: {ours}"
    )
    return Refusal(409, "Conflict", text, name=name)


def invalid(name: str, field: str, reason: str, message: str) -> Refusal:
    cause = {"reason": reason, "message": message, "field": field}
    text = f'ConfigMap "{name}" is invalid: {field}: {message}'
    return Refusal(422, "Invalid", text, name=name, causes=[cause])


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, kind: str, namespace: str, name: str = "") -> Refusal:
    quoted = f'"{name}" ' if name else ""
    text = FORBIDDEN.format(kind=kind, name=quoted, user=user, verb=verb, namespace=namespace)
    return Refusal(403, "Forbidden", text, name=name)
