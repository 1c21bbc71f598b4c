"""A kubeconfig is taken when it is plain and safe, and refused with a lesson otherwise."""

import base64
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.kubernetes import Cluster
from policies.outcomes import Kind, Outcome
from tests.fakes import kube

MAP = ("kube-system", "aws-auth")
START = {"mapRoles": "[]\n"}


@pytest.fixture(scope="module")
def server() -> Iterator[kube.Server]:
    server = kube.start()
    server.create_cluster("one", START)
    yield server
    server.stop()


class Home:
    """A directory with a kubeconfig whose one context is `here`."""

    def __init__(self, directory: Path, server: kube.Server) -> None:
        self.path = directory / "clusters" / "config"
        self.path.parent.mkdir()
        self.server = server
        self.cluster: dict[str, Any] = {
            "server": server.cluster_url("one"),
            "certificate-authority-data": server.ca_data,
        }
        self.user: dict[str, Any] = {"token": "portal"}

    def write(self, **more: Any) -> Path:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": self.cluster}],
            "users": [{"name": "u", "user": self.user}],
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        }
        self.path.write_text(yaml.safe_dump(document | more))
        return self.path

    def data(self, context: str = "here") -> Any:
        found = Cluster.from_kubeconfig(self.path, context).read_config_map(*MAP)
        return found and found["data"]

    def refusal(self, context: str = "here") -> str:
        with pytest.raises(Outcome) as caught:
            Cluster.from_kubeconfig(self.path, context)
        assert caught.value.kind is Kind.PERMANENT
        return caught.value.message


@pytest.fixture
def home(tmp_path: Path, server: kube.Server) -> Home:
    return Home(tmp_path, server)


def test_a_token_and_a_ca_in_place_reach_the_cluster(home: Home) -> None:
    home.cluster |= {"insecure-skip-tls-verify": False, "extensions": []}
    home.write()
    assert home.data() == START


