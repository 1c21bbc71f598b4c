"""The strict ConfigMap server takes an EKS token exactly when an authenticator would."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies.kubernetes import Cluster, tls_context
from tests.fakes import kube
from tests.fakes.kube_tokens import ACCESS_KEY, SECRET, altered, eks_token, packed

AWS_AUTH = "/api/v1/namespaces/kube-system/configmaps/aws-auth"


@pytest.fixture(scope="module")
def kube_server() -> Iterator[kube.Server]:
    server = kube.start()
    for name in ("one", "two"):
        server.create_cluster(name, {"mapRoles": "[]\n"})
    yield server
    server.stop()


@pytest.fixture
def server(kube_server: kube.Server) -> kube.Server:
    kube_server.secrets.clear()
    return kube_server


def _status(server: kube.Server, token: str, name: str = "one") -> int:
    cluster = Cluster.from_eks(server.cluster_url(name), server.ca_data, token)
    return cluster.connection.send("GET", AWS_AUTH).status


def _dated(ago: timedelta) -> Callable[[str], str]:
    def dated(token: str) -> str:
        made = (datetime.now(UTC) - ago).strftime("%Y%m%dT%H%M%SZ")
        return altered(token, r"X-Amz-Date=[^&]*", f"X-Amz-Date={made}")

    return dated


def test_a_token_made_as_the_aws_cli_makes_it_is_taken(server: kube.Server) -> None:
    assert _status(server, eks_token("one")) == 200
    assert _status(server, eks_token("one", session="a/session+token==")) == 200


def test_a_token_of_fourteen_minutes_is_still_taken(server: kube.Server) -> None:
    assert _status(server, _dated(timedelta(minutes=14))(eks_token("one"))) == 200


@pytest.mark.parametrize(
    "break_it",
    [
        _dated(timedelta(minutes=16)),
        _dated(timedelta(minutes=-10)),
        lambda token: altered(token, "Expires=60", "Expires=901"),
        lambda token: altered(token, "Expires=60", "Expires=soon"),
        lambda token: altered(token, "^https", "http"),
        lambda token: altered(token, r"sts\.eu-west-1\.", "sts."),
        lambda token: altered(token, "amazonaws.com/", "amazonaws.com.evil.example/"),
        lambda token: altered(token, "amazonaws.com/", "amazonaws.com/path"),
        lambda token: altered(token, "eu-west-1%2Fsts", "us-east-1%2Fsts"),
        lambda token: altered(token, "Action=GetCallerIdentity", "Action=GetFederationToken"),
        lambda token: altered(token, "%3Bx-k8s-aws-id", ""),
        lambda token: altered(token, "$", "&Action=GetCallerIdentity"),
        lambda token: altered(token, "$", "&Extra=1"),
        lambda token: altered(token, "$", "&X-Amz-Security-Token=" + "a" * 4096),
        lambda token: token.replace("k8s-aws-v1.", "k8s-aws-v2."),
        lambda token: token + "=",
        lambda token: packed("not a url"),
    ],
)
def test_a_token_of_another_form_or_age_is_not_taken(
    server: kube.Server, break_it: Callable[[str], str]
) -> None:
    assert _status(server, break_it(eks_token("one"))) == 401


def test_a_known_key_has_to_have_signed_for_this_cluster(server: kube.Server) -> None:
    server.secrets[ACCESS_KEY] = SECRET
    assert _status(server, eks_token("one")) == 200
    assert _status(server, eks_token("one", session="a/session+token==")) == 200
    assert _status(server, eks_token("two")) == 401
    assert _status(server, eks_token("two"), "two") == 200
    assert _status(server, eks_token("one", secret="another")) == 401


@pytest.mark.parametrize(
    ("user", "status"), [("portal", 200), ("admin", 200), ("viewer", 403), ("stranger", 401)]
)
def test_a_client_certificate_names_its_user(
    server: kube.Server, tmp_path: Path, user: str, status: int
) -> None:
    context = tls_context(server.ca_pem.encode())
    names = [tmp_path / name for name in ("certificate.pem", "key.pem")]
    for path, text in zip(names, server.client_certificate(user), strict=True):
        path.write_text(text)
    context.load_cert_chain(names[0], names[1])
    at = Cluster.from_eks(server.cluster_url("one"), server.ca_data, "none").connection
    here = replace(at, context=context, token="")
    assert here.send("GET", AWS_AUTH).status == status
