"""The reverse proxy's file of docs/deploy, as nginx can run it here: other ports, other paths."""

import os
import shutil
import socket
from pathlib import Path

from tests.fakes import kube_tls

SITE = Path(__file__).resolve().parents[2] / "docs" / "deploy" / "nginx.conf"


def nginx() -> str:
    """Where nginx is; empty when it is not installed."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write(folder: Path, *, port: int, front: int) -> Path:
    """A whole configuration in `folder`: from `front` (TLS) to the web server at `port`."""
    certificate, key = kube_tls.make_authority().issue("127.0.0.1", hosts=True)
    (folder / "cert.pem").write_text(certificate)
    (folder / "key.pem").write_text(key)
    path = folder / "nginx.conf"
    path.write_text(_whole(folder, _exchanged(folder, port, front)))
    return path


def _exchanged(folder: Path, port: int, front: int) -> str:
    text = SITE.read_text()
    exchanged = {
        "listen 443 ssl http2;": f"listen 127.0.0.1:{front} ssl http2;",
        "listen 80;": f"listen 127.0.0.1:{free_port()};",
        "127.0.0.1:8000": f"127.0.0.1:{port}",
        "/etc/ssl/gatehouse/fullchain.pem": f"{folder}/cert.pem",
        "/etc/ssl/gatehouse/privkey.pem": f"{folder}/key.pem",
        "/var/log/nginx/gatehouse.json": f"{folder}/access.json",
        "gatehouse.example.com": "127.0.0.1",
        # Only here the port is no standard one.
        "proxy_set_header Host $host;": "proxy_set_header Host $http_host;",
    }
    for old, new in exchanged.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def _whole(folder: Path, text: str) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    top = f"pid {folder}/nginx.pid;\nerror_log {folder}/nginx-error.log;\nevents {{}}\n"
    return f"{top}http {{\n{paths}{text}\n}}\n"