def test_a_client_certificate_in_place_reaches_the_cluster_and_leaves_no_file(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    certificate, key = home.server.client_certificate("portal")
    home.user = {"client-certificate-data": _data(certificate), "client-key-data": _data(key)}
    home.write()
    assert home.data() == START
    assert list(scratch.iterdir()) == []


def test_files_beside_the_kubeconfig_are_read(home: Home) -> None:
    certificate, key = home.server.client_certificate("portal")
    files = {"ca.pem": home.server.ca_pem, "me.pem": certificate, "me.key": key, "t": "portal\n"}
    for name, text in files.items():
        (home.path.parent / name).write_text(text)
    del home.cluster["certificate-authority-data"]
    home.cluster["certificate-authority"] = str(home.path.parent / "ca.pem")
    home.user = {"client-certificate": "me.pem", "client-key": "./me.key", "tokenFile": "t"}
    home.write()
    assert home.data() == START


@pytest.mark.parametrize("key", ["client-certificate", "certificate-authority", "tokenFile"])
@pytest.mark.parametrize("form", ["../secret", "absolute", "link"])
def test_files_outside_its_own_directory_are_refused(
    home: Home, tmp_path: Path, key: str, form: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("portal")
    (home.path.parent / "link").symlink_to(secret)
    name = str(secret) if form == "absolute" else form
    if key == "certificate-authority":
        home.cluster = {"server": home.cluster["server"], key: name}
    elif key == "tokenFile":
        home.user = {key: name}
    else:
        home.user = {key: name, "client-key-data": _data("key")}
    home.write()
    assert "outside its own directory. Put the file beside it" in home.refusal()


def test_a_file_that_is_not_there_is_named(home: Home) -> None:
    assert '"config" cannot be read' in home.refusal()
    home.user = {"tokenFile": "gone"}
    home.write()
    assert '"gone" cannot be read (No such file or directory)' in home.refusal()


@pytest.mark.parametrize(
    ("change", "lesson"),
    [
        ({"exec": {"command": "touch", "args": ["ran"]}}, 'has "exec": it would run a program'),
        ({"auth-provider": {"name": "gcp"}}, 'has "auth-provider": its plugins run code'),
        ({"username": "u", "password": "p"}, "Kubernetes dropped passwords"),
        ({"as": "system:admin"}, 'has "as": permissions are given to the credential itself'),
        ({"as-groups": ["system:masters"]}, 'has "as-groups": we do not know'),
        ({"tokenFile": "t"}, 'both "token" and "tokenFile". Keep one'),
        ({"client-certificate-data": "QQ=="}, "certificate and its key go together"),
        ({"client-certificate-data": "QQ==", "client-key-data": "QQ=="}, "do not fit together"),
        ({"client-key-data": "%%"}, '"client-key-data" is not base64'),
        ({"token": 7}, 'the user has no "token"'),
        ({"token": "a b"}, "RFC 6750"),
    ],
)
def test_users_that_are_not_plain_are_refused_with_a_lesson(
    home: Home, change: dict[str, Any], lesson: str
) -> None:
    home.user |= change
    home.write()
    assert lesson in home.refusal()


@pytest.mark.parametrize(
    ("change", "lesson"),
    [
        ({"insecure-skip-tls-verify": True}, "anybody on the way could pose as the cluster"),
        ({"proxy-url": "http://127.0.0.1:9"}, "go to the cluster directly"),
        ({"tls-server-name": "other"}, 'has "tls-server-name": we do not know'),
        ({"certificate-authority": "ca.pem"}, "Keep one"),
        ({"certificate-authority-data": "QQ=="}, "not a PEM certificate"),
        ({"server": "http://127.0.0.1"}, "not of the form https://"),
        ({"server": ""}, 'the cluster has no "server"'),
    ],
)
def test_clusters_that_are_not_plain_are_refused_with_a_lesson(
    home: Home, change: dict[str, Any], lesson: str
) -> None:
    home.cluster |= change
    home.write()
    assert lesson in home.refusal()


def test_a_cluster_without_a_ca_is_refused(home: Home) -> None:
    del home.cluster["certificate-authority-data"]
    home.write()
    assert "cannot tell the cluster from an impostor" in home.refusal()


def test_a_user_without_credentials_is_refused(home: Home) -> None:
    home.user = {}
    home.write()
    assert "neither a token nor a client certificate" in home.refusal()


def test_a_missing_context_is_refused_with_those_that_exist(home: Home) -> None:
    home.write()
    assert 'no context "there" (it has: here). Name one of them' in home.refusal("there")


@pytest.mark.parametrize("part", ["clusters", "users", "contexts"])
def test_parts_missing_or_named_twice_are_refused(home: Home, part: str) -> None:
    home.write(**{part: []})
    assert f'no {part[:-1]} "' in home.refusal()
    row = {"name": {"clusters": "c", "users": "u", "contexts": "here"}[part]}
    home.write(**{part: [row, row]})
    assert f'more than one {part[:-1]} "' in home.refusal()
    home.write(**{part: [row]})
    assert f'its {part[:-1]} "{row["name"]}" is empty' in home.refusal()


@pytest.mark.parametrize(
    ("text", "lesson"),
    [
        ("- a\n- b\n", "not a mapping"),
        ("a: [secret\n", "not valid YAML at line 2"),
        ("a: !!python/object/apply:os.system [id]\n", "not valid YAML at line 1"),
        ("a: 2020-99-99\n", "not valid YAML"),
        ("", "not a mapping"),
        ("#" * (1024 * 1024 + 1), "longer than 1 MiB"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_refused_without_quoting_it(
    home: Home, text: str, lesson: str
) -> None:
    home.path.write_text(text)
    message = home.refusal()
    assert lesson in message
    assert "secret" not in message


def test_the_client_key_is_never_readable_by_others(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    real = tempfile.NamedTemporaryFile

    def watched(*arguments: Any, **named: Any) -> Any:
        file = real(*arguments, **named)
        modes.append(stat.S_IMODE(Path(file.name).stat().st_mode))
        return file

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", watched)
    certificate, key = home.server.client_certificate("portal")
    home.user = {"client-certificate-data": _data(certificate), "client-key-data": _data(key)}
    home.write()
    assert home.data() == START
    assert modes == [0o600]


def _data(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
