"""The strict ConfigMap server answers as a real kube-apiserver does.

`pytest tests -m kube --kubeconfig FILE --context NAME` holds a real cluster to the same table, in a
namespace of its own. The strict server is held to it in that way too.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import kube
from tests.fakes.kube_named import CONTEXT, kubeconfig_of
from tests.fakes.kube_options import named_world, real_world
from tests.fakes.kube_world import World

CASES = json.loads((Path(__file__).parent / "vectors" / "kube_api.json").read_text())["cases"]
START = {"mapRoles": "[]\n"}


@pytest.fixture(scope="module")
def kube_server() -> Iterator[kube.Server]:
    server = kube.start()
    yield server
    server.stop()


@pytest.fixture(
    scope="module", params=["fake", "named", pytest.param("real", marks=pytest.mark.kube)]
)
def world(
    request: pytest.FixtureRequest, kube_server: kube.Server, tmp_path_factory: Any
) -> Iterator[World]:
    """The contract's ConfigMap: at the strict server, at the same one named by a kubeconfig
    file as if it were real, and, when one is named, at a real cluster."""
    match request.param:
        case "fake":
            world = World.fake(kube_server)
        case "named":
            path = kubeconfig_of(kube_server, tmp_path_factory.mktemp("kube"))
            world = named_world(path, CONTEXT)
        case _:
            world = real_world(request.config)
    yield world
    world.close()


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_server_answers_as_the_contract_says(world: World, case: dict[str, Any]) -> None:
    world.reset(case.get("given", START))
    for earlier in case.get("before", []):
        world.expect(earlier)
    seen = world.current()
    _meanwhile(world, case.get("meanwhile"))
    before = world.current()
    status, answer = world.send(case.get("actor", "admin"), _request(case["request"], seen))
    _check_answer(case["then"], status, answer)
    _check_after(case["then"], before, world.current())


def _meanwhile(world: World, what: str | None) -> None:
    if what == "touched":
        world.expect({"verb": "merge", "object": {"data": {"theirs": "1"}}})
    elif what == "recreated":
        world.reset(START)


def _request(request: dict[str, Any], seen: dict[str, Any] | None) -> dict[str, Any]:
    if request.get("whole"):
        return request | {"object": seen}
    metadata = {}
    if "version" in request:
        version = (seen or {})["metadata"]["resourceVersion"]
        future = str(int(version) + 100_000)
        versions = {"seen": version, "future": future, "garbage": "garbage"}
        metadata["resourceVersion"] = versions[request["version"]]
    if "uid" in request:
        uids = {"seen": (seen or {})["metadata"]["uid"], "other": str(uuid.uuid4())}
        metadata["uid"] = uids[request["uid"]]
    if request["verb"] == "merge" and "object" not in request:
        return request | {"object": {"metadata": metadata, "data": request["data"]}}
    return request | {"metadata": metadata}


def _check_answer(then: dict[str, Any], status: int, answer: dict[str, Any]) -> None:
    assert status == then["status"], answer
    if "reason" in then:
        assert (answer["kind"], answer["code"]) == ("Status", status)
        assert answer.get("reason") == then["reason"]
    causes = answer.get("details", {}).get("causes", [])
    if "cause" in then:
        assert [cause["reason"] for cause in causes] == [then["cause"]]
    if "field" in then:
        assert [cause["field"] for cause in causes] == [then["field"]]


def _check_after(
    then: dict[str, Any], before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    if "data" in then:
        assert (None if after is None else after.get("data")) == then["data"]
    if "version" in then and before and after:
        versions = [found["metadata"]["resourceVersion"] for found in (before, after)]
        assert (versions[0] == versions[1]) == (then["version"] == "same")
    if "owners" in then and after:
        owners = {
            entry["manager"]: [key[2:] for key in entry["fieldsV1"]["f:data"] if key != "."]
            for entry in after["metadata"]["managedFields"]
        }
        assert owners == then["owners"]
