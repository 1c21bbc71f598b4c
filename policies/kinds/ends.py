"""What may go on after an end, as several kinds say it."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Principal
from policies.kinds.protocol import EndFacts, PlacedPart, Remaining

CHAINED = timedelta(hours=1)  # AWS lets no chained session live longer


def cut_parts(
    principal: Principal, parts: Sequence[Mapping[str, Any]], before: str
) -> list[PlacedPart]:
    """Nothing is cut but sessions."""
    return []


def sessions(ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    """Sessions that began before the end. A chained one is another role's, so no cut reaches it."""
    chained = Remaining(
        _("Sessions in other roles that were taken on from this AWS identity before the end."),
        ended_at + CHAINED,
    )
    if facts.cuts_sessions:
        return [chained]
    own = Remaining(
        _("Sessions of this AWS identity that began before the end, for what they still hold."),
        ended_at + timedelta(seconds=facts.session_seconds),
    )
    return [chained, own]


def streams() -> list[Remaining]:
    """What goes on in a Kubernetes cluster: it asks at each request, and these are one each."""
    return [
        Remaining(
            _("Open streams of Kubernetes: shells, logs and ports that are being forwarded.")
        ),
        Remaining(
            _("Tokens of service accounts that were made with this access, until they expire.")
        ),
    ]
