"""The fake AWS that behaves: stock moto server, extended in place, with faults on command.

`python -m tests.fakes --port 5000` serves every AWS API on one address. State lives in memory,
per account and region; the account is the one whose credentials sign, so `sts:AssumeRole` leads
into another. What is extended, and why it is believed, is in `tests.fakes.beliefs`.
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

# Before moto is imported: the account must follow the credentials, whatever the shell has set.
for name in ("MOTO_ACCOUNT_ID", "AWS_PROFILE"):
    os.environ.pop(name, None)

from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server  # noqa: E402

from tests.fakes import (  # noqa: E402
    admin,
    eks,
    eks_entries,
    eks_pods,
    emr,
    emrcontainers,
    holds_page,
    iam,
    rest,
    servicecatalog,
    servicequotas,
    sts,
)
from tests.fakes.gate import Gate  # noqa: E402

HOST = "127.0.0.1"
PORT_TAKEN = 2
BACKLOG = 128


class Quiet(MotoRequestHandler):
    """No line per request: the journal has them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def application() -> Gate:
    """The whole fake as one WSGI app; call once per process."""
    for extension in (
        iam,
        sts,
        servicecatalog,
        servicequotas,
        eks,
        eks_entries,
        eks_pods,
        emr,
        emrcontainers,
    ):
        extension.install()
    return Gate(DomainDispatcherApplication(create_backend_app), admin.app)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes", description=__doc__)
    parser.add_argument("--port", type=int, default=5000, help="0: any free one")
    parser.add_argument("--kube-port", type=int, default=0, help="ConfigMap server; 0: any")
    parser.add_argument("--info", type=Path, help="also write the addresses to this file")
    parser.add_argument("--human", action="store_true", help="print the addresses readably")
    parser.add_argument("--watch", action="store_true", help="date changes as they happen")
    return parser.parse_args(argv)


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(BACKLOG)
    return listener


def _kubernetes(port: int) -> eks.Kubernetes:
    from tests.fakes import kube

    server: eks.Kubernetes = kube.start(port)
    eks.connect(server)
    return server


def _addresses(port: int, kubernetes: eks.Kubernetes, outside: rest.Server) -> dict[str, str]:
    aws = f"http://{HOST}:{port}"
    pages = {name: f"{aws}/_fake/{name}" for name in ("faults", "calls", "holds")}
    others = {"rest": outside.host, "rest_ca": outside.ca_pem}
    return {"aws": aws, "kubernetes": kubernetes.url, **others, **pages}


def _tell(addresses: dict[str, str], options: argparse.Namespace) -> None:
    line = json.dumps(addresses)
    if options.info:
        options.info.write_text(line + "\n")
    shown = {name: url for name, url in addresses.items() if name != "rest_ca"}
    readable = "\n".join(f"{name:>10}  {url}" for name, url in shown.items())
    print(readable if options.human else line, flush=True)


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(argv: list[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; 0, or 2 when a port is taken."""
    options = _options(argv)
    for wanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wanted, _end)
    try:
        return _run(options)
    except KeyboardInterrupt:
        return 0


def _run(options: argparse.Namespace) -> int:
    try:
        listener = _bound(options.port)
        kubernetes = _kubernetes(options.kube_port)
        outside = rest.Server(0)
    except OSError as taken:
        print(f"Cannot listen on {HOST}: {taken.strerror}. Choose other ports.", file=sys.stderr)
        return PORT_TAKEN
    try:
        server = _server(listener)
        _tell(_addresses(server.port, kubernetes, outside), options)
        _serve(server, options.watch)
    finally:
        kubernetes.stop()
        outside.stop()
    return 0


def _server(listener: socket.socket) -> BaseWSGIServer:
    app: Any = application()
    port = listener.getsockname()[1]
    return make_server(HOST, port, app, threaded=True, request_handler=Quiet, fd=listener.fileno())


def _serve(server: BaseWSGIServer, watch: bool) -> None:
    stop = threading.Event()
    if watch:
        threading.Thread(target=holds_page.watch, args=[stop], daemon=True).start()
    try:
        server.serve_forever()
    finally:
        stop.set()
