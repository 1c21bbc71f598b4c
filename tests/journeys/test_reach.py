"""What whoever decides reads of a group: its bindings, and whose roles its members could take."""

import pytest

from tests import factories as f
from tests.journeys.test_access_entries import turned

EVERYTHING = {"verbs": ["*"], "resources": ["*"], "apiGroups": ["*"]}
PODS = {"verbs": ["create"], "resources": ["pods"], "apiGroups": [""]}


def bound(world, role, rules, namespace=""):
    subject = {"kind": "Group", "name": "viewers"}
    where = {"name": "b", **({"namespace": namespace} if namespace else {})}
    row = {
        "metadata": where,
        "subjects": [subject],
        "roleRef": {"kind": "ClusterRole", "name": role},
    }
    kind = "rolebindings" if namespace else "clusterrolebindings"
    roles = [{"metadata": {"name": role}, "rules": rules}]
    world._kube("POST", "/_fake/clusters/main/rbac", {kind: [row], "clusterroles": roles})


def risks(world, peopled, slug="kubernetes"):
    terms = {"groups": ["viewers"]} if slug == "kubernetes" else {}
    request = f.asked(peopled, slug, **terms)
    world.answer()
    item = request.items.get()
    assert item.preview["fits"], item.preview["problems"]
    return item.preview["risks"]


def test_a_group_that_nothing_is_bound_to_is_said(world, peopled):
    [text] = risks(world, peopled)
    assert "Nothing is bound to viewers on main" in text
    assert "GH-249" in text


@pytest.mark.parametrize(("role", "rules"), [("cluster-admin", []), ("just-looking", [EVERYTHING])])
def test_a_group_that_may_do_everything_is_a_high_risk_whatever_its_name(
    world, peopled, role, rules
):
    bound(world, role, rules)
    first, *others = risks(world, peopled)
    assert first.startswith("High risk: viewers may do everything on main")
    assert ["emr-nightly" in one for one in others] == [True]


def test_execution_roles_in_reach_are_named(world, peopled):
    bound(world, "starter", [PODS], "emr-nightly")
    said = risks(world, peopled)
    assert said == [
        "viewers holds on main: starter (emr-nightly).",
        "Whoever starts pods in emr-nightly can act as: emr-exec-ops, emr-exec-sales.",
    ]


def test_pods_elsewhere_reach_nobody(world, peopled):
    bound(world, "starter", [PODS], "sandbox")
    assert risks(world, peopled) == ["viewers holds on main: starter (sandbox)."]


def test_access_policies_reach_as_far_as_their_namespaces(world, peopled):
    turned(world, peopled, "API")
    bound(world, "view", [])
    said = risks(world, peopled, "cluster")
    assert "Whoever starts pods in emr-nightly can act as: emr-exec-ops, emr-exec-sales." in said


def test_who_may_not_look_says_so(world, peopled):
    world._kube("POST", "/_fake/clusters/main/rbac", {"refused": []})
    [text] = risks(world, peopled)
    assert "could not be looked at" in text
    assert "clusterrolebindings" in text
