"""Requests and refusals on the wire: which call is this, and how does its service say no?"""

import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import botocore.session
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel
from botocore.validate import ParamValidator
from moto.core.request import Request
from moto.core.responses import ActionResult, EmptyResult
from moto.core.routing import get_service_router
from moto.iam.models import get_account_id_from
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from tests.fakes.beliefs import TEXTS

READS = (
    "Get",
    "List",
    "Describe",
    "Search",
    "Simulate",
    "Head",
    "Lookup",
    "Assume",
    "Decode",
)
SERVICE_OF_SIGNING_NAME = {"elasticmapreduce": "emr", "servicequotas": "service-quotas"}
# Any service may answer these, whatever its model lists [M: CommonErrors pages].
COMMON_CODES = {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId"}
SCOPE = re.compile(r"(?:Credential=|^)([^/\s=]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """One AWS call as its request shows it, before anything is done."""

    service: str
    operation: str
    account: str
    region: str
    access_key: str

    @property
    def writes(self) -> bool:
        """Whether it may change what AWS holds; AssumeRole changes nothing."""
        return bool(self.operation) and not self.operation.startswith(READS)


class Refusal(Exception):
    """AWS says no. The gate renders it in the protocol of the service that was called.

    `AssertionError` when the service model does not list the code for that operation: the fake
    must not teach the product errors that AWS cannot send.
    """

    def __init__(self, service: str, operation: str, text: str, **fields: object) -> None:
        said = TEXTS[text]
        allowed = COMMON_CODES | set(_codes(operation_model(service, operation).error_shapes))
        assert said.code in allowed, f"{service}:{operation} cannot raise {said.code}"
        self.code, self.message = said.code, said.message.format(**fields)
        super().__init__(f"{self.code}: {self.message}")


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service; `UnknownServiceError` when it has none."""
    return botocore.session.get_session().get_service_model(service)


def operation_model(service: str, operation: str) -> OperationModel:
    """botocore's model of one operation; `OperationNotFoundError` when it has none."""
    return service_model(service).operation_model(operation)


def reply(service: str, operation: str, out: dict[str, Any]) -> ActionResult:
    """An answer of ours, refused with `AssertionError` unless botocore's model allows it."""
    shape = operation_model(service, operation).output_shape
    if shape is None:
        return EmptyResult()
    report = ParamValidator().validate(out, shape)
    assert not report.has_errors(), report.generate_report()
    return ActionResult(out)


def read_call(environ: dict[str, Any]) -> Call | None:
    """The AWS call in a WSGI request; None when it carries no signature."""
    query = parse_qs(environ.get("QUERY_STRING", ""))
    signed = environ.get("HTTP_AUTHORIZATION") or query.get("X-Amz-Credential", [""])[0]
    scope = SCOPE.search(signed)
    if scope is None:
        return None
    access_key, region, signing_name = scope.groups()
    service = SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)
    account = environ.get("HTTP_X_MOTO_ACCOUNT_ID") or get_account_id_from(access_key)
    return Call(service, _operation(environ, service, query), account, region, access_key)


def _operation(environ: dict[str, Any], service: str, query: dict[str, list[str]]) -> str:
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).split(".")[-1]
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = parse_qs(_body(environ).decode())
        return form.get("Action", query.get("Action", [""]))[0]
    if "Action" in query:
        return query["Action"][0]
    try:
        matched, _ = get_service_router(service).match(Request(environ.copy()))
    except (HTTPException, NotImplementedError, UnknownServiceError):
        return ""
    return str(matched.name)


def _body(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _codes(shapes: Iterable[Any]) -> Iterable[str]:
    for shape in shapes:
        yield str(shape.metadata.get("error", {}).get("code", shape.name))


def error(call: Call, code: str, message: str, status: int | None = None) -> Response:
    """An error in the protocol of the call's service, with the model's HTTP status unless given."""
    protocols = _protocols(call.service)
    status = status or _status(call, code, "query" in protocols)
    if protocols & {"query", "rest-xml"}:
        detail = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        body = f"<ErrorResponse><Error><Type>Sender</Type>{detail}</Error></ErrorResponse>"
        if "rest-xml" in protocols:
            body = f"<Error>{detail}</Error>"
        return Response(body, status, mimetype="text/xml")
    document = json.dumps({"__type": code, "message": message})
    return Response(document, status, {"x-amzn-errortype": code}, mimetype="application/json")


def _protocols(service: str) -> set[str]:
    try:
        metadata = service_model(service).metadata
    except UnknownServiceError:
        return {"json"}
    return set(metadata.get("protocols", [metadata["protocol"]]))


def _status(call: Call, code: str, query: bool) -> int:
    try:
        shapes = operation_model(call.service, call.operation).error_shapes
    except (UnknownServiceError, OperationNotFoundError):
        shapes = []
    for shape in shapes:
        if code in _codes([shape]):
            modelled = shape.metadata.get("error", {}).get("httpStatusCode")
            return int(modelled or (500 if shape.metadata.get("fault") else 400))
    denied = code in ("AccessDenied", "AccessDeniedException", "InvalidClientTokenId")
    return 403 if denied and query else 400
