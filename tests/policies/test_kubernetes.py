"""Our Kubernetes client reads and patches a strict server's map, and types every refusal."""

import json
from typing import Any

import pytest

from policies.documents import kube_answers
from policies.kubernetes import Cluster
from policies.outcomes import Kind, Outcome
from tests.fakes import kube
from tests.policies.kube_help import MAP, START, cluster, kube_server, patch, read, refused, server

__all__ = ["cluster", "kube_server", "server"]


def test_a_read_gives_the_whole_object_as_the_server_has_it(cluster: Cluster) -> None:
    found = read(cluster)
    assert found["data"] == START
    assert found["metadata"]["managedFields"][0]["manager"] == "kubectl-edit"


def test_a_read_of_what_is_absent_is_none(server: kube.Server) -> None:
    server.create_cluster("empty")
    cluster = Cluster.from_eks(server.cluster_url("empty"), server.ca_data, "portal")
    assert cluster.read_config_map(*MAP) is None


def test_a_404_that_is_not_the_clusters_own_is_no_absence(
    cluster: Cluster, server: kube.Server
) -> None:
    server.faults.add("error", status=404)
    with pytest.raises(Outcome) as caught:
        cluster.read_config_map(*MAP)
    assert caught.value.kind is Kind.MISSING


def test_a_patch_changes_the_named_keys_alone_and_signs_as_gatehouse(
    cluster: Cluster, server: kube.Server
) -> None:
    answer = patch(cluster, read(cluster))
    assert server.data("one") == START | {"mapRoles": "new"}
    assert answer == read(cluster)
    managers = [entry["manager"] for entry in answer["metadata"]["managedFields"]]
    assert managers == ["kubectl-edit", "gatehouse"]


def test_a_patch_drops_the_key_given_as_none_and_no_other(
    cluster: Cluster, server: kube.Server
) -> None:
    metadata = read(cluster)["metadata"]
    guard = {"version": metadata["resourceVersion"], "uid": metadata["uid"]}
    cluster.patch_config_map(*MAP, data={"mapUsers": None}, **guard)
    assert server.data("one") == {"mapRoles": START["mapRoles"]}


@pytest.mark.parametrize(
    "change",
    [
        {"version": ""},
        {"uid": ""},
        {"data": {}},
        {"data": {"mapRoles": 7}},
        {"data": {"mapRoles": "\ud83d"}},
    ],
)
def test_a_patch_without_guard_or_text_is_never_sent(
    cluster: Cluster, server: kube.Server, change: dict[str, Any]
) -> None:
    arguments = {"data": {"mapRoles": "x"}, "version": "1", "uid": "u"} | change
    with pytest.raises(Outcome) as caught:
        cluster.patch_config_map(*MAP, **arguments)
    assert caught.value.kind is Kind.PERMANENT
    assert list(server.requests) == []


@pytest.mark.parametrize(
    ("namespace", "name"),
    [("kube-system/..", "aws-auth"), ("kube-system", "../x"), ("", "aws-auth"), ("a", "b?c=d")],
)
def test_a_name_that_kubernetes_does_not_allow_is_never_sent(
    cluster: Cluster, server: kube.Server, namespace: str, name: str
) -> None:
    with pytest.raises(Outcome, match="not one that Kubernetes allows"):
        cluster.read_config_map(namespace, name)
    assert list(server.requests) == []


def test_a_write_of_somebody_else_in_between_is_a_conflict_and_stays(
    cluster: Cluster, server: kube.Server
) -> None:
    found = read(cluster)
    server.put_foreign("one", {"mapRoles": "foreign"})
    outcome = refused(cluster, found)
    assert (outcome.kind, outcome.code, outcome.lost) == (Kind.CONFLICT, "Conflict", False)
    assert server.data("one")["mapRoles"] == "foreign"


