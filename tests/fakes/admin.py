"""`/_fake/…`: the fake's own controls. JSON in, JSON out; a wrong order is 400 with the reason.

POST bodies must be `application/json`, which no web page can send here without asking first.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_api._internal.models import moto_api_backend
from werkzeug.exceptions import BadRequest, HTTPException, UnsupportedMediaType
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from tests.fakes import eks, iam, lag, limits, rest, seed, servicecatalog, sts
from tests.fakes.extend import ONE_AT_A_TIME
from tests.fakes.faults import faults
from tests.fakes.holds import collect
from tests.fakes.holds_page import page, seen
from tests.fakes.journal import journal

Answer = dict[str, Any] | Response
ACCOUNT_DIGITS = 12


def _order(request: Request) -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("send application/json")
    order = json.loads(request.get_data() or b"{}")
    if not isinstance(order, dict):
        raise BadRequest("send a JSON object")
    return order


def _account(order: dict[str, Any]) -> str:
    account = str(order["account"])
    if not (account.isdecimal() and len(account) == ACCOUNT_DIGITS):
        raise ValueError("an account is 12 digits")
    return account


def _faults(request: Request) -> Answer:
    if request.method == "POST":
        return {"id": faults.add(_order(request)).id, "faults": faults.standing()}
    if request.method == "DELETE":
        faults.clear()
    return {"faults": faults.standing()}


def _calls(request: Request) -> Answer:
    if request.method == "DELETE":
        journal.clear()
    return journal.since(int(request.args.get("since", "0")))


def _portfolios(request: Request) -> Answer:
    order = _order(request)
    name = order.get("name", "Portfolio")
    found = servicecatalog.add_portfolio(_account(order), order["region"], name, order.get("id"))
    return {"id": found}


def _seed(request: Request) -> Answer:
    order = _order(request)
    return seed.fill(_account(order), order)


def _clusters(request: Request) -> Answer:
    """The ConfigMap server's clusters, over plain HTTP: make one, or ask about one."""
    if request.method == "GET":
        return eks.told_of(request.args["name"])
    order = _order(request)
    eks.make_cluster(order["name"], order.get("data"))
    return eks.told_of(order["name"])


def _limits(request: Request) -> Answer:
    if request.method == "POST":
        order = _order(request)
        account = _account(order) if "account" in order else "*"
        limits.set_limit(order["name"], int(order["value"]), account)
    return {"limits": limits.in_force(request.args.get("account", "*"))}


def _credentials(request: Request) -> Answer:
    key = iam.add_access_key(_account(_order(request)))
    rest.know(key["AccessKeyId"], key["SecretAccessKey"])
    return key


def _holds(request: Request) -> Answer:
    asked = request.args.get("format") or request.accept_mimetypes.best_match(
        ["text/html", "application/json"], default="application/json"
    )
    return page(request.args) if asked in ("html", "text/html") else collect()


def _reset(request: Request) -> Answer:
    _order(request)
    moto_api_backend.reset()
    for part in (lag, limits, sts, eks, rest):
        part.reset()
    for kept in (faults, journal, seen):
        kept.clear()
    return {"reset": True}


def _index(_request: Request) -> Answer:
    return {"urls": [f"{' '.join(sorted(rule.methods or ()))} {rule.rule}" for rule in _rules]}


def _rule(path: str, view: Callable[[Request], Answer], *methods: str) -> Rule:
    return Rule(f"/_fake/{path}", endpoint=view, methods=methods, strict_slashes=False)


_rules = [
    _rule("", _index, "GET"),
    _rule("faults", _faults, "GET", "POST", "DELETE"),
    _rule("calls", _calls, "GET", "DELETE"),
    _rule("holds", _holds, "GET"),
    _rule("portfolios", _portfolios, "POST"),
    _rule("seed", _seed, "POST"),
    _rule("clusters", _clusters, "GET", "POST"),
    _rule("limits", _limits, "GET", "POST"),
    _rule("credentials", _credentials, "POST"),
    _rule("reset", _reset, "POST"),
]
_routes = Map(_rules)


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The WSGI app of the controls."""
    return _respond(Request(environ))(environ, start_response)


def _respond(request: Request) -> Response:
    try:
        view, _ = _routes.bind_to_environ(request.environ).match()
        with ONE_AT_A_TIME:
            answer = view(request)
    except HTTPException as refused:
        return _json({"error": refused.description}, refused.code or 500)
    except KeyError as missing:
        return _json({"error": f"missing or unknown: {missing}"}, 400)
    except (ValueError, TypeError) as wrong:
        return _json({"error": str(wrong)}, 400)
    return answer if isinstance(answer, Response) else _json(answer, 200)


def _json(document: dict[str, Any], status: int) -> Response:
    return Response(json.dumps(document), status, mimetype="application/json")
