"""People's access entries of one EKS cluster: groups and AWS's access policies, per identity.

Nothing of EKS compares and sets here; each entry is one identity's, so two writers meet only in
one person's entry. https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
"""

import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

from django.utils.translation import gettext as _

from policies.documents import access_entries, auth_map, auth_rows, names
from policies.documents.wellknown import is_service_linked, known
from policies.outcomes import Outcome
from policies.plan import Change, Reading, State
from policies.providers import keyed
from policies.providers.keyed import clears as clears
from policies.providers.keyed import quotas as quotas
from policies.providers.keyed import writes as writes
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = (
    "eks:DescribeCluster",
    "eks:ListAccessEntries",
    "eks:DescribeAccessEntry",
    "eks:ListAssociatedAccessPolicies",
)
WRITES = (
    "eks:CreateAccessEntry",
    "eks:UpdateAccessEntry",
    "eks:DeleteAccessEntry",
    "eks:AssociateAccessPolicy",
    "eks:DisassociateAccessPolicy",
)
WHOLE_KEY = True
WITHOUT, BOTH = "CONFIG_MAP", "API_AND_CONFIG_MAP"  # authenticationMode
TAG = "gatehouse"
UNREAD = "{}"  # an entry of somebody who never asked here: there, and not looked into


def read(clients: Clients, place: Place) -> Reading:
    """Every entry's ARN; what is in it, of those whom the portal knows.

    EKS lists ARNs only, and tells each entry in two calls more.
    """
    try:
        about = clients.call("eks", "describe_cluster", name=place.object)["cluster"]
    except Outcome as error:
        if _is_gone(error):
            return Reading({}, missing=error.message)
        raise
    mode = str((about.get("accessConfig") or {}).get("authenticationMode", WITHOUT))
    raw: dict[str, Any] = {"mode": mode, "rows": {}}
    if mode == WITHOUT:
        return Reading({}, raw)
    if mode == BOTH:
        raw["rows"] = _rows(clients, place)
    listing = ("eks", "list_access_entries", "accessEntries")
    arns = clients.pages(*listing, clusterName=place.object)
    known = set(place.config.get("known", ()))
    state, marked = {}, set()
    for arn in arns:
        if arn not in known:
            state[arn] = UNREAD
        elif told := _entry(clients, place, arn):
            state[arn] = access_entries.text(told[0])
            marked |= {arn} if told[1].get(TAG) == place.installation else set()
    return Reading(state, raw, marked=frozenset(marked))


def _rows(clients: Clients, place: Place) -> dict[str, str]:
    """Rows of aws-auth, which an entry for the same identity puts out of effect."""
    found = clients.kubernetes(place.config).read_config_map("kube-system", "aws-auth")
    # A section that does not parse gives nobody anything.
    return auth_map.readable_rows(dict((found or {}).get("data") or {}))[0]


def _entry(clients: Clients, place: Place, arn: str) -> tuple[Any, Mapping[str, str]] | None:
    """One entry and its tags; None for one that the lagging list still names but that is gone."""
    who = {"clusterName": place.object, "principalArn": arn}
    try:
        about = clients.call("eks", "describe_access_entry", **who)["accessEntry"]
        listing = ("eks", "list_associated_access_policies", "associatedAccessPolicies")
        policies = clients.pages(*listing, **who)
    except Outcome as error:
        if not _is_gone(error):
            raise
        return None
    return access_entries.from_eks(about, policies), about.get("tags", {})


def key_of(place: Place, part: Part) -> str:
    return str(part["arn"])


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    return {key_of(place, part)} & state.keys()


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    """One entry per identity; an entry of others that gives all of it already is left to them."""
    found = {arn: access_entries.text(one) for arn, one in access_entries.united(parts).items()}
    if standing is None:
        return found
    for arn in found.keys() - standing.ours.keys():
        theirs = standing.reading.state.get(arn, UNREAD)
        mine = [part for part in parts if part["arn"] == arn]
        if theirs != UNREAD and all(access_entries.covers(theirs, part) for part in mine):
            found[arn] = theirs
    return found


