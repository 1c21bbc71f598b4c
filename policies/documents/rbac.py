"""What Kubernetes groups may do, from the bindings and roles of one cluster. Pure.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/ and, for why pods are identities,
https://kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

KINDS = ("clusterrolebindings", "rolebindings", "clusterroles", "roles")
MASTER = "cluster-admin"
# Whoever may create one of these runs pods, with any service account of the namespace.
_RUN_PODS = (
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("apps", "deployments"),
    ("apps", "daemonsets"),
    ("apps", "statefulsets"),
    ("apps", "replicasets"),
    ("batch", "jobs"),
    ("batch", "cronjobs"),
    ("", "pods/exec"),
    ("", "serviceaccounts/token"),
)
Lists = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Bound:
    """One role that a group holds; `namespace` empty: in the whole cluster."""

    role: str
    namespace: str
    rules: tuple[Mapping[str, Any], ...]

    @property
    def is_master(self) -> bool:
        """Everything: by the role's name, or by rules that say so under another."""
        return not self.namespace and (
            self.role == MASTER
            or any(_has(one, "verbs") and _has(one, "resources") for one in self.rules)
        )

    def runs_pods(self, namespace: str) -> bool:
        """Whether it lets pods be started, entered, or their tokens taken in a namespace."""
        if self.namespace not in {"", namespace}:
            return False
        return any(_may(rule, group, what) for rule in self.rules for group, what in _RUN_PODS)


def held(groups: Iterable[str], lists: Lists) -> dict[str, list[Bound]]:
    """{group: the roles bound to it}; a group that nothing is bound to has an empty list."""
    found: dict[str, list[Bound]] = {group: [] for group in groups}
    for kind in ("clusterrolebindings", "rolebindings"):
        for binding in lists[kind]:
            namespace = binding["metadata"].get("namespace", "")
            for group in _groups(binding):
                if group in found:
                    found[group].append(_bound(binding["roleRef"], namespace, lists))
    return found


def _groups(binding: Mapping[str, Any]) -> Iterator[str]:
    for one in binding.get("subjects") or ():
        if one.get("kind") == "Group":
            yield str(one.get("name", ""))


def _bound(ref: Mapping[str, Any], namespace: str, lists: Lists) -> Bound:
    """A binding may name a role that is not there; it gives nothing until somebody makes it."""
    kind = "roles" if ref.get("kind") == "Role" else "clusterroles"
    where = namespace if kind == "roles" else ""
    rules = next(
        (
            role.get("rules") or []
            for role in lists[kind]
            if (role["metadata"]["name"], role["metadata"].get("namespace", ""))
            == (ref["name"], where)
        ),
        [],
    )
    return Bound(str(ref["name"]), namespace, tuple(rules))


def _has(rule: Mapping[str, Any], name: str) -> bool:
    return "*" in (rule.get(name) or ())


def _may(rule: Mapping[str, Any], group: str, resource: str) -> bool:
    verbs, groups = rule.get("verbs") or (), rule.get("apiGroups") or ()
    resources = rule.get("resources") or ()
    return (
        bool({"create", "*"} & set(verbs))
        and bool({group, "*"} & set(groups))
        and bool({resource, "*", f"*/{resource.partition('/')[2]}"} & set(resources))
    )