def test_a_map_deleted_and_made_anew_is_a_conflict(cluster: Cluster, server: kube.Server) -> None:
    found = read(cluster)
    found["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555"
    outcome = refused(cluster, found)
    assert (outcome.kind, outcome.code) == (Kind.CONFLICT, "Invalid")
    assert server.data("one") == START


def test_a_patch_of_a_deleted_map_is_missing(cluster: Cluster, server: kube.Server) -> None:
    found = read(cluster)
    server.create_cluster("one")
    assert refused(cluster, found).kind is Kind.MISSING
    assert server.data("one") == {}


def test_another_409_than_conflict_is_permanent(cluster: Cluster, server: kube.Server) -> None:
    found = read(cluster)
    server.faults.add("error", status=409, reason="AlreadyExists")
    assert refused(cluster, found).kind is Kind.PERMANENT


@pytest.mark.parametrize("size", [1024 * 1024, 3 * 1024 * 1024])
def test_a_map_that_grew_too_long_is_a_quota(cluster: Cluster, size: int) -> None:
    outcome = refused(cluster, read(cluster), "x" * size)
    assert (outcome.kind, outcome.lost) == (Kind.QUOTA, False)


def test_a_map_as_long_as_allowed_is_written_and_read(cluster: Cluster) -> None:
    text = "\u00e9" * ((1024 * 1024 - len(START["mapUsers"])) // 2)
    assert patch(cluster, read(cluster), text)["data"]["mapRoles"] == text
    assert read(cluster)["data"]["mapRoles"] == text


def test_an_immutable_map_is_permanent_not_a_conflict(
    cluster: Cluster, server: kube.Server
) -> None:
    with server.lock:
        server.clusters["one"].objects[MAP]["immutable"] = True
    assert refused(cluster, read(cluster)).kind is Kind.PERMANENT


@pytest.mark.parametrize(("token", "code"), [("bad", "Unauthorized"), ("viewer", "Forbidden")])
def test_a_cluster_that_does_not_know_us_denies(server: kube.Server, token: str, code: str) -> None:
    cluster = Cluster.from_eks(server.cluster_url("one"), server.ca_data, token)
    with pytest.raises(Outcome) as caught:
        cluster.read_config_map(*MAP)
    assert (caught.value.kind, caught.value.code) == (Kind.DENIED, code)


@pytest.mark.parametrize(
    ("fault", "kind", "lost"),
    [
        ({"status": 429, "reason": "TooManyRequests"}, Kind.THROTTLED, False),
        ({"status": 500}, Kind.TRANSIENT, True),
        ({"status": 503, "reason": "ServiceUnavailable"}, Kind.TRANSIENT, True),
        ({"status": 400, "reason": "BadRequest"}, Kind.PERMANENT, False),
        ({"status": 422, "reason": "Invalid"}, Kind.PERMANENT, False),
        (
            {"status": 403, "reason": "Forbidden", "message": 'admission webhook "v" denied it'},
            Kind.PERMANENT,
            False,
        ),
        ({"status": 307}, Kind.PERMANENT, False),
    ],
)
def test_refusals_are_typed_by_status_and_reason(
    cluster: Cluster, server: kube.Server, fault: dict[str, Any], kind: Kind, lost: bool
) -> None:
    found = read(cluster)
    server.faults.add("error", on="write", **fault)
    outcome = refused(cluster, found)
    assert (outcome.kind, outcome.lost) == (kind, lost)
    assert outcome.code == fault.get("reason", str(fault["status"]))


def test_a_failed_read_is_never_lost(cluster: Cluster, server: kube.Server) -> None:
    for fault in ({"kind": "error", "status": 503}, {"kind": "drop"}):
        server.faults.add(**fault)
        with pytest.raises(Outcome) as caught:
            cluster.read_config_map(*MAP)
        assert (caught.value.kind, caught.value.lost) == (Kind.TRANSIENT, False)


@pytest.mark.parametrize(
    ("kind", "name", "version", "data"),
    [
        ("Secret", "aws-auth", "1", {}),
        ("ConfigMap", "another", "1", {}),
        ("ConfigMap", "aws-auth", "", {}),
        ("ConfigMap", "aws-auth", 1, {}),
        ("ConfigMap", "aws-auth", "1", {"mapRoles": 1}),
        ("ConfigMap", "aws-auth", "1", ["mapRoles"]),
    ],
)
def test_an_object_that_is_not_the_map_asked_for_is_refused(
    kind: str, name: str, version: Any, data: Any
) -> None:
    metadata = {"namespace": "kube-system", "name": name, "uid": "u", "resourceVersion": version}
    body = json.dumps({"kind": kind, "metadata": metadata, "data": data}).encode()
    with pytest.raises(Outcome, match="not a Kubernetes API"):
        kube_answers.config_map(kube_answers.Answer(200, body, ""), "GET", *MAP)
