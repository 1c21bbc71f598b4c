"""A strict ConfigMap server over HTTPS on 127.0.0.1, answering as a real kube-apiserver does.

Many clusters, each below its own prefix: `URL/clusters/NAME/api/v1/namespaces/…/configmaps/…`.
Other processes steer it by HTTP (no token needed, same CA):

* POST `/_fake/clusters` `{"name", "data"}` (null data: no aws-auth), GET `/_fake/clusters/NAME`;
* POST `/_fake/clusters/NAME/foreign` `{"data"}`: an outside writer merges keys (null removes);
* POST, GET, DELETE `/_fake/faults` (`tests.fakes.kube_faults`), DELETE `/_fake/faults/ID`;
* GET, DELETE `/_fake/requests`: every API request as method, path, status (0: no answer);
* POST `/_fake/secrets` `{ACCESS_KEY: SECRET}`: from then on that key's signatures are checked.
"""

import base64
import threading
from collections import deque
from collections.abc import Mapping
from http.server import ThreadingHTTPServer
from typing import Any

from tests.fakes.kube_access import AWS_AUTH
from tests.fakes.kube_apply import Write
from tests.fakes.kube_faults import Faults
from tests.fakes.kube_http import Handler
from tests.fakes.kube_object import Store
from tests.fakes.kube_tls import make_authority, server_context

REMEMBERED = 100_000
FOREIGN = Write(manager="kubectl-edit")


class Server:
    """What `start` gives back. Everything here may be called from any thread."""

    def __init__(self, port: int, *, key_identifiers: bool) -> None:
        self.authority = make_authority(key_identifiers=key_identifiers)
        self.tls = server_context(self.authority)
        self.ca_pem = self.authority.pem
        self.clusters: dict[str, Store] = {}
        self.faults = Faults()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self.secrets: dict[str, str] = {}
        self.lock = threading.RLock()
        self._http = _Listener(self, port)
        self.url = f"https://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def cluster_url(self, name: str) -> str:
        return f"{self.url}/clusters/{name}"

    @property
    def ca_data(self) -> str:
        """The CA as DescribeCluster's `certificateAuthority.data`: base64 of PEM."""
        return base64.b64encode(self.ca_pem.encode()).decode()

    def create_cluster(self, name: str, data: Mapping[str, str] | None = None) -> None:
        """A fresh cluster of that name; without `data` it has no aws-auth."""
        with self.lock:
            self.clusters[name] = Store()
            if data is not None:
                self.put_foreign(name, data)

    def data(self, name: str) -> dict[str, str]:
        """What aws-auth holds now, whatever faults stand; empty when there is none."""
        with self.lock:
            found = self.clusters[name].objects.get(AWS_AUTH, {})
            return dict(found.get("data", {}))

    def put_foreign(self, name: str, data: Mapping[str, str | None]) -> None:
        """An outside writer: merges `data` into aws-auth (None removes a key), or creates it."""
        with self.lock:
            store = self.clusters[name]
            if AWS_AUTH in store.objects:
                store.merge_patch(AWS_AUTH, {"data": dict(data)}, FOREIGN)
            else:
                store.create(AWS_AUTH, {"data": dict(data)}, FOREIGN)

    def client_certificate(self, user: str) -> tuple[str, str]:
        """A certificate and key (PEM) that the server takes for portal, viewer or admin."""
        return self.authority.issue(user)

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Listener(ThreadingHTTPServer):
    # A burst of a hundred writers must queue, not be refused.
    request_queue_size = 128

    def __init__(self, owner: Server, port: int) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", port), Handler)

    def get_request(self) -> Any:
        # The handshake happens in the connection's own thread: a silent peer holds up nobody.
        plain, address = super().get_request()
        wrapped = self.owner.tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that hangs up or refuses our certificate is an ordinary event here."""


def start(port: int = 0, *, key_identifiers: bool = True) -> Server:
    """A running server; `port` 0 takes a free one. `stop()` it."""
    return Server(port, key_identifiers=key_identifiers)
