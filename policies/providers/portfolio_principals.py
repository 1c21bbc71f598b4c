"""Who may use a Service Catalog portfolio: one association per ARN and type.

AssociatePrincipalWithPortfolio has no duplicate error and the list lags behind, so the
list is the only truth: https://docs.aws.amazon.com/servicecatalog/latest/dg/API_AssociatePrincipalWithPortfolio.html
"""

from collections.abc import Mapping, Sequence, Set

from django.utils.translation import gettext as _

from policies.documents.wellknown import is_service_linked
from policies.outcomes import Outcome
from policies.plan import Change, Reading, State
from policies.providers import keyed
from policies.providers.keyed import clears as clears
from policies.providers.keyed import problems as problems
from policies.providers.keyed import writes as writes
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = ("servicecatalog:ListPrincipalsForPortfolio", "servicequotas:GetServiceQuota")
WRITES = (
    "servicecatalog:AssociatePrincipalWithPortfolio",
    "servicecatalog:DisassociatePrincipalFromPortfolio",
)
WHOLE_KEY = True
PRINCIPALS = 100  # per portfolio, adjustable
QUOTA = {"ServiceCode": "servicecatalog", "QuotaCode": "L-E8959660"}
_THERE = "associated"
_SERVICE = "servicecatalog"
_ON = "associate_principal_with_portfolio"
_OFF = "disassociate_principal_from_portfolio"


def read(clients: Clients, place: Place) -> Reading:
    listing = ("servicecatalog", "list_principals_for_portfolio", "Principals")
    try:
        found = clients.pages(*listing, PortfolioId=place.object)
    except Outcome as error:
        if error.code == "ResourceNotFoundException":
            return Reading({}, missing=error.message)
        raise
    state = {_key(one.get("PrincipalType", "IAM"), one["PrincipalARN"]): _THERE for one in found}
    return Reading(state)


def key_of(place: Place, part: Part) -> str:
    return _key(part["type"], part["arn"])


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    return {key_of(place, part): _THERE for part in parts}


def holds(state: State, place: Place, part: Part) -> bool:
    return key_of(place, part) in state


def quotas(clients: Clients, place: Place) -> Mapping[str, int]:
    told = clients.call("service-quotas", "get_service_quota", **QUOTA)["Quota"]
    return {"principals": int(told["Value"])}


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    ours = desired(place, parts).keys()
    return {
        "others": len(reading.state.keys() - ours),
        "limits": dict(limits),
    }


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    used = basis["others"] + len(desired(place, parts))
    limit = basis["limits"].get("principals", PRINCIPALS)
    return [Load(_("principals in this portfolio"), used, limit)]


def untouchable(place: Place, key: str, text: str) -> str:
    """Everybody's but that of a service-linked role."""
    if is_service_linked(key.partition(":")[2]):
        return _("It is of a role that an AWS service made for itself.")
    return ""


def say(place: Place, change: Change) -> str:
    words = (
        _("%(who)s is taken out of portfolio %(portfolio)s")
        if change.after is None
        else _("%(who)s is added to portfolio %(portfolio)s")
    )
    return words % {"who": change.key.partition(":")[2], "portfolio": place.object}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    for change in changes:
        kind, _colon, arn = change.key.partition(":")
        # The type is always sent: without it a pattern is “not found” and stays.
        pair = {"PortfolioId": place.object, "PrincipalARN": arn, "PrincipalType": kind}
        if change.after is None:
            keyed.unless(_is_gone, clients, _SERVICE, _OFF, **pair)
        else:
            clients.call(_SERVICE, _ON, **pair)


def _is_gone(error: Outcome) -> bool:
    return error.code == "ResourceNotFoundException"


def _key(kind: str, arn: str) -> str:
    return f"{kind}:{arn}"
