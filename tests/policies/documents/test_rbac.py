"""What groups may do, by bindings and rules and never by their names."""

import pytest

from policies.documents.rbac import Bound, held


def role(name, *rules, namespace=""):
    return {"metadata": {"name": name, "namespace": namespace}, "rules": list(rules)}


def rule(verbs, resources, groups=("",)):
    return {"verbs": list(verbs), "resources": list(resources), "apiGroups": list(groups)}


def binding(group, name, namespace="", kind="ClusterRole"):
    subject = {"kind": "Group", "name": group}
    ref = {"kind": kind, "name": name}
    return {
        "metadata": {"name": "b", "namespace": namespace},
        "subjects": [subject],
        "roleRef": ref,
    }


def lists(**given):
    kinds = ("clusterrolebindings", "rolebindings", "clusterroles", "roles")
    return {kind: given.get(kind, []) for kind in kinds}


def test_a_group_without_a_binding_holds_nothing():
    assert held(["viewers"], lists()) == {"viewers": []}


def test_a_user_or_account_of_the_same_name_is_no_group():
    other = binding("viewers", "view")
    other["subjects"][0]["kind"] = "User"
    assert held(["viewers"], lists(clusterrolebindings=[other]))["viewers"] == []


def test_a_role_is_that_of_its_own_namespace():
    rows = [role("dev", rule(["get"], ["pods"]), namespace="a"), role("dev", namespace="b")]
    found = held(["devs"], lists(rolebindings=[binding("devs", "dev", "b", "Role")], roles=rows))
    assert found["devs"] == [Bound("dev", "b", ())]


@pytest.mark.parametrize(
    ("bound", "master"),
    [
        (Bound("cluster-admin", "", ()), True),
        (Bound("harmless", "", (rule("*", "*", "*"),)), True),
        (Bound("cluster-admin", "dev", ()), False),
        (Bound("view", "", (rule(["get", "list"], "*", "*"),)), False),
    ],
)
def test_who_may_do_everything(bound, master):
    assert bound.is_master is master


@pytest.mark.parametrize(
    ("rules", "namespace", "yes"),
    [
        ((rule(["create"], ["pods"]),), "", True),
        ((rule(["create"], ["pods"]),), "jobs", True),
        ((rule(["create"], ["pods"]),), "other", False),
        ((rule(["get", "list", "watch"], ["pods"]),), "", False),
        ((rule(["*"], ["deployments"], ["apps"]),), "", True),
        ((rule(["create"], ["deployments"], [""]),), "", False),
        ((rule(["create"], ["pods/exec"]),), "", True),
        ((rule(["create"], ["*/exec"]),), "", True),
        ((rule(["create"], ["serviceaccounts/token"]),), "", True),
        ((rule(["create"], ["configmaps"]),), "", False),
    ],
)
def test_who_runs_pods_in_a_namespace(rules, namespace, yes):
    assert Bound("r", namespace, rules).runs_pods("jobs") is yes
