"""The portal-owned policies of one IAM role or user; everybody else's policies beside them.

One inline policy per principal, named with the installation's id, and managed policies for what
finds no room there. PutRolePolicy overwrites, so whole documents are made from the living
grants, never patched.
"""

import json
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _

from policies.documents import iam, packing
from policies.documents.ceiling import breaches as above
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State
from policies.providers import managed, tagged
from policies.providers.managed import names
from policies.providers.protocol import Basis, Clients, Load, Part, Place, Standing

READS = (
    "iam:GetRole",
    "iam:GetUser",
    "iam:ListRolePolicies",
    "iam:ListUserPolicies",
    "iam:GetRolePolicy",
    "iam:GetUserPolicy",
    "iam:GetAccountSummary",
    *managed.READS,
)
WRITES = (
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPolicy",
    *managed.WRITES,
)
WHOLE_KEY = True
# What AWS's quota pages say; accounts are asked for their own at each preview.
INLINE = {"role": 10_240, "user": 2_048}  # all inline policies together, no white space counted
DOCUMENT = 6_144  # one managed policy, likewise
ATTACHED = 10  # managed policies per role or user


def read(clients: Clients, place: Place) -> Reading:
    kind, argument, name = names(place)
    try:
        about = clients.call("iam", f"get_{kind}", **{argument: name})[kind.capitalize()]
        listing = ("iam", f"list_{kind}_policies", "PolicyNames")
        policies = clients.pages(*listing, **{argument: name})
    except Outcome as error:
        if error.code == "NoSuchEntity":
            return Reading({}, missing=error.message)
        raise
    if about["Arn"] != place.object:
        # Names are unique without their path, so this one is somebody else now.
        return Reading({}, missing=f"IAM knows {about['Arn']}, not {place.object}.")
    state, others = {}, 0
    for policy in policies:
        document = _document(clients, kind, **{argument: name}, PolicyName=policy)
        if document is not None:
            state[policy] = managed.canonical(policy, document)
            others += 0 if policy == key_of(place, {}) else iam.size(iam.raw(document))
    attached = managed.attached(clients, place)
    state |= managed.read(clients, place, attached)
    return Reading(
        state,
        {"tags": about.get("Tags", []), "inline": others, "attached": attached},
        marked=frozenset(key for key in state if _number(place, key) is not None),
        identities={about["Arn"]: about[f"{kind.capitalize()}Id"]},
    )


def _document(clients: Clients, kind: str, **arguments: Any) -> Any:
    """The policy's document; None for one that the lagging list still names but that is gone."""
    try:
        return clients.call("iam", f"get_{kind}_policy", **arguments)["PolicyDocument"]
    except Outcome as error:
        if error.code != "NoSuchEntity":
            raise
        return None


def key_of(place: Place, part: Part) -> str:
    return f"gatehouse-{place.installation}"


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    """Our documents in `state` that hold anything of the part."""
    pieces = _pieces(part).keys()
    return {
        key
        for key in state
        if _number(place, key) is not None and pieces & iam.atom_texts(_said(state[key]))
    }


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    """Inline first; what finds no room beside others' inline policies goes into managed ones."""
    there = standing is not None and not standing.reading.missing
    others = basis(standing.reading, place, parts, {}) if standing and there else {}
    earlier = standing.ours if standing else {}
    documents = packing.pack(
        _pieces_of_all(parts),
        first=INLINE[names(place)[0]] - others.get("inline", 0),
        rest=DOCUMENT,
        most=ATTACHED - others.get("attached", 0),
        earlier=dict(_numbered(place, earlier)),
    )
    return {_key(place, number): text for number, text in documents.items()}


def holds(state: State, place: Place, part: Part) -> bool:
    """Whether each piece stands in one of our documents. Not attached, a document gives nothing."""
    texts = [state[key] for key in state if _number(place, key) is not None]
    attached = [text for text in texts if not text.startswith(managed.NOT_ATTACHED)]
    return all(
        any(iam.covers(text, piece) for text in attached) for piece in _pieces(part).values()
    )


def clears(state: State, place: Place, parts: Sequence[Part]) -> Set[str]:
    return frozenset()


