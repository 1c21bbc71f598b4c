"""A kubeconfig file as a document: one context of it, or a refusal that teaches.

Pure: text in, `Entry` out. What is not understood is refused, never ignored, because an
ignored line (`as`, `proxy-url`, `exec`) would reach another place or act as somebody else.
Source: Kubernetes reference, "kubeconfig (v1)".
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from policies.outcomes import Kind, Outcome

LONGEST = 1024 * 1024
HARMLESS = {"extensions", "disable-compression"}
CLUSTER_KEYS = {"server", "certificate-authority", "certificate-authority-data"}
USER_KEYS = {"token", "tokenFile"} | {
    f"client-{thing}{form}" for thing in ("certificate", "key") for form in ("", "-data")
}
LESSONS = {
    "exec": "it would run a program on this host. Use a service account's token instead",
    "auth-provider": "its plugins run code and were removed from Kubernetes. Use a token instead",
    "insecure-skip-tls-verify": "anybody on the way could pose as the cluster and take the token."
    " Give certificate-authority-data instead",
    "proxy-url": "requests go to the cluster directly. Remove the line",
    "username": "Kubernetes dropped passwords. Use a token or a client certificate",
    "password": "Kubernetes dropped passwords. Use a token or a client certificate",
    "as": "permissions are given to the credential itself. Bind its own role instead",
}


@dataclass(frozen=True)
class FileName:
    """A file that the kubeconfig points to; whoever reads it checks where it lies."""

    name: str


@dataclass(frozen=True)
class Entry:
    """One context: PEM bytes or the name of the file that holds them; at least one credential."""

    server: str
    authority: bytes | FileName
    token: bytes | FileName | None = field(repr=False)
    certificate: bytes | FileName | None
    key: bytes | FileName | None = field(repr=False)


def read(text: str, context: str) -> Entry:
    """The cluster and user that `context` names.

    Raises Outcome PERMANENT, saying what to change, for everything outside the small safe set.
    """
    document = _parse(text)
    chosen = _named(document, "context", context)
    cluster = _named(document, "cluster", _text(chosen, "cluster", f'context "{context}"'))
    user = _named(document, "user", _text(chosen, "user", f'context "{context}"'))
    skip = "insecure-skip-tls-verify"
    _only({k: v for k, v in cluster.items() if (k, v) != (skip, False)}, CLUSTER_KEYS)
    _only(user, USER_KEYS)
    authority = _material(cluster, "certificate-authority")
    if authority is None:
        raise refusal(
            "the cluster has no certificate-authority-data: without its CA we cannot tell"
            " the cluster from an impostor. Copy the cluster's CA into it"
        )
    return Entry(_text(cluster, "server", "the cluster"), authority, *_credentials(user))


def refusal(why: str) -> Outcome:
    return Outcome(Kind.PERMANENT, f"The kubeconfig is refused: {why}.", code="Kubeconfig")


def _parse(text: str) -> Mapping[str, Any]:
    if len(text) > LONGEST:
        raise refusal("it is longer than 1 MiB. Keep only the clusters needed")
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        place = getattr(error, "problem_mark", None)
        line = f" at line {place.line + 1}" if place else ""
        # The parser's own words quote the text, which may hold a key.
        raise refusal(f"it is not valid YAML{line}. Mend the file") from None
    if not isinstance(document, dict):
        raise refusal("it is not a mapping with clusters, users and contexts. Mend the file")
    return document


def _named(document: Mapping[str, Any], what: str, name: str) -> Mapping[str, Any]:
    rows = document.get(f"{what}s")
    rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    found = [row.get(what) for row in rows if row.get("name") == name]
    if len(found) != 1:
        known = ", ".join(sorted(str(row.get("name")) for row in rows)) or "none"
        count = "no" if not found else "more than one"
        raise refusal(f'it has {count} {what} "{name}" (it has: {known}). Name one of them')
    if not isinstance(found[0], dict):
        raise refusal(f'its {what} "{name}" is empty. Mend the file')
    return found[0]


def _only(section: Mapping[Any, Any], known: set[str]) -> None:
    for key in section:
        if key not in known | HARMLESS:
            lesson = LESSONS.get(str(key), "we do not know what it would change. Remove the line")
            raise refusal(f'it has "{key}": {lesson}')


def _text(section: Mapping[str, Any], key: str, where: str) -> str:
    value = section.get(key)
    if not isinstance(value, str) or not value:
        raise refusal(f'{where} has no "{key}". Mend the file')
    return value


def _material(section: Mapping[str, Any], name: str) -> bytes | FileName | None:
    """PEM given in place (base64) or as a file's name; giving both is ambiguous."""
    inline = f"{name}-data"
    if name in section and inline in section:
        raise refusal(f'it has both "{name}" and "{inline}". Keep one')
    if name in section:
        return FileName(_text(section, name, "it"))
    if inline not in section:
        return None
    return decoded(_text(section, inline, "it"), inline)


def decoded(text: str, name: str) -> bytes:
    """The bytes of a base64 field; line breaks are allowed, anything else is refused."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise refusal(f'"{name}" is not base64. Copy it again, whole') from None


def _credentials(
    user: Mapping[str, Any],
) -> tuple[bytes | FileName | None, bytes | FileName | None, bytes | FileName | None]:
    if "token" in user and "tokenFile" in user:
        raise refusal('it has both "token" and "tokenFile". Keep one')
    token: bytes | FileName | None = None
    if "token" in user:
        token = _text(user, "token", "the user").encode()
    elif "tokenFile" in user:
        token = FileName(_text(user, "tokenFile", "the user"))
    certificate, key = (_material(user, "client-certificate"), _material(user, "client-key"))
    if (certificate is None) != (key is None):
        raise refusal("a client certificate and its key go together. Give both")
    if token is None and certificate is None:
        raise refusal("the user has neither a token nor a client certificate. Give one")
    return token, certificate, key
