"""From when until when: the dates a request may ask for."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from policies.access import effects
from policies.access.errors import Refused
from policies.models import Request

FURTHEST = timedelta(days=366)  # how far ahead access may begin


def check(request: Request, *, most_days: int, now: datetime) -> None:
    """Raises Refused unless the dates asked for make sense and end with the contract."""
    today = effects.day_of(now)
    first = request.starts_on or today
    if first < today:
        text = _("The first day is in the past. Choose today or a later day.")
        raise Refused("start_past", text, field="starts_on")
    if first - today > FURTHEST:
        raise Refused(
            "start_far",
            _("The first day is more than %s days away. Ask when it is nearer.") % FURTHEST.days,
            field="starts_on",
        )
    if (request.days is None) == (request.ends_on is None):
        raise Refused("dates", _("Give either a number of days or a last day."), field="days")
    if request.ends_on is not None and request.ends_on < first:
        raise Refused(
            "end_before_start",
            _("The last day lies before the first day. Choose a later last day."),
            field="ends_on",
        )
    name = "days" if request.ends_on is None else "ends_on"
    days = request.days if request.days is not None else (request.ends_on - first).days + 1  # type: ignore[operator]
    if days < 1 or days > most_days:
        raise Refused(
            "too_long",
            _("This access is given for 1 to %(most)s days at a time; you asked for %(days)s.")
            % {"most": most_days, "days": days},
            field=name,
        )
    contract = request.person.contract_ends_on
    if contract is not None and first + timedelta(days=days - 1) > contract:
        raise Refused(
            "after_contract",
            _("The contract ends on %s; access cannot last longer. Ask for less time.")
            % contract.isoformat(),
            field=name,
        )
