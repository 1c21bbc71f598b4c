"""The strict ConfigMap server fails on command, counts requests and is steered over HTTP."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from policies.https import Connection
from policies.kubernetes import Cluster
from policies.outcomes import Kind, Outcome
from tests.fakes import kube

START = {"mapRoles": "[]\n"}
AWS_AUTH = "/api/v1/namespaces/kube-system/configmaps/aws-auth"


@pytest.fixture(scope="module")
def kube_server() -> Iterator[kube.Server]:
    server = kube.start()
    yield server
    server.stop()


@pytest.fixture
def server(kube_server: kube.Server) -> kube.Server:
    kube_server.faults.clear()
    kube_server.requests.clear()
    kube_server.create_cluster("one", START)
    return kube_server


def _connection(server: kube.Server, cluster: str = "one", token: str = "portal") -> Connection:
    return Cluster.from_eks(server.cluster_url(cluster), server.ca_data, token).connection


def _fake(server: kube.Server, method: str, path: str, document: Any = None) -> tuple[int, Any]:
    at = _connection(server)
    here = Connection(at.host, at.port, "", at.context, "")
    body = None if document is None else json.dumps(document).encode()
    answer = here.send(method, f"/_fake/{path}", body=body, content_type="application/json")
    return answer.status, json.loads(answer.body)


def _write(server: kube.Server, text: str = "new") -> dict[str, Any]:
    cluster = Cluster(_connection(server))
    found = cluster.read_config_map("kube-system", "aws-auth")
    assert found is not None
    version, uid = found["metadata"]["resourceVersion"], found["metadata"]["uid"]
    return cluster.patch_config_map(
        "kube-system", "aws-auth", data={"mapRoles": text}, version=version, uid=uid
    )


def _kind_of_write(server: kube.Server) -> tuple[Kind, bool] | None:
    try:
        _write(server)
    except Outcome as outcome:
        return outcome.kind, outcome.lost
    return None


def test_clusters_are_made_read_and_written_by_other_processes_over_http(
    server: kube.Server,
) -> None:
    status, made = _fake(server, "POST", "clusters", {"name": "two", "data": {"mapRoles": "x"}})
    assert (status, made) == (200, {"endpoint": server.cluster_url("two"), "ca_pem": server.ca_pem})
    _fake(server, "POST", "clusters/two/foreign", {"data": {"mapUsers": "y", "mapRoles": None}})
    _, seen = _fake(server, "GET", "clusters/two")
    assert seen["data"] == {"mapUsers": "y"} == server.data("two")
    assert server.data("one") == START


@pytest.mark.parametrize(
    ("method", "path", "document", "status"),
    [
        ("GET", "clusters/none", None, 404),
        ("GET", "nothing", None, 404),
        ("POST", "clusters", {"data": {}}, 404),
        ("POST", "clusters", {"name": "two", "data": {"a b": "x"}}, 400),
        ("POST", "faults", {"kind": "sunspot"}, 400),
        ("POST", "faults", {"kind": "drop", "colour": "red"}, 400),
        ("POST", "faults", {"kind": "drop", "on": "sundays"}, 400),
    ],
)
def test_admin_paths_refuse_what_they_do_not_know(
    server: kube.Server, method: str, path: str, document: Any, status: int
) -> None:
    assert _fake(server, method, path, document)[0] == status


def test_requests_are_kept_for_counting_and_forgotten_on_demand(server: kube.Server) -> None:
    _write(server)
    path = f"/clusters/one{AWS_AUTH}"
    _, kept = _fake(server, "GET", "requests")
    assert kept["requests"] == [
        {"method": "GET", "path": path, "status": 200},
        {"method": "PATCH", "path": f"{path}?fieldManager=gatehouse", "status": 200},
    ]
    _fake(server, "DELETE", "requests")
    assert list(server.requests) == []


def test_conflicts_end_after_the_number_of_times_asked_for(server: kube.Server) -> None:
    _fake(server, "POST", "faults", {"kind": "conflict", "times": 2, "cluster": "one"})
    kinds = [_kind_of_write(server) for _ in range(3)]
    assert kinds == [(Kind.CONFLICT, False), (Kind.CONFLICT, False), None]


def test_a_fault_of_one_cluster_leaves_another_alone(server: kube.Server) -> None:
    server.faults.add("error", status=503, cluster="two")
    assert _kind_of_write(server) is None


def test_a_foreign_write_comes_between_our_read_and_our_write(server: kube.Server) -> None:
    server.faults.add("foreign_write", data={"mapUsers": "theirs"})
    assert _kind_of_write(server) == (Kind.CONFLICT, False)
    assert server.data("one") == START | {"mapUsers": "theirs"}
    assert _kind_of_write(server) is None
    assert server.data("one") == {"mapRoles": "new", "mapUsers": "theirs"}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_errors_on_command_apply_nothing(server: kube.Server, status: int) -> None:
    server.faults.add("error", status=status, on="write")
    assert _connection(server).send("GET", AWS_AUTH).status == 200
    assert _kind_of_write(server) is not None
    assert server.data("one") == START


def test_a_drop_applies_nothing_and_a_loss_applies_the_write(server: kube.Server) -> None:
    server.faults.add("drop", on="write")
    assert _kind_of_write(server) == (Kind.TRANSIENT, True)
    assert server.data("one") == START
    server.faults.add("lose")
    assert _kind_of_write(server) == (Kind.TRANSIENT, True)
    assert server.data("one") == {"mapRoles": "new"}
    assert [made["status"] for made in server.requests] == [200, 0, 200, 0]


def test_slow_answers_wait_the_seconds_times_pace(
    server: kube.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setenv("PACE", "0.5")
    monkeypatch.setattr(time, "sleep", waited.append)
    server.faults.add("slow", seconds=8)
    assert _connection(server).send("GET", AWS_AUTH).status == 200
    assert waited == [4.0]


def test_stale_reads_show_the_past_until_the_fault_is_removed(server: kube.Server) -> None:
    fault = server.faults.add("stale", seconds=3600)
    server.faults.add("stale", seconds=1, cluster="two")
    assert _connection(server).send("GET", AWS_AUTH).status == 404, "an hour ago it was absent"
    _fake(server, "DELETE", f"faults/{fault.id}")
    assert _write_sees(server) == "new"


def _write_sees(server: kube.Server) -> str:
    _write(server)
    return str(json.loads(_connection(server).send("GET", AWS_AUTH).body)["data"]["mapRoles"])


def test_a_written_text_is_seen_once_the_lag_has_passed(
    server: kube.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(server)
    server.faults.add("stale", seconds=10)
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 9.0)
    assert _connection(server).send("GET", AWS_AUTH).status == 404
    monkeypatch.setattr(time, "monotonic", lambda: now + 10.5)
    seen = json.loads(_connection(server).send("GET", AWS_AUTH).body)
    assert seen["data"] == {"mapRoles": "new"}


def test_fifty_writers_with_retry_lose_nothing(server: kube.Server) -> None:
    def add(number: int) -> int:
        while True:
            found = Cluster(_connection(server)).read_config_map("kube-system", "aws-auth")
            assert found is not None
            text = found["data"]["mapRoles"] + f"{number}\n"
            metadata = {part: found["metadata"][part] for part in ("uid", "resourceVersion")}
            body = json.dumps({"metadata": metadata, "data": {"mapRoles": text}}).encode()
            answer = _connection(server).send(
                "PATCH", AWS_AUTH, body=body, content_type="application/merge-patch+json"
            )
            if answer.status == 200:
                return number

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(50)))
    kept = server.data("one")["mapRoles"].split()[1:]
    assert sorted(map(int, kept)) == list(range(50))


def test_a_share_of_requests_meets_a_fault_and_spared_tokens_never_do(server: kube.Server) -> None:
    server.faults.add("error", status=503, times=None, share=0.5, seed=3, spares=["viewer"])
    taken = [bool(server.faults.take("one", "read", "portal")) for _ in range(40)]
    assert set(taken) == {True, False}
    assert not any(server.faults.take("one", "read", "viewer") for _ in range(40))


def test_a_request_that_met_a_fault_says_which(server: kube.Server) -> None:
    server.faults.add("error", status=503)
    _connection(server).send("GET", AWS_AUTH)
    _connection(server).send("GET", AWS_AUTH)
    assert [one.get("fault") for one in server.requests] == ["error", None]
