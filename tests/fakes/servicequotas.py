"""Service Quotas: the one quota of Service Catalog that is asked for, which stock moto lacks."""

from typing import Any

from moto.core.responses import ActionResult
from moto.servicequotas.responses import ServiceQuotasResponse

from tests.fakes import extend
from tests.fakes.beliefs import SERVICE_QUOTAS
from tests.fakes.limits import limit


def _quota(handler: Any, stock: Any) -> Any:
    code = (handler._get_param("ServiceCode"), handler._get_param("QuotaCode"))
    if code not in SERVICE_QUOTAS:
        return stock(handler)
    name = SERVICE_QUOTAS[code]
    value = float(limit(handler.current_account, name))
    told = {"ServiceCode": code[0], "QuotaCode": code[1], "QuotaName": name, "Value": value}
    return ActionResult({"Quota": {**told, "Adjustable": True, "GlobalQuota": False}})


def install() -> None:
    """Extend moto's Service Quotas; once per process."""
    extend.around(ServiceQuotasResponse, "get_service_quota", _quota)
