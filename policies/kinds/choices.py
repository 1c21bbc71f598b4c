"""“Choose some of these”, as several kinds need it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from policies.kinds.protocol import BadTerms


def clean(terms: Mapping[str, Any], name: str, offered: Sequence[str]) -> dict[str, Any]:
    """{name: sorted, unique choices}. Raises BadTerms on none, on strangers, on other keys.

    When only one thing is offered, choosing nothing chooses it.
    """
    if set(terms) - {name}:
        raise BadTerms("terms", _("Choose only “%s” for this access.") % name)
    chosen = terms.get(name) or (list(offered) if len(offered) == 1 else [])
    if not isinstance(chosen, list) or not all(isinstance(one, str) for one in chosen):
        raise BadTerms(name, _("Write a list of names."))
    strangers = sorted(set(chosen) - set(offered))
    if strangers:
        raise BadTerms(name, _("Not offered here: %s.") % ", ".join(strangers)[:200])
    if not chosen:
        raise BadTerms(name, _("Choose at least one."))
    return {name: sorted(set(chosen))}
