"""What kinds share that let nobody choose anything."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from policies.kinds.protocol import BadTerms, Field, Terms
from policies.models import Entitlement


def fields(entitlement: Entitlement) -> Sequence[Field]:
    return ()


def clean(entitlement: Entitlement, terms: Terms) -> dict[str, Any]:
    """No terms at all. Raises BadTerms where some were sent."""
    if terms:
        raise BadTerms("terms", _("There is nothing to choose for this access."))
    return {}
