"""What became of a leaver's access: read live, each line no further than it was seen."""

from typing import Any

from django.db.models import prefetch_related_objects
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from policies import lifecycle
from policies.access import remaining
from policies.models import Delivery, Phase, Receipt, Target
from policies.outcomes import ADVICE
from portal.api import schema
from portal.api.serializers import ReceiptBody
from portal.api.views import ApiView

_STATES: dict[str, str] = {
    Delivery.Release.GONE: "seen_gone",
    Delivery.Release.NEEDED: "still_needed",
    Delivery.Release.FOUND: "not_ours",
}
_TROUBLED = (Phase.WAITING, Phase.HELD, Phase.STUCK)
_ADVICE = {str(kind): advice for kind, advice in ADVICE.items()}


class OneReceipt(ApiView):
    scopes = {"GET": "receipts:read"}

    @extend_schema(
        tags=["receipts"],
        summary="A leaver’s receipt",
        responses=schema.answers({200: ReceiptBody}, 404),
    )
    def get(self, request: Request, ref: str) -> Response:
        receipt = Receipt.objects.select_related("person").filter(ref=ref.upper()).first()
        if receipt is None:
            raise Http404
        return Response(ReceiptBody(body(receipt)).data)


def body(receipt: Receipt) -> dict[str, Any]:
    """The receipt as it is now."""
    lines = lifecycle.receipt_lines(receipt)
    prefetch_related_objects(lines, "needed_by__person", "grant__deliveries__target")
    deliveries = [_line(one) for one in lines]
    return {
        "receipt": receipt.ref,
        "employee_number": receipt.person.employee_number,
        "created_at": receipt.created_at,
        "complete": all(one["state"] != "ending" for one in deliveries),
        "closed_requests": sorted(receipt.closed_requests),
        "deliveries": deliveries,
    }


def _line(delivery: Delivery) -> dict[str, Any]:
    state = _state(delivery)
    other = delivery.needed_by if state == "still_needed" else None
    return {
        "grant": delivery.grant.ref,
        "entitlement": delivery.grant.entitlement.name,
        "target": _target(delivery.target, ending=state == "ending"),
        "state": state,
        "says": _says(delivery, state),
        "needed_by": other
        and {
            "grant": other.ref,
            "employee_number": other.person.employee_number,
            "name": other.person.name,
        },
        "should_be_gone_since": delivery.grant.ended_at,
        "remains": [
            {"says": str(one.text), "until": one.until}
            for one in remaining.of(delivery.grant, now=timezone.now())
        ],
        "released_at": delivery.released_at if state != "ending" else None,
    }


def _state(delivery: Delivery) -> str:
    """Only a release that says what was seen counts; everything else is still ending."""
    if delivery.state != Delivery.State.RELEASED:
        return "ending"
    return _STATES.get(delivery.release, "ending")


def _says(delivery: Delivery, state: str) -> str:
    if state == "seen_gone":
        return _("seen gone")
    if state == "not_ours":
        return _("not ours, was there before; left in place")
    if state == "still_needed" and delivery.needed_by is not None:
        return _("still there because grant %(grant)s of %(person)s needs it") % {
            "grant": delivery.needed_by.ref,
            "person": delivery.needed_by.person,
        }
    if state == "still_needed":
        return _("still there because another access needs it")
    return _("ending: not yet seen gone")


def _target(target: Target, *, ending: bool) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "account": target.account,
        "region": target.region,
        "object": target.object,
        "says": _where(target),
        "outcome": _outcome(target) if ending else None,
    }


def _where(target: Target) -> str:
    facts = {
        "what": target.get_kind_display(),
        "object": target.object,
        "account": target.account,
        "region": target.region,
    }
    if target.region:
        return _("%(what)s: %(object)s in account %(account)s, %(region)s") % facts
    return _("%(what)s: %(object)s in account %(account)s") % facts


def _outcome(target: Target) -> dict[str, Any] | None:
    """What is in the way at this place; None while nothing is."""
    advice = _ADVICE.get(target.outcome)
    if advice is None or target.phase not in _TROUBLED:
        return None
    return {
        "kind": target.outcome,
        "means": _(advice.means),
        "remedy": _(advice.remedy),
        "runbook": advice.runbook,
        "aws_said": target.outcome_text,
        "next_try_at": target.next_look_at,
    }
