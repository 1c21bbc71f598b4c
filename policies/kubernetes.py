"""One Kubernetes API server, as far as `aws-auth` needs it: read a ConfigMap, patch a ConfigMap.

The only file that speaks to a cluster. One request is one connection and is sent once: no
retries, no redirects, no proxy, so that what a failure leaves behind is always known. Why
no client library: docs/decisions/0002-kubernetes-client.md.
"""

import json
import re
import ssl
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from policies.documents import kube_answers, kubeconfig, rbac
from policies.https import AGENT, TOKEN, Connection
from policies.outcomes import Kind, Outcome

FIELD_MANAGER = AGENT
MERGE_PATCH = "application/merge-patch+json"

HOST_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
ENDPOINT = re.compile(
    rf"https://(?P<host>{HOST_LABEL}(?:\.{HOST_LABEL})*|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)/?"
)
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, as Kubernetes reads it
SUBDOMAIN = re.compile(rf"{LABEL.pattern}(?:\.{LABEL.pattern})*")


class Cluster:
    """One cluster's ConfigMaps. Every failure is an `Outcome`.

    `mode` is EKS's authenticationMode, empty where nobody told: in mode API aws-auth is ignored.
    """

    def __init__(self, connection: Connection, mode: str = "") -> None:
        self.connection = connection
        self.mode = mode

    @classmethod
    def from_eks(cls, endpoint: str, ca_data_base64: str, token: str, mode: str = "") -> Self:
        """From DescribeCluster's `endpoint` and `certificateAuthority.data`, and an STS token.

        Raises Outcome PERMANENT when one of them cannot be what EKS gives out.
        """
        if not token:
            raise _wrong("The cluster cannot be asked: there is no token.")
        authority = kubeconfig.decoded(ca_data_base64, "certificateAuthority.data")
        return cls(_connection(endpoint, _kept_context(authority), token), mode)

    @classmethod
    def from_kubeconfig(cls, path: str | Path, context: str) -> Self:
        """From one context of a kubeconfig file; files it names must lie beside or below it.

        Raises Outcome PERMANENT with what to change, see `documents.kubeconfig`.
        """
        here = Path(path).resolve()
        entry = kubeconfig.read(_file_bytes(here).decode("utf-8", "replace"), context)
        authority, token, certificate, key = (
            _material(value, here.parent)
            for value in (entry.authority, entry.token, entry.certificate, entry.key)
        )
        tls = tls_context(authority)
        if certificate:
            _load_client_certificate(tls, certificate + b"\n" + key)
        return cls(_connection(entry.server, tls, token.decode("ascii", "replace").strip()))

    def read_config_map(self, namespace: str, name: str) -> dict[str, Any] | None:
        """The whole object as the server gave it, or None when the server says it is absent."""
        answer = self.connection.send("GET", _path(namespace, name))
        if kube_answers.says_absent(answer):
            return None
        return kube_answers.config_map(answer, "GET", namespace, name)

    def read_rbac(self, kind: str) -> list[dict[str, Any]]:
        """Every role or binding of one kind in the cluster; who may not look is told DENIED."""
        if kind not in rbac.KINDS:
            raise _wrong(f"{kind} is no kind of role or binding.")
        answer = self.connection.send("GET", f"/apis/rbac.authorization.k8s.io/v1/{kind}")
        return kube_answers.listed(answer, kind)

    def patch_config_map(
        self, namespace: str, name: str, *, data: Mapping[str, str | None], version: str, uid: str
    ) -> dict[str, Any]:
        """Merge-patch `data` (RFC 7396): keys not named stay, on the server's side; None drops one.

        Guarded by `version` (metadata.resourceVersion) and `uid`, which may not be empty: without
        them Kubernetes overwrites whatever is there. Returns the object as it is now.
        Raises Outcome; CONFLICT when somebody changed or re-created the object since it was
        read, `lost` when the patch may have been applied all the same.
        """
        answer = self.connection.send(
            "PATCH",
            f"{_path(namespace, name)}?fieldManager={FIELD_MANAGER}",
            body=_guarded_patch(data, version, uid),
            content_type=MERGE_PATCH,
        )
        return kube_answers.config_map(answer, "PATCH", namespace, name)


def _guarded_patch(data: Mapping[str, str | None], version: str, uid: str) -> bytes:
    if not (version and uid):
        raise _wrong("An unguarded write is refused: it has no resourceVersion or no uid.")
    if not data or not all(isinstance(text, str | None) for text in data.values()):
        raise _wrong("A patch needs texts to write: it has none, or a value is not a text.")
    body = {"metadata": {"resourceVersion": version, "uid": uid}, "data": dict(data)}
    try:
        # As UTF-8: ASCII escapes would treble some texts, past what a server takes as one body.
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _wrong("A text to write holds half a character, which is no Unicode.") from error


def tls_context(authority: bytes) -> ssl.SSLContext:
    """TLS that trusts this CA (PEM) alone, and only for the host asked for.

    Not `create_default_context`: from Python 3.13 it sets VERIFY_X509_STRICT, which refuses
    EKS's CAs without key identifiers (kubernetes-client/python #2394), and it obeys SSLKEYLOGFILE.
    Raises Outcome PERMANENT when `authority` is not PEM.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    try:
        context.load_verify_locations(cadata=authority.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise _wrong("The cluster's CA is not a PEM certificate: copy it again, whole.") from error
    return context


@lru_cache(maxsize=64)
def _kept_context(authority: bytes) -> ssl.SSLContext:
    """One for each cluster's CA: a pass speaks to its cluster several times."""
    return tls_context(authority)


def _load_client_certificate(context: ssl.SSLContext, pem: bytes) -> None:
    # Python loads a client certificate from a file only; this one lives for a moment, mode 0600.
    with tempfile.NamedTemporaryFile() as file:
        file.write(pem)
        file.flush()
        try:
            context.load_cert_chain(file.name, password=lambda: b"")
        except (ssl.SSLError, ValueError) as error:
            raise kubeconfig.refusal(
                "its client certificate and key do not fit together, or the key is encrypted."
                " Give an unencrypted PEM pair"
            ) from error


def _connection(endpoint: str, context: ssl.SSLContext, token: str) -> Connection:
    found = ENDPOINT.fullmatch(endpoint)
    port = int(found["port"] or 443) if found else 0
    if found is None or not 0 < port < 65536:
        raise _wrong("The cluster's address is not of the form https://host[:port][/path].")
    if token and not TOKEN.fullmatch(token):
        raise _wrong("The cluster's token holds characters that no bearer token has (RFC 6750).")
    return Connection(found["host"].strip("[]"), port, found["path"], context, token)


def _material(value: bytes | kubeconfig.FileName | None, directory: Path) -> bytes:
    if not isinstance(value, kubeconfig.FileName):
        return value or b""
    path = (directory / value.name).resolve()
    if not path.is_relative_to(directory):
        raise kubeconfig.refusal(
            f'it points to "{value.name}", outside its own directory.'
            " Put the file beside it, or its content into it"
        )
    return _file_bytes(path)


def _file_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise kubeconfig.refusal(
            f'"{path.name}" cannot be read ({error.strerror}). Check that it is there and ours'
        ) from error


def _path(namespace: str, name: str) -> str:
    if not (LABEL.fullmatch(namespace) and SUBDOMAIN.fullmatch(name) and len(name) < 254):
        raise _wrong("The namespace or ConfigMap name is not one that Kubernetes allows.")
    return f"/api/v1/namespaces/{namespace}/configmaps/{name}"


def _wrong(message: str) -> Outcome:
    return Outcome(Kind.PERMANENT, message)
