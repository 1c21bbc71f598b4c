"""Service Catalog: who may launch from a portfolio, which stock moto does not know."""

import json
import re
import secrets
import string
from bisect import bisect_right
from typing import Any

from moto.core.responses import ActionResult
from moto.servicecatalog.models import Portfolio, servicecatalog_backends
from moto.servicecatalog.responses import ServiceCatalogResponse

from tests.fakes import extend, principals
from tests.fakes.beliefs import PRINCIPALS_PAGE
from tests.fakes.limits import limit
from tests.fakes.wire import Refusal, reply

Pair = tuple[str, str]
TYPES = ("IAM", "IAM_PATTERN")
PATTERN = re.compile(r"arn:aws:iam:::(role|user|group)/[\w+=,.@/*?-]+")
PORTFOLIO_ID = re.compile(r"port-[a-z0-9]{13}")


def held(backend: Any) -> dict[str, set[Pair]]:
    """(ARN, type) pairs by portfolio id; kept on moto's backend, so that its reset clears them."""
    if not hasattr(backend, "principals"):
        backend.principals = {}
    found: dict[str, set[Pair]] = backend.principals
    return found


def add_portfolio(account: str, region: str, name: str, wanted: str | None = None) -> str:
    """Create a portfolio, with a wanted id (`port-` and 13 of a-z0-9) if one is given; its id.

    Wanting one that is there is no change; `ValueError` for an id AWS would not give.
    """
    backend = servicecatalog_backends[account][region]
    portfolio_id = wanted or new_portfolio_id()
    if not PORTFOLIO_ID.fullmatch(portfolio_id):
        raise ValueError("a portfolio id is port- and 13 of a-z and 0-9")
    if portfolio_id not in backend.portfolios:
        backend.portfolios[portfolio_id] = Portfolio(
            portfolio_id, name, "", "Platform", [], region, account, backend
        )
        backend.portfolio_access[portfolio_id] = []
    return portfolio_id


def new_portfolio_id() -> str:
    """An id in the form AWS gives."""
    alphabet = string.ascii_lowercase + string.digits
    return "port-" + "".join(secrets.choice(alphabet) for _ in range(13))


def _create(handler: Any, stock: Any) -> ActionResult:
    answer: ActionResult = stock(handler)
    backend = handler.servicecatalog_backend
    detail: dict[str, Any] = answer.result["PortfolioDetail"]  # type: ignore[index]
    if PORTFOLIO_ID.fullmatch(detail["Id"]):
        return answer
    portfolio, old = backend.portfolios.pop(detail["Id"]), detail["Id"]
    portfolio.id = new_portfolio_id()
    backend.portfolios[portfolio.id] = portfolio
    backend.portfolio_access[portfolio.id] = backend.portfolio_access.pop(old)
    for token, made in backend.idempotency_tokens.items():
        backend.idempotency_tokens[token] = portfolio.id if made == old else made
    return ActionResult({"PortfolioDetail": portfolio.to_dict(), "Tags": portfolio.tags})


class _Request:
    """What all three operations share: whose portfolio, which pair, how to refuse."""

    def __init__(self, handler: Any, operation: str) -> None:
        self.operation = operation
        self.body: dict[str, Any] = json.loads(handler.body)
        self.account: str = handler.current_account
        backend = handler.servicecatalog_backend
        self.portfolio: str = self.body.get("PortfolioId") or self.body.get("Id", "")
        self.pair: Pair = (
            self.body.get("PrincipalARN", ""),
            self.body.get("PrincipalType", "IAM"),
        )
        if self.portfolio not in backend.portfolios:
            raise self.no("portfolio_missing", portfolio=self.portfolio)
        self.pairs: set[Pair] = held(backend).setdefault(self.portfolio, set())

    def no(self, text: str, **fields: object) -> Refusal:
        return Refusal("servicecatalog", self.operation, text, **fields)

    def answer(self, out: dict[str, Any]) -> ActionResult:
        return reply("servicecatalog", self.operation, out)


def _associate(handler: Any) -> ActionResult:
    ask = _Request(handler, "AssociatePrincipalWithPortfolio")
    arn, kind = ask.pair
    if "PrincipalType" not in ask.body or kind not in TYPES:
        raise ask.no("bad_parameter", name="PrincipalType")
    if kind == "IAM_PATTERN" and not PATTERN.fullmatch(arn):
        raise ask.no("bad_parameter", name="PrincipalARN")
    if kind == "IAM" and (f"::{ask.account}:" not in arn or principals.find(arn) is None):
        raise ask.no("profile_missing")
    if ask.pair not in ask.pairs:
        _refuse_over_quota(ask)
        ask.pairs.add(ask.pair)
    return ask.answer({})


def _refuse_over_quota(ask: _Request) -> None:
    quotas = [("PrincipalsPerPortfolio", len(ask.pairs))]
    if ask.pair[1] == "IAM_PATTERN":
        patterns = sum(kind == "IAM_PATTERN" for _, kind in ask.pairs)
        quotas.append(("PatternsPerPortfolio", patterns))
    for quota, used in quotas:
        most = limit(ask.account, quota)
        if used >= most:
            raise ask.no("portfolio_full", portfolio=ask.portfolio, limit=most)


def _disassociate(handler: Any) -> ActionResult:
    ask = _Request(handler, "DisassociatePrincipalFromPortfolio")
    if ask.pair not in ask.pairs:
        raise ask.no("association_missing", principal=ask.pair[0], portfolio=ask.portfolio)
    ask.pairs.remove(ask.pair)
    return ask.answer({})


def _list(handler: Any) -> ActionResult:
    ask = _Request(handler, "ListPrincipalsForPortfolio")
    size = ask.body.get("PageSize") or PRINCIPALS_PAGE
    if not 0 < size <= PRINCIPALS_PAGE:
        raise ask.no("bad_parameter", name="PageSize")
    pairs = sorted(ask.pairs)
    arn, _, kind = ask.body.get("PageToken", "").rpartition("|")
    start = bisect_right(pairs, (arn, kind))
    page = pairs[start : start + size]
    out: dict[str, Any] = {"Principals": [_shown(pair) for pair in page]}
    if start + size < len(pairs):
        out["NextPageToken"] = "|".join(page[-1])
    return ask.answer(out)


def _shown(pair: Pair) -> dict[str, str]:
    return {"PrincipalARN": pair[0], "PrincipalType": pair[1]}


def _describe(handler: Any) -> None:
    _Request(handler, "DescribePortfolio")


def _delete(handler: Any) -> None:
    ask = _Request(handler, "DeletePortfolio")
    if ask.pairs:
        raise ask.no("portfolio_in_use", portfolio=ask.portfolio)


def install() -> None:
    """Extend moto's Service Catalog; once per process."""
    added: Any = ServiceCatalogResponse
    added.associate_principal_with_portfolio = _associate
    added.disassociate_principal_from_portfolio = _disassociate
    added.list_principals_for_portfolio = _list
    extend.around(ServiceCatalogResponse, "create_portfolio", _create)
    extend.before(ServiceCatalogResponse, "describe_portfolio", _describe)
    extend.before(ServiceCatalogResponse, "delete_portfolio", _delete)
    extend.let_reads_lag(ServiceCatalogResponse, "servicecatalog_backend", "servicecatalog")
