"""Our own client and splicing at the contract's ConfigMap: the strict server's or a real cluster's.

`pytest tests -m kube --kubeconfig FILE --context NAME` runs this at a real one, too.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from policies.documents.auth_rows import wanted_row
from policies.documents.auth_splice import splice
from policies.documents.kube_answers import last_writer
from policies.kubernetes import Cluster
from policies.outcomes import Kind, Outcome
from tests.fakes import kube
from tests.fakes.kube_named import CONTEXT, kubeconfig_of
from tests.fakes.kube_world import World
from tests.fakes.test_kube import kube_server, world

__all__ = ["kube_server", "world"]

ROOT = Path(__file__).parents[2]
HAND_EDITED = {
    "mapRoles": "# nodes: do not touch\r\n- rolearn: arn:aws:iam::111122223333:role/n\t# é 😀\r\n"
    "  username: system:node:{{EC2PrivateDNSName}}\r\n  note: a\u00a0x   \r\n# the end",
    "mapUsers": "''",
    "mapAccounts": "- 012345670123\n\n\n",
    "teamNote": "\ttabs\r\rand\x7f more \n",
}


def client(world: World, actor: str = "portal") -> Cluster:
    return Cluster(world.connections[actor])


def read(world: World, actor: str = "portal") -> dict[str, Any]:
    found = client(world, actor).read_config_map(world.namespace, "aws-auth")
    assert found is not None
    return found


def patch(world: World, found: dict[str, Any], data: Any, **other: str) -> dict[str, Any]:
    meta = found["metadata"]
    guard = {"version": meta["resourceVersion"], "uid": meta["uid"]} | other
    return client(world).patch_config_map(world.namespace, "aws-auth", data=data, **guard)


def refused(world: World, found: dict[str, Any], data: Any = None, **other: str) -> Outcome:
    with pytest.raises(Outcome) as caught:
        patch(world, found, data or {"mapRoles": "new"}, **other)
    return caught.value


def test_a_hundred_rows_come_and_go_and_every_byte_is_as_it_was(world: World) -> None:
    world.reset(HAND_EDITED)
    rows = [
        wanted_row(f"arn:aws:iam::111122223333:{kind}/p{n}", f"u{n}", ["1e3"])
        for kind in ("role", "user")
        for n in range(50)
    ]
    for changes in ({row.key: row for row in rows}, {row.key: None for row in rows}):
        found = read(world)
        after = splice(found["data"], changes)
        changed = {key: text for key, text in after.items() if found["data"].get(key) != text}
        assert patch(world, found, changed)["data"] == after
    assert read(world)["data"] == HAND_EDITED


def test_a_write_on_an_old_reading_is_a_conflict_and_changes_nothing(world: World) -> None:
    world.reset(HAND_EDITED)
    found = read(world)
    world.expect({"verb": "merge", "object": {"data": {"theirs": "1"}}})
    outcome = refused(world, found)
    assert (outcome.kind, outcome.lost) == (Kind.CONFLICT, False)
    assert read(world)["data"] == HAND_EDITED | {"theirs": "1"}


def test_a_map_made_anew_since_it_was_read_is_a_conflict(world: World) -> None:
    world.reset(HAND_EDITED)
    found = read(world)
    world.reset(HAND_EDITED)
    assert refused(world, found).kind is Kind.CONFLICT
    fresh = read(world)["metadata"]["resourceVersion"]
    assert refused(world, found, version=fresh).kind is Kind.CONFLICT


def test_an_absent_map_is_none_and_its_patch_missing(world: World) -> None:
    world.reset(HAND_EDITED)
    found = read(world)
    world.reset(None)
    assert client(world).read_config_map(world.namespace, "aws-auth") is None
    assert refused(world, found).kind is Kind.MISSING


@pytest.mark.parametrize("actor", ["viewer", "bad", "nobody"])
def test_whoever_may_not_read_is_denied(world: World, actor: str) -> None:
    with pytest.raises(Outcome) as caught:
        read(world, actor)
    assert caught.value.kind is Kind.DENIED


@pytest.mark.parametrize("size", [1_048_577, 3_145_738])
def test_what_is_too_long_is_a_quota(world: World, size: int) -> None:
    world.reset({"mapRoles": "[]\n"})
    outcome = refused(world, read(world), {"mapRoles": "x" * size})
    assert (outcome.kind, outcome.lost) == (Kind.QUOTA, False)


def test_the_last_writer_is_told_and_is_us_after_our_write(world: World) -> None:
    world.reset(HAND_EDITED)
    patch(world, read(world), {"mapRoles": "[]\n"})
    assert "gatehouse" in [entry["manager"] for entry in read(world)["metadata"]["managedFields"]]
    assert last_writer(read(world))


@pytest.mark.processes
def test_a_cluster_named_on_the_command_line_is_held_to_the_contract(
    kube_server: kube.Server, tmp_path: Path
) -> None:
    """The options themselves: pytest run as an operator runs it, the strict server as “real”."""
    path = kubeconfig_of(kube_server, tmp_path, "operator")
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests"]
    command += [
        "-m",
        "kube",
        "--kubeconfig",
        str(path),
        "--context",
        CONTEXT,
        "-k",
        "test_kube_client and real",
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 passed" in done.stdout
    assert any("/operator/" in one["path"] for one in kube_server.requests)
