"""pytest's options for holding the contract tests to a real cluster."""

from pathlib import Path

import pytest

from policies.documents import kubeconfig
from policies.kubernetes import Cluster
from tests.fakes.kube_world import World


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kubeconfig", help="a real cluster for the contract tests (-m kube)")
    parser.addoption(
        "--context",
        "--kube-context",
        dest="kube_context",
        help="the context of --kubeconfig to use",
    )


def real_world(config: pytest.Config) -> World:
    """The cluster that the options name; skips the test when they name none."""
    path, context = config.getoption("--kubeconfig"), config.getoption("kube_context")
    if not (path and context):
        pytest.skip("no real cluster: give --kubeconfig FILE --context NAME")
    return named_world(Path(path), context)


def named_world(path: Path, context: str) -> World:
    """The cluster that a context of a kubeconfig file names."""
    authority = kubeconfig.read(path.read_text(), context).authority
    if isinstance(authority, kubeconfig.FileName):
        authority = (path.parent / authority.name).read_bytes()
    return World.real(Cluster.from_kubeconfig(path, context).connection, authority)