def holds(state: State, place: Place, part: Part) -> bool:
    text = state.get(key_of(place, part), UNREAD)
    return text != UNREAD and access_entries.covers(text, part)


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    return {"others": len(reading.state.keys() - {key_of(place, part) for part in parts})}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    used = basis["others"] + len({key_of(place, part) for part in parts})
    return [Load(_("access entries of this cluster"), used, access_entries.LIMIT)]


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    """Modes without entries; user names two grants disagree on; rows that would be shadowed."""
    if reading.raw and reading.raw["mode"] == WITHOUT:
        return [
            _(
                "%(cluster)s is in access mode CONFIG_MAP and knows no access entries. Correct "
                "“auth_mode” in the catalogue, or let the cluster’s owners change its mode, which "
                "cannot be undone (GH-242)."
            )
            % {"cluster": place.object}
        ]
    names_of: dict[str, set[str]] = {}
    for part in parts:
        names_of.setdefault(part["arn"], set()).add(part["username"])
    found = [
        _("%(who)s already has another user name on this cluster: %(names)s.")
        % {"who": arn, "names": ", ".join(sorted(used))}
        for arn, used in names_of.items()
        if len(used) > 1
    ]
    entries = access_entries.united(parts)
    new = sorted(entries.keys() - reading.state.keys())
    return found + [text for arn in new if (text := _shadowed(reading, place, arn, entries[arn]))]


def _shadowed(reading: Reading, place: Place, arn: str, entry: Mapping[str, Any]) -> str:
    """Where both are, the entry wins alone: what the row gave besides would be lost."""
    rows = reading.raw["rows"] if reading.raw else {}
    row = rows.get(auth_rows.row_key(names.auth_map_arn(arn)))
    if row is None:
        return ""
    given = json.loads(row)
    if given["username"] == entry["username"] and set(given["groups"]) <= set(entry["groups"]):
        return ""
    return _(
        "%(who)s has a row in aws-auth of %(cluster)s (%(groups)s). An access entry would put it "
        "out of effect: move the row to an entry first (GH-243)."
    ) % {
        "who": arn,
        "cluster": place.object,
        "groups": ", ".join(json.loads(row)["groups"]) or "–",
    }


def untouchable(place: Place, key: str, text: str) -> str:
    """Entries of machines and of AWS's own services, without which nodes leave the cluster; and
    those not looked into, which may be just that."""
    if text == UNREAD:
        return _("What it holds was not looked into: it may be one by which machines join.")
    entry = json.loads(text)
    if is_service_linked(key):
        return _("Its role is linked to an AWS service.")
    if entry.get("type") != access_entries.STANDARD:
        return _("Machines join the cluster by it.")
    if known(key, entry["username"], entry["groups"]):
        return _("Its role is named like one that the cluster itself brings.")
    return ""


def say(place: Place, change: Change) -> str:
    if change.after is None:
        words = _("%(who)s has no access entry on %(cluster)s any more")
        return words % {"who": change.key, "cluster": place.object}
    one = json.loads(change.after)
    policies = [
        f"{arn.rpartition('/')[2]} ({', '.join(scope) or _('whole cluster')})"
        for arn, scope in one["policies"].items()
    ]
    given = ", ".join([*one["groups"], *policies])
    words = _("%(who)s signs in to %(cluster)s as %(name)s with: %(given)s")
    return words % {
        "who": change.key,
        "cluster": place.object,
        "name": one["username"],
        "given": given,
    }


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    for change in changes:
        who = {"clusterName": place.object, "principalArn": change.key}
        if change.after is None:
            keyed.unless(_is_gone, clients, "eks", "delete_access_entry", **who)
            continue
        # What we believe is there: a reading may be older than our own last write.
        before, after = change.before, json.loads(change.after)
        fields = {"kubernetesGroups": after["groups"], "username": after["username"]}
        if before is None:
            tags = {TAG: place.installation}
            clients.call("eks", "create_access_entry", **who, **fields, tags=tags)
        else:
            clients.call("eks", "update_access_entry", **who, **fields)
        _associate(clients, who, _policies(before), after["policies"])


def _policies(text: str | None) -> dict[str, list[str]]:
    return dict(json.loads(text).get("policies", {})) if text else {}


def _associate(
    clients: Clients, who: Mapping[str, str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    for arn in sorted(before.keys() - after.keys()):
        off = {**who, "policyArn": arn}
        keyed.unless(_is_gone, clients, "eks", "disassociate_access_policy", **off)
    for arn, namespaces in sorted(after.items()):
        if before.get(arn) == namespaces:
            continue
        scope: dict[str, Any] = {"type": "namespace" if namespaces else "cluster"}
        if namespaces:
            scope["namespaces"] = namespaces
        # Associated again, a policy's scope is replaced.
        clients.call("eks", "associate_access_policy", **who, policyArn=arn, accessScope=scope)


def _is_gone(error: Outcome) -> bool:
    return error.code == "ResourceNotFoundException"
