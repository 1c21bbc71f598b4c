"""Namespaces, service accounts and Roles: what the contract makes for itself at a real cluster.

The strict server plays that cluster too, so that the way a real one is named and prepared
(`--kubeconfig`, a namespace of its own, TokenRequest, the least Role) is tried on every run.
"""

import re
import secrets
from typing import Any

from tests.fakes.kube_status import Refusal, forbidden, not_found

CORE = r"/api/v1/namespaces"
GROUP = r"/apis/rbac\.authorization\.k8s\.io/v1/namespaces"
NAMESPACES = re.compile(CORE)
NAMESPACE = re.compile(rf"{CORE}/(?P<namespace>[^/]+)")
ACCOUNTS = re.compile(rf"{CORE}/(?P<namespace>[^/]+)/serviceaccounts")
TOKEN = re.compile(rf"{CORE}/(?P<namespace>[^/]+)/serviceaccounts/(?P<name>[^/]+)/token")
ROLES = re.compile(rf"{GROUP}/(?P<namespace>[^/]+)/(?P<kind>roles|rolebindings)")
LISTS = re.compile(r"/apis/rbac\.authorization\.k8s\.io/v1/(?P<kind>(?:cluster)?role(?:binding)?s)")
PREFIX = "system:serviceaccount:"


class Rbac:
    """One cluster's; not thread-safe: callers lock."""

    def __init__(self) -> None:
        self.namespaces = {"kube-system"}
        self.accounts: set[tuple[str, str]] = set()
        self.tokens: dict[str, str] = {}
        self.made: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.lists: dict[str, list[dict[str, Any]]] = {}  # what the whole cluster has

    def serve(self, method: str, path: str, user: str, given: Any) -> tuple[int, Any] | None:
        """The answer to an administrator's request here; None when it is of something else."""
        if (all_ := LISTS.fullmatch(path)) and method == "GET":
            return self._listed(all_["kind"], user)
        parts = [NAMESPACES, NAMESPACE, ACCOUNTS, TOKEN, ROLES]
        found = next((match for part in parts if (match := part.fullmatch(path))), None)
        if found is None:
            return None
        names = found.groupdict()
        namespace = names.get("namespace", "")
        if user != "admin":
            raise forbidden(user, method.lower(), "namespaces", namespace)
        if namespace and namespace not in self.namespaces:
            raise Refusal(404, "NotFound", f'namespaces "{namespace}" not found', name=namespace)
        if method == "DELETE" and found.re is NAMESPACE:
            self.namespaces.discard(namespace)
            return 200, {"kind": "Status", "status": "Success"}
        if method != "POST" or found.re is NAMESPACE:
            return None
        return 201, self._made(found.re, names, given)

    def _listed(self, kind: str, user: str) -> tuple[int, Any]:
        """Every object of a kind; the portal may look where it was given `lists`."""
        if user not in {"portal", "admin"} or "refused" in self.lists:
            raise forbidden(user, "list", kind, "")
        return 200, {"kind": "List", "items": self.lists.get(kind, [])}

    def _made(self, what: re.Pattern[str], names: dict[str, str], given: dict[str, Any]) -> Any:
        name, namespace = given["metadata"]["name"], names.get("namespace", "")
        if what is NAMESPACES:
            self.namespaces.add(name)
        elif what is ACCOUNTS:
            self.accounts.add((namespace, name))
        elif what is ROLES:
            self.made[names["kind"], namespace, name] = given
        elif (namespace, names["name"]) not in self.accounts:
            raise not_found(names["name"])
        else:
            token = secrets.token_urlsafe(24)
            self.tokens[token] = f"{PREFIX}{namespace}:{names['name']}"
            return {**given, "status": {"token": token}}
        return given

    def may(self, user: str, verb: str, kind: str, namespace: str, name: str) -> bool:
        """Whether a RoleBinding of the namespace gives the service account the verb."""
        subject = user.removeprefix(PREFIX).split(":")
        for (what, where, _), binding in self.made.items():
            subjects = [[one["namespace"], one["name"]] for one in binding.get("subjects", [])]
            if (what, where) == ("rolebindings", namespace) and subject in subjects:
                role = self.made.get(("roles", namespace, binding["roleRef"]["name"]), {})
                if any(_gives(rule, verb, kind, name) for rule in role.get("rules", [])):
                    return True
        return False


def _gives(rule: dict[str, Any], verb: str, kind: str, name: str) -> bool:
    only = rule.get("resourceNames")
    return verb in rule["verbs"] and kind in rule["resources"] and (not only or name in only)
