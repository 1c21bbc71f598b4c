"""Who may assume a role: statements of ours in its trust policy, beside everybody else's.

UpdateAssumeRolePolicy replaces the whole document and has no compare-and-set, so it is read
again right before it is written. A role keeps one statement at least; where none is left,
one of ours says that nobody may assume it.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
"""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from policies.documents import iam, shared
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading
from policies.providers import statements, tagged
from policies.providers.protocol import Basis, Clients, Load, Part, Place
from policies.providers.statements import (
    basis as basis,
)
from policies.providers.statements import (
    clears as clears,
)
from policies.providers.statements import (
    desired as desired,
)
from policies.providers.statements import (
    holds as holds,
)
from policies.providers.statements import (
    key_of as key_of,
)
from policies.providers.statements import (
    keys_of as keys_of,
)
from policies.providers.statements import (
    untouchable as untouchable,
)
from policies.providers.statements import (
    writes as writes,
)

READS = ("iam:GetRole", "iam:GetAccountSummary")
WRITES = ("iam:GetRole", "iam:UpdateAssumeRolePolicy")
WHOLE_KEY = True
LENGTH = 2_048  # of a trust policy; accounts are asked for their own at each preview


def read(clients: Clients, place: Place) -> Reading:
    name = place.object.rsplit("/", 1)[-1]
    try:
        role = clients.call("iam", "get_role", RoleName=name)["Role"]
    except Outcome as error:
        if error.code == "NoSuchEntity":
            return Reading({}, missing=error.message)
        raise
    if role["Arn"] != place.object:
        return Reading({}, missing=f"IAM knows {role['Arn']}, not {place.object}.")
    return statements.reading(
        role.get("AssumeRolePolicyDocument") or {},
        place,
        tags=role.get("Tags", []),
        identities={role["Arn"]: role["RoleId"]},
    )


def quotas(clients: Clients, place: Place) -> Mapping[str, int]:
    told = clients.call("iam", "get_account_summary")["SummaryMap"]
    name = "AssumeRolePolicySizeQuota"
    return {"length": int(told[name])} if name in told else {}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    used = statements.length(basis, place, parts)
    limit = basis["limits"].get("length", LENGTH)
    loads = [Load(_("trust policy of this role"), used, limit, _("characters"))]
    pairs = [part for part in parts if "Federated" in part["principals"]]
    if pairs:
        # What one more would take at most: a statement of its own, as another cluster needs it.
        each = max(iam.size(iam.text(shared.statement(part))) for part in pairs)
        fit = len(pairs) + max(limit - used, 0) // each
        loads.append(
            Load(_("clusters and namespaces whose jobs run as this role"), len(pairs), fit)
        )
    return loads


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    carried = reading.raw["tags"] if reading.raw else ()
    return [*tagged.problems(place, carried), *statements.dangling(reading)]


def say(place: Place, change: Change) -> str:
    words = (
        _("%(role)s does not trust %(who)s any more")
        if change.after is None
        else _("%(role)s trusts %(who)s")
    )
    return words % {"role": place.object, "who": shared.named(change.after or change.before or "")}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    found = read(clients, place)
    for problem in tagged.problems(place, found.raw["tags"] if found.raw else ()):
        raise Outcome(Kind.DENIED, problem)
    document = statements.checked(found, reading, changes, place)
    document["Statement"] = document["Statement"] or [shared.closed()]
    name = place.object.rsplit("/", 1)[-1]
    text = iam.raw(document)
    clients.call("iam", "update_assume_role_policy", RoleName=name, PolicyDocument=text)
