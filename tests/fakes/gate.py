"""The WSGI gate in front of moto: admin pages, faults, lag, refusals and the journal."""

import socket
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Response

from tests.fakes import lag, sts
from tests.fakes.beliefs import TEXTS
from tests.fakes.extend import ONE_AT_A_TIME
from tests.fakes.faults import Fault, faults
from tests.fakes.journal import error_code, journal
from tests.fakes.wire import Call, Refusal, error, read_call

# moto checks no signature: without this, any web page open beside the demo could act as AWS.
BROWSER_HEADERS = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE")
App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Lost(ConnectionError):
    """The connection ends here without an answer; werkzeug takes it for a client that left."""


class Gate:
    """One app: `/_fake/…` passes by, every signed call goes through the checks, no other does."""

    def __init__(self, moto: App, admin: App) -> None:
        self._moto, self._admin = moto, admin

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if path == "/_fake" or path.startswith("/_fake/"):
            return self._admin(environ, start_response)
        if any(name in environ for name in BROWSER_HEADERS):
            return Response("No place for web pages.", 403)(environ, start_response)
        with ONE_AT_A_TIME:
            call = read_call(environ)
        if call is None:
            return _unsigned()(environ, start_response)
        return self._journalled(call, environ)(environ, start_response)

    def _journalled(self, call: Call, environ: dict[str, Any]) -> Response:
        started, met = time.monotonic(), faults.take(call)
        response = Response(status=0)
        try:
            response = self._answer(call, environ, met)
        finally:
            session = sts.session_of(call.access_key)
            journal.add(
                call.writes,
                account=call.account,
                region=call.region,
                service=call.service,
                operation=call.operation,
                role=session.role,
                session=session.name,
                status=response.status_code,
                error=error_code(response),
                fault=",".join(fault.kind for fault in met),
                seconds=round(time.monotonic() - started, 4),
            )
        return response

    def _answer(self, call: Call, environ: dict[str, Any], met: list[Fault]) -> Response:
        for fault in met:
            if fault.kind == "slow":
                time.sleep(fault.wait)
            elif fault.kind == "drop":
                raise _hang_up(environ)
            elif fault.kind == "lose":
                self._apply(call, environ)
                raise _hang_up(environ)
            elif fault.kind != "stale":
                return _refusal(call, fault)
        with lag.met(met):
            return self._apply(call, environ)

    def _apply(self, call: Call, environ: dict[str, Any]) -> Response:
        with ONE_AT_A_TIME:
            if sts.is_unknown_token(call.account, call.access_key):
                return _unknown_token(call)
            copy = lag.before(call) if call.writes else None
            try:
                response = Response.from_app(self._moto, environ, buffered=True)
            except Refusal as refusal:
                response = error(call, refusal.code, refusal.message)
            except NotImplementedError:
                response = _not_in_the_fake(call)
            except Exception:
                traceback.print_exc()
                response = error(call, "InternalFailure", "The fake AWS failed; see its log.", 500)
            lag.after(call, copy)
        if response.status_code == 404 and response.mimetype == "text/html":
            return _not_in_the_fake(call)
        return response


def _is_query(call: Call) -> bool:
    return call.service in ("iam", "sts")


def _refusal(call: Call, fault: Fault) -> Response:
    if fault.kind in ("throttle", "rate"):
        code = "Throttling" if _is_query(call) else "ThrottlingException"
        return error(call, code, "Rate exceeded")
    if fault.kind == "deny":
        code = "AccessDenied" if _is_query(call) else "AccessDeniedException"
        action = f"{call.service}:{call.operation}"
        who = sts.session_of(call.access_key)
        user = f"arn:aws:sts::{call.account}:assumed-role/{who.role.split('/')[-1]}/{who.name}"
        message = (
            f"User: {user if who.role else f'arn:aws:iam::{call.account}:root'} is not authorized "
            f"to perform: {action} because no identity-based policy allows the {action} action"
        )
        return error(call, code, message)
    return error(call, fault.code, fault.message, fault.status)


def _unsigned() -> Response:
    said = TEXTS["unsigned"]
    body = f"<ErrorResponse><Error><Code>{said.code}</Code><Message>{said.message}</Message>"
    return Response(f"{body}</Error></ErrorResponse>", 403, mimetype="text/xml")


def _unknown_token(call: Call) -> Response:
    said = TEXTS["unknown_token"]
    code = said.code if _is_query(call) else "UnrecognizedClientException"
    return error(call, code, said.message)


def _not_in_the_fake(call: Call) -> Response:
    # 501 is no answer of AWS and none that botocore retries: the missing piece shows at once.
    message = f"The fake AWS has no {call.service}:{call.operation or 'operation at this path'}"
    return error(call, "NotInTheFake", message, 501)


def _hang_up(environ: dict[str, Any]) -> Lost:
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Lost()
