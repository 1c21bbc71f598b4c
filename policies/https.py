"""One request over HTTPS to a server that is not AWS's API: a cluster, a workspace, a domain.

One request is one connection and is sent once: no retries, no redirects, no proxy, so that what a
failure leaves behind is always known. What an answer means, those know who asked.
"""

import http.client
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.documents.http_answer import Answer
from policies.outcomes import Kind, Outcome

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
# A ConfigMap holds 1 MiB of values; JSON may escape a byte as six, and managedFields come on top.
LONGEST_ANSWER = 8 * 1024 * 1024
PIECE = 64 * 1024
AGENT = "gatehouse"
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1
# Each names its answers in a header of its own: Kubernetes, Databricks, OpenSearch's proxy.
_REQUEST_IDS = ("Audit-Id", "X-Request-Id", "X-Databricks-Request-Id", "X-Amzn-RequestId")


@dataclass(frozen=True)
class Connection:
    """Where a server is, whom we trust to be it, and who we are there."""

    host: str
    port: int
    prefix: str
    context: ssl.SSLContext = field(repr=False)
    token: str = field(repr=False)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        content_type: str = "",
        signed: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, sent once. Any HTTP status is an answer. `signed`: headers of a signature.

        Raises Outcome: TRANSIENT when no answer came (`lost` once a write was being sent),
        PERMANENT when TLS failed or the answer is absurdly long.
        """
        wire = http.client.HTTPSConnection(
            self.host, self.port, timeout=CONNECT_SECONDS, context=self.context
        )
        lost = False
        try:
            wire.connect()
            wire.sock.settimeout(READ_SECONDS)
            lost = method != "GET"
            wire.request(
                method, self.prefix + path, body, {**self._headers(content_type), **(signed or {})}
            )
            return _answer(wire, lost)
        except (OSError, http.client.HTTPException) as error:
            raise _broken(error, self.host, lost) from error
        finally:
            wire.close()

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": AGENT}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if content_type:
            headers["Content-Type"] = content_type
        return headers


def to_host(host: str, token: str = "") -> Connection:
    """A server by its name, or name and port, trusted by the machine's own authorities.

    Not `create_default_context`: it obeys SSLKEYLOGFILE.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    name, _colon, port = host.partition(":")
    return Connection(name, int(port or 443), "", context, token)


def _answer(wire: http.client.HTTPSConnection, lost: bool) -> Answer:
    """The whole answer, within READ_SECONDS: a time-out for each piece would let it trickle."""
    end = time.monotonic() + READ_SECONDS
    response = wire.getresponse()
    body = b""
    while len(body) <= LONGEST_ANSWER and (piece := response.read1(PIECE)):
        body += piece
        if time.monotonic() > end:
            raise TimeoutError
    if len(body) > LONGEST_ANSWER:
        raise Outcome(
            Kind.PERMANENT, "The answer is longer than any that makes sense here.", lost=lost
        )
    if response.length:  # read(amount) does not say by itself that the body was cut short
        raise http.client.IncompleteRead(body, response.length)
    after = response.getheader("Retry-After", "").strip()
    seconds = float(after[:9]) if after.isascii() and after.isdigit() else 0.0
    told = (response.getheader(name, "") for name in _REQUEST_IDS)
    return Answer(response.status, body, next(filter(None, told), ""), seconds)


def _broken(error: Exception, host: str, lost: bool) -> Outcome:
    cut = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    if isinstance(error, ssl.SSLError) and not cut:
        return Outcome(
            Kind.PERMANENT,
            f"{host} did not prove to be the server meant, or refused our certificate "
            f"({error.reason}): check that the address and the CA belong together.",
            lost=lost,
            code=type(error).__name__,
        )
    if isinstance(error, TimeoutError):
        what = f"{host} did not answer in time"
    elif isinstance(error, socket.gaierror):
        what = f"The name {host} is not known to the name server"
    else:
        what = f"The connection to {host} failed ({type(error).__name__})"
    after = ": the change may have been made all the same." if lost else "."
    return Outcome(Kind.TRANSIENT, what + after, lost=lost, code=type(error).__name__)
