"""The strict ConfigMap server, one cluster in it and the two things a caller does."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from policies.kubernetes import Cluster
from policies.outcomes import Outcome
from tests.fakes import kube
from tests.fakes.kube_tokens import eks_token

if TYPE_CHECKING:
    from policies.providers.protocol import KubernetesClient

MAP = ("kube-system", "aws-auth")
START = {"mapRoles": "[]\n", "mapUsers": "- theirs\n"}


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


@pytest.fixture
def cluster(server: kube.Server) -> Cluster:
    return Cluster.from_eks(server.cluster_url("one"), server.ca_data, eks_token("one"))


def read(cluster: "KubernetesClient") -> dict[str, Any]:
    found = cluster.read_config_map(*MAP)
    assert found is not None
    return found


def patch(cluster: "KubernetesClient", found: dict[str, Any], text: str = "new") -> dict[str, Any]:
    version, uid = found["metadata"]["resourceVersion"], found["metadata"]["uid"]
    return cluster.patch_config_map(*MAP, data={"mapRoles": text}, version=version, uid=uid)


def refused(cluster: "KubernetesClient", found: dict[str, Any], text: str = "new") -> Outcome:
    with pytest.raises(Outcome) as caught:
        patch(cluster, found, text)
    return caught.value
