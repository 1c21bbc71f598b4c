"""Our Kubernetes client against a strict server, over real HTTPS."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO, Any

import pytest

from policies import kubernetes
from policies.kubernetes import Cluster, tls_context
from policies.outcomes import Kind, Outcome
from policies.providers.protocol import KubernetesClient
from tests.fakes import kube
from tests.fakes.kube_tls import make_authority, server_context
from tests.fakes.kube_tokens import eks_token

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


def _read(cluster: KubernetesClient) -> dict[str, Any]:
    found = cluster.read_config_map(*MAP)
    assert found is not None
    return found


def _patch(cluster: KubernetesClient, found: dict[str, Any], text: str = "new") -> dict[str, Any]:
    version, uid = found["metadata"]["resourceVersion"], found["metadata"]["uid"]
    return cluster.patch_config_map(*MAP, data={"mapRoles": text}, version=version, uid=uid)


def _refused(cluster: KubernetesClient, found: dict[str, Any], text: str = "new") -> Outcome:
    with pytest.raises(Outcome) as caught:
        _patch(cluster, found, text)
    return caught.value


def test_a_read_gives_the_whole_object_as_the_server_has_it(cluster: Cluster) -> None:
    found = _read(cluster)
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
    answer = _patch(cluster, _read(cluster))
    assert server.data("one") == START | {"mapRoles": "new"}
    assert answer == _read(cluster)
    managers = [entry["manager"] for entry in answer["metadata"]["managedFields"]]
    assert managers == ["kubectl-edit", "gatehouse"]


@pytest.mark.parametrize(
    "change",
    [
        {"version": ""},
        {"uid": ""},
        {"data": {}},
        {"data": {"mapRoles": None}},
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
    found = _read(cluster)
    server.put_foreign("one", {"mapRoles": "foreign"})
    outcome = _refused(cluster, found)
    assert (outcome.kind, outcome.code, outcome.lost) == (Kind.CONFLICT, "Conflict", False)
    assert server.data("one")["mapRoles"] == "foreign"


def test_a_map_deleted_and_made_anew_is_a_conflict(cluster: Cluster, server: kube.Server) -> None:
    found = _read(cluster)
    found["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555"
    outcome = _refused(cluster, found)
    assert (outcome.kind, outcome.code) == (Kind.CONFLICT, "Invalid")
    assert server.data("one") == START


def test_a_patch_of_a_deleted_map_is_missing(cluster: Cluster, server: kube.Server) -> None:
    found = _read(cluster)
    server.create_cluster("one")
    assert _refused(cluster, found).kind is Kind.MISSING
    assert server.data("one") == {}


def test_another_409_than_conflict_is_permanent(cluster: Cluster, server: kube.Server) -> None:
    found = _read(cluster)
    server.faults.add("error", status=409, reason="AlreadyExists")
    assert _refused(cluster, found).kind is Kind.PERMANENT


@pytest.mark.parametrize("size", [1024 * 1024, 3 * 1024 * 1024])
def test_a_map_that_grew_too_long_is_a_quota(cluster: Cluster, size: int) -> None:
    outcome = _refused(cluster, _read(cluster), "x" * size)
    assert (outcome.kind, outcome.lost) == (Kind.QUOTA, False)


def test_a_map_as_long_as_allowed_is_written_and_read(cluster: Cluster) -> None:
    text = "\u00e9" * ((1024 * 1024 - len(START["mapUsers"])) // 2)
    assert _patch(cluster, _read(cluster), text)["data"]["mapRoles"] == text
    assert _read(cluster)["data"]["mapRoles"] == text


def test_an_immutable_map_is_permanent_not_a_conflict(
    cluster: Cluster, server: kube.Server
) -> None:
    with server.lock:
        server.clusters["one"].objects[MAP]["immutable"] = True
    assert _refused(cluster, _read(cluster)).kind is Kind.PERMANENT


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
    found = _read(cluster)
    server.faults.add("error", on="write", **fault)
    outcome = _refused(cluster, found)
    assert (outcome.kind, outcome.lost) == (kind, lost)
    assert outcome.code == fault.get("reason", str(fault["status"]))


def test_a_failed_read_is_never_lost(cluster: Cluster, server: kube.Server) -> None:
    for fault in ({"kind": "error", "status": 503}, {"kind": "drop"}):
        server.faults.add(**fault)
        with pytest.raises(Outcome) as caught:
            cluster.read_config_map(*MAP)
        assert (caught.value.kind, caught.value.lost) == (Kind.TRANSIENT, False)


@pytest.mark.parametrize(("fault", "applied"), [("drop", "[]\n"), ("lose", "new")])
def test_a_broken_connection_leaves_a_write_unknown_and_sent_once(
    cluster: Cluster, server: kube.Server, fault: str, applied: str
) -> None:
    found = _read(cluster)
    server.faults.add(fault, on="write")
    outcome = _refused(cluster, found)
    assert (outcome.kind, outcome.lost) == (Kind.TRANSIENT, True)
    assert server.data("one")["mapRoles"] == applied
    assert [made["method"] for made in server.requests] == ["GET", "PATCH"]


def test_an_answer_that_takes_too_long_leaves_a_write_unknown(
    cluster: Cluster, server: kube.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _read(cluster)
    monkeypatch.setattr(kubernetes, "READ_SECONDS", 0.2)
    server.faults.add("slow", seconds=1, on="write")
    outcome = _refused(cluster, found)
    assert (outcome.kind, outcome.lost, outcome.code) == (Kind.TRANSIENT, True, "TimeoutError")


def test_a_refused_connection_changed_nothing(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = Cluster(replace(cluster.connection, port=port))
    outcome = _refused(away, _read(cluster))
    assert (outcome.kind, outcome.lost) == (Kind.TRANSIENT, False)


def test_no_handshake_in_time_changed_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _read(cluster)
    monkeypatch.setattr(kubernetes, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = Cluster(replace(cluster.connection, port=silent.getsockname()[1]))
        outcome = _refused(away, found)
    assert (outcome.kind, outcome.lost, outcome.code) == (Kind.TRANSIENT, False, "TimeoutError")


def test_a_hang_up_during_the_handshake_is_transient(cluster: Cluster) -> None:
    found = _read(cluster)
    with _listening(lambda peer: peer.recv(1)) as port:
        outcome = _refused(Cluster(replace(cluster.connection, port=port)), found)
    assert (outcome.kind, outcome.lost) == (Kind.TRANSIENT, False)


def test_another_ca_is_permanent_and_says_what_to_check(server: kube.Server) -> None:
    other = make_authority().pem.encode()
    here = Cluster.from_eks(server.cluster_url("one"), server.ca_data, "portal").connection
    cluster = Cluster(replace(here, context=tls_context(other)))
    with pytest.raises(Outcome, match="the address and the CA belong to the same") as caught:
        cluster.read_config_map(*MAP)
    assert (caught.value.kind, caught.value.lost) == (Kind.PERMANENT, False)
    assert list(server.requests) == []


def test_the_certificate_has_to_be_for_the_host_asked(server: kube.Server) -> None:
    here = Cluster.from_eks(server.cluster_url("one"), server.ca_data, "portal").connection
    _read(Cluster(replace(here, host="localhost")))
    nameless = server_context(server.authority, hosts=False)
    with _answering(nameless, b"") as port, pytest.raises(Outcome, match="VERIFY") as caught:
        Cluster(replace(here, port=port)).read_config_map(*MAP)
    assert caught.value.kind is Kind.PERMANENT
    assert "not valid for '127.0.0.1'" in str(caught.value.__cause__)


def test_a_ca_without_key_identifiers_is_taken_where_the_strict_flag_refuses_it() -> None:
    server = kube.start(key_identifiers=False)
    try:
        server.create_cluster("one", START)
        cluster = Cluster.from_eks(server.cluster_url("one"), server.ca_data, "portal")
        assert _read(cluster)["data"] == START
        strict = tls_context(server.ca_pem.encode())
        strict.verify_flags |= ssl.VERIFY_X509_STRICT
        with pytest.raises(Outcome, match="CERTIFICATE_VERIFY_FAILED"):
            _read(Cluster(replace(cluster.connection, context=strict)))
    finally:
        server.stop()


def test_the_environment_adds_neither_proxy_nor_key_log(
    server: kube.Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    log = tmp_path / "keys"
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("SSLKEYLOGFILE", str(log))
    cluster = Cluster.from_eks(server.cluster_url("one"), server.ca_data, "portal")
    assert _read(cluster)["data"] == START
    assert not log.exists()


GOOD_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", Kind.PERMANENT),
        (GOOD_HEAD + b"Content-Length: 2\r\n\r\n{}", Kind.PERMANENT),
        (GOOD_HEAD + b"Content-Length: 100\r\n\r\n{", Kind.TRANSIENT),
        (GOOD_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", Kind.TRANSIENT),
        (b"HTTP/1.1 503 Unwell\r\nContent-Length: 0\r\n\r\n", Kind.TRANSIENT),
        (b"not HTTP at all\r\n\r\n", Kind.TRANSIENT),
    ],
)
def test_an_answer_that_is_no_answer_leaves_a_write_unknown(
    cluster: Cluster, server: kube.Server, answer: bytes, kind: Kind
) -> None:
    found = _read(cluster)
    with _answering(server.tls, answer) as port:
        outcome = _refused(Cluster(replace(cluster.connection, port=port)), found)
    assert (outcome.kind, outcome.lost) == (kind, True)


def test_a_redirect_is_not_followed(cluster: Cluster, server: kube.Server) -> None:
    there = server.cluster_url("one").encode()
    answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + there + b"\r\n\r\n"
    with _answering(server.tls, answer) as port, pytest.raises(Outcome) as caught:
        Cluster(replace(cluster.connection, port=port)).read_config_map(*MAP)
    assert caught.value.kind is Kind.PERMANENT
    assert list(server.requests) == []


def test_an_endless_answer_is_cut_off(
    cluster: Cluster, server: kube.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "LONGEST_ANSWER", 100)
    with pytest.raises(Outcome, match="longer than any ConfigMap"):
        cluster.read_config_map(*MAP)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1",
        "https://user@127.0.0.1",
        "https://127.0.0.1:0",
        "https://127.0.0.1:65536",
        "https://127.0.0.1/a/../b",
        "https://127.0.0.1/?a=b",
        "https://a..b",
        "https://a\r\nb",
        "",
    ],
)
def test_an_address_of_another_form_is_refused(server: kube.Server, endpoint: str) -> None:
    with pytest.raises(Outcome, match="not of the form"):
        Cluster.from_eks(endpoint, server.ca_data, "portal")


@pytest.mark.parametrize(
    ("ca", "token", "said"),
    [
        ("not base64!", "portal", "not base64"),
        ("AAAA", "portal", "not a PEM certificate"),
        ("", "portal", "not a PEM certificate"),
        (None, "a\r\nb", "RFC 6750"),
        (None, "", "no token"),
    ],
)
def test_a_broken_ca_or_token_is_refused(
    server: kube.Server, ca: str | None, token: str, said: str
) -> None:
    with pytest.raises(Outcome, match=said) as caught:
        Cluster.from_eks(server.url, server.ca_data if ca is None else ca, token)
    assert caught.value.kind is Kind.PERMANENT


def test_the_token_shows_in_no_representation(cluster: Cluster) -> None:
    assert cluster.connection.token
    assert cluster.connection.token not in repr(cluster.connection)


@contextmanager
def _listening(serve: Any) -> Iterator[int]:
    """One plain TCP peer on 127.0.0.1, served once by `serve` and then closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            peer, _ = listener.accept()
            with peer:
                serve(peer)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def _after_first_line(sent: IO[bytes]) -> IO[bytes]:
    sent.readline()
    return sent


@contextmanager
def _answering(tls: ssl.SSLContext, answer: bytes) -> Iterator[int]:
    """Whatever bytes as the answer; the client may well refuse the handshake."""

    def serve(peer: socket.socket) -> None:
        with suppress(ssl.SSLError), tls.wrap_socket(peer, server_side=True) as secure:
            # What is not read would turn our close into a reset, and drop the answer.
            with secure.makefile("rb") as sent:
                headers = http.client.parse_headers(_after_first_line(sent))
                sent.read(int(headers["Content-Length"] or 0))
            secure.sendall(answer)

    with _listening(serve) as port:
        yield port
