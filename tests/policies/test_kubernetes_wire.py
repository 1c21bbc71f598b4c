"""Our Kubernetes client when the connection, TLS, the address or the answer itself is broken."""

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import IO, Any

import pytest

from policies import https
from policies.kubernetes import Cluster, tls_context
from policies.outcomes import Kind, Outcome
from tests.fakes import kube
from tests.fakes.kube_tls import make_authority, server_context
from tests.policies.kube_help import MAP, START, cluster, kube_server, read, refused, server

__all__ = ["cluster", "kube_server", "server"]


@pytest.mark.parametrize(("fault", "applied"), [("drop", "[]\n"), ("lose", "new")])
def test_a_broken_connection_leaves_a_write_unknown_and_sent_once(
    cluster: Cluster, server: kube.Server, fault: str, applied: str
) -> None:
    found = read(cluster)
    server.faults.add(fault, on="write")
    outcome = refused(cluster, found)
    assert (outcome.kind, outcome.lost) == (Kind.TRANSIENT, True)
    assert server.data("one")["mapRoles"] == applied
    assert [made["method"] for made in server.requests] == ["GET", "PATCH"]


def test_an_answer_that_takes_too_long_leaves_a_write_unknown(
    cluster: Cluster, server: kube.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(cluster)
    monkeypatch.setattr(https, "READ_SECONDS", 0.2)
    server.faults.add("slow", seconds=1, on="write")
    outcome = refused(cluster, found)
    assert (outcome.kind, outcome.lost, outcome.code) == (Kind.TRANSIENT, True, "TimeoutError")


def test_a_refused_connection_changed_nothing(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    away = Cluster(replace(cluster.connection, port=port))
    outcome = refused(away, read(cluster))
    assert (outcome.kind, outcome.lost) == (Kind.TRANSIENT, False)


def test_no_handshake_in_time_changed_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(cluster)
    monkeypatch.setattr(https, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        away = Cluster(replace(cluster.connection, port=silent.getsockname()[1]))
        outcome = refused(away, found)
    assert (outcome.kind, outcome.lost, outcome.code) == (Kind.TRANSIENT, False, "TimeoutError")


@pytest.mark.parametrize("taken", [1, 65536], ids=["reset", "closed"])
def test_a_hang_up_during_the_handshake_is_transient(cluster: Cluster, taken: int) -> None:
    found = read(cluster)
    with _listening(lambda peer: peer.recv(taken)) as port:
        outcome = refused(Cluster(replace(cluster.connection, port=port)), found)
    assert (outcome.kind, outcome.lost) == (Kind.TRANSIENT, False)


def test_another_ca_is_permanent_and_says_what_to_check(server: kube.Server) -> None:
    other = make_authority().pem.encode()
    here = Cluster.from_eks(server.cluster_url("one"), server.ca_data, "portal").connection
    cluster = Cluster(replace(here, context=tls_context(other)))
    with pytest.raises(Outcome, match="the address and the CA belong together") as caught:
        cluster.read_config_map(*MAP)
    assert (caught.value.kind, caught.value.lost) == (Kind.PERMANENT, False)
    assert list(server.requests) == []


def test_the_certificate_has_to_be_for_the_host_asked(server: kube.Server) -> None:
    here = Cluster.from_eks(server.cluster_url("one"), server.ca_data, "portal").connection
    read(Cluster(replace(here, host="localhost")))
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
        assert read(cluster)["data"] == START
        strict = tls_context(server.ca_pem.encode())
        strict.verify_flags |= ssl.VERIFY_X509_STRICT
        with pytest.raises(Outcome, match="CERTIFICATE_VERIFY_FAILED"):
            read(Cluster(replace(cluster.connection, context=strict)))
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
    assert read(cluster)["data"] == START
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
    found = read(cluster)
    with _answering(server.tls, answer) as port:
        outcome = refused(Cluster(replace(cluster.connection, port=port)), found)
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
    monkeypatch.setattr(https, "LONGEST_ANSWER", 100)
    with pytest.raises(Outcome, match="longer than any that makes sense"):
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
