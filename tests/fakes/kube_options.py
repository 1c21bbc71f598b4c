"""pytest's options for holding the contract tests to a real cluster."""

from pathlib import Path

import pytest

from policies.documents import kubeconfig
from policies.kubernetes import Cluster
from tests.fakes.kube_world import World


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kubeconfig", help="a real cluster for the contract tests (-m kube)")
    parser.addoption("--kube-context", help="the context of --kubeconfig to use")


def real_world(config: pytest.Config) -> World:
    """The cluster that the options name; skips the test when they name none."""
    path = config.getoption("--kubeconfig", None)
    context = config.getoption("--kube-context", None)
    if not (path and context):
        pytest.skip("no real cluster: give --kubeconfig FILE --kube-context NAME")
    authority = kubeconfig.read(Path(path).read_text(), context).authority
    if isinstance(authority, kubeconfig.FileName):
        authority = (Path(path).parent / authority.name).read_bytes()
    return World.real(Cluster.from_kubeconfig(path, context).connection, authority)