def quotas(clients: Clients, place: Place) -> Mapping[str, int]:
    """What this account may have: IAM's own summary of it."""
    kind = names(place)[0].capitalize()
    told = clients.call("iam", "get_account_summary")["SummaryMap"]
    asked = {
        "inline": f"{kind}PolicySizeQuota",
        "document": "PolicySizeQuota",
        "attached": f"AttachedPoliciesPer{kind}Quota",
    }
    return {name: int(told[quota]) for name, quota in asked.items() if quota in told}


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    attached = reading.raw["attached"]
    return {
        "inline": reading.raw["inline"],
        "attached": len(attached - managed.ours(place, attached)),
        "limits": dict(limits),
    }


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    limits = basis["limits"]
    inline = limits.get("inline", INLINE[names(place)[0]])
    most = limits.get("attached", ATTACHED)
    documents = packing.pack(
        _pieces_of_all(parts),
        first=inline - basis["inline"],
        rest=limits.get("document", DOCUMENT),
        most=most,
    )
    written = iam.size(documents.pop(0, ""))
    return [
        Load(
            _("inline policies of this identity"),
            basis["inline"] + written,
            inline,
            _("characters"),
        ),
        Load(
            _("managed policies attached to this identity"),
            basis["attached"] + len(documents),
            most,
        ),
    ]


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    found = tagged.problems(place, reading.raw["tags"])
    said = [breach for part in parts for one in _statements(part) for breach in above(one)]
    return found + [_("Gatehouse never writes this (GH-244): %s.") % one for one in sorted({*said})]


def untouchable(place: Place, key: str, text: str) -> str:
    """Our rights end at our own policy's name; whoever made another policy removes it."""
    if _number(place, key) is not None:
        return ""
    return _("Gatehouse may only remove policies of its own name; whoever made this one does.")


def say(place: Place, change: Change) -> str:
    policy = change.key.removeprefix(managed.PREFIX)
    words = (
        _("policy %(policy)s is removed from %(who)s")
        if change.after is None
        else _("policy %(policy)s of %(who)s is written anew")
    )
    return words % {"policy": policy, "who": place.object}


def writes(changes: Sequence[Change]) -> list[list[Change]]:
    """Whatever gains first, so that a statement that moves stands in its new place before."""
    return [[change] for change in sorted(changes, key=_turn)]


def _turn(change: Change) -> int:
    if change.before is None or change.after is None:
        return 0 if change.before is None else 3
    before, after = (iam.atom_texts(_said(text)) for text in (change.before, change.after))
    return 0 if before <= after else 2 if after <= before else 1


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    for problem in problems(reading, place, parts):
        raise Outcome(Kind.DENIED, problem)
    for change in changes:
        is_inline = not change.key.startswith(managed.PREFIX)
        if change.after is None and is_inline:
            _delete(clients, place, change.key)
        elif change.after is None:
            managed.remove(clients, place, change.key)
        # Written only if it reads back as what was meant.
        elif iam.canonical(json.loads(change.after)) != change.after:
            raise Outcome(Kind.MALFORMED, f"{change.key}: the document does not read back as meant")
        elif is_inline:
            kind, argument, name = names(place)
            arguments = {argument: name, "PolicyName": change.key, "PolicyDocument": change.after}
            clients.call("iam", f"put_{kind}_policy", **arguments)
        else:
            managed.write(clients, place, change)


def _delete(clients: Clients, place: Place, policy: str) -> None:
    kind, argument, name = names(place)
    try:
        clients.call("iam", f"delete_{kind}_policy", **{argument: name, "PolicyName": policy})
    except Outcome as error:
        # Not there any more: what was wanted. Whether it is true, the looks tell.
        if error.code != "NoSuchEntity":
            raise


def _key(place: Place, number: int) -> str:
    return managed.key(place, number) if number else key_of(place, {})


def _number(place: Place, key: str) -> int | None:
    """Which of our documents a key is: 0 the inline one; None: it is not ours."""
    if key == key_of(place, {}):
        return 0
    return managed.number_of(place, key) or None


def _numbered(place: Place, state: State) -> list[tuple[int, str]]:
    pairs = ((_number(place, key), text) for key, text in state.items())
    return [(number, text) for number, text in pairs if number is not None]


def _said(text: str) -> str:
    """The document of a key's text, attached or not."""
    return text.removeprefix(managed.NOT_ATTACHED)


def _pieces_of_all(parts: Sequence[Part]) -> dict[str, iam.Statement]:
    return {text: piece for part in parts for text, piece in _pieces(part).items()}


def _pieces(part: Part) -> Mapping[str, iam.Statement]:
    """A part's pieces by their texts. A pass asks for them of every part several times."""
    return _pieces_said(iam.text(part))


@lru_cache(maxsize=1024)
def _pieces_said(part_text: str) -> Mapping[str, iam.Statement]:
    return MappingProxyType(iam.atoms(_statements(json.loads(part_text))))


def _statements(part: Part) -> list[iam.Statement]:
    if part.get("statement") == "emr_eks_jobs":
        return iam.job_statements(part["virtual_cluster"], part["execution_role"])
    if part.get("statement") == "allow":
        return [iam.allow(part["actions"], part["resources"], part.get("conditions"))]
    if part.get("statement") == "session_cut":
        return [iam.session_cut(part["actions"], part["before"], part.get("sessions"))]
    raise ValueError(f"a part that no statement is known for: {part.get('statement')}")
