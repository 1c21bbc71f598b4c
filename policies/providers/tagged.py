"""Roles and users that are not tagged for us, in words; several kinds of place are theirs."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from policies.documents import tags
from policies.providers.protocol import Place


def problems(place: Place, carried: Sequence[Mapping[str, str]]) -> list[str]:
    """Why the place's identity must not be changed; nothing where its owner lets us."""
    if tags.is_managed(carried):
        return []
    return [
        _(
            "%(who)s does not carry the tag gatehouse=managed, so Gatehouse must not change it. "
            "Whoever owns it in account %(account)s tags it; then ask again."
        )
        % {"who": place.object, "account": place.account}
    ]
