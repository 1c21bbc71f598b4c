"""The portal-owned inline policy of one IAM role or user; everybody else's policies beside it.

One document per principal, named with the installation's id: PutRolePolicy overwrites, so
the whole document is made from the living grants, never patched.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from policies.documents import iam
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State
from policies.providers.protocol import Clients, Load, Part, Place

READS = (
    "iam:GetRole",
    "iam:GetUser",
    "iam:ListRolePolicies",
    "iam:ListUserPolicies",
    "iam:GetRolePolicy",
    "iam:GetUserPolicy",
)
WRITES = ("iam:PutRolePolicy", "iam:PutUserPolicy", "iam:DeleteRolePolicy", "iam:DeleteUserPolicy")
WHOLE_KEY = True
# All inline policies together, white space not counted (IAM quotas page).
INLINE = {"role": 10_240, "user": 2_048}
TAG = ("gatehouse", "managed")


def read(clients: Clients, place: Place) -> Reading:
    kind, argument, name = _names(place)
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
    state = {}
    for policy in policies:
        document = _document(clients, kind, **{argument: name}, PolicyName=policy)
        if document is not None:
            state[policy] = _canonical(policy, document)
    return Reading(
        state,
        {"tags": about.get("Tags", [])},
        marked=frozenset({key_of(place, {})} & state.keys()),
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


def desired(place: Place, parts: Sequence[Part]) -> State:
    statements = [one for part in parts for one in _statements(part)]
    if not statements:
        return {}
    return {key_of(place, {}): iam.canonical(iam.document(statements))}


def holds(state: State, place: Place, part: Part) -> bool:
    text = state.get(key_of(place, part))
    return text is not None and all(iam.covers(text, one) for one in _statements(part))


def load(reading: Reading, place: Place, parts: Sequence[Part]) -> list[Load]:
    together = {**reading.state, **desired(place, parts)}
    used = sum(iam.size(text) for text in together.values())
    return [
        Load(_("inline policies of this identity"), used, INLINE[_names(place)[0]], _("characters"))
    ]


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    if is_managed(reading.raw["tags"]):
        return []
    return [
        _(
            "%(who)s does not carry the tag gatehouse=managed, so Gatehouse must not change it. "
            "Whoever owns it in account %(account)s tags it; then ask again."
        )
        % {"who": place.object, "account": place.account}
    ]


def is_managed(tags: Sequence[Mapping[str, str]]) -> bool:
    return {"Key": TAG[0], "Value": TAG[1]} in [dict(tag) for tag in tags]


def untouchable(place: Place, key: str, text: str) -> str:
    """Our rights end at our own policy's name; whoever made another policy removes it."""
    if key == key_of(place, {}):
        return ""
    return _("Gatehouse may only remove policies of its own name; whoever made this one does.")


def say(place: Place, change: Change) -> str:
    if change.after is None:
        return _("policy %(policy)s is removed from %(who)s") % {
            "policy": change.key,
            "who": place.object,
        }
    return _("policy %(policy)s of %(who)s is written anew") % {
        "policy": change.key,
        "who": place.object,
    }


def writes(changes: Sequence[Change]) -> list[list[Change]]:
    return [[change] for change in sorted(changes, key=lambda one: one.after is not None)]


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    kind, argument, name = _names(place)
    if not is_managed(reading.raw["tags"]):
        raise Outcome(Kind.DENIED, problems(reading, place, [])[0])
    for change in changes:
        arguments: dict[str, Any] = {argument: name, "PolicyName": change.key}
        if change.after is None:
            _delete(clients, kind, arguments)
            continue
        # Written only if it reads back as what was meant.
        if iam.canonical(json.loads(change.after)) != change.after:
            raise Outcome(Kind.MALFORMED, f"{change.key}: the document does not read back as meant")
        clients.call("iam", f"put_{kind}_policy", **arguments, PolicyDocument=change.after)


def _delete(clients: Clients, kind: str, arguments: dict[str, Any]) -> None:
    try:
        clients.call("iam", f"delete_{kind}_policy", **arguments)
    except Outcome as error:
        # Not there any more: what was wanted. Whether it is true, the looks tell.
        if error.code != "NoSuchEntity":
            raise


def _names(place: Place) -> tuple[str, str, str]:
    """(“role” or “user”, the argument's name, the name without path) of the place's ARN."""
    resource = place.object.split(":", 5)[5]
    kind = resource.partition("/")[0]
    return kind, f"{kind.capitalize()}Name", resource.rsplit("/", 1)[-1]


def _statements(part: Part) -> list[iam.Statement]:
    if part.get("statement") == "emr_eks_jobs":
        return iam.job_statements(part["virtual_cluster"], part["execution_role"])
    raise ValueError(f"a part that no statement is known for: {part.get('statement')}")


def _canonical(name: str, document: Any) -> str:
    try:
        return iam.canonical(json.loads(document) if isinstance(document, str) else document)
    except (ValueError, AttributeError, TypeError) as error:
        raise Outcome(Kind.MALFORMED, f"the inline policy {name} is not a policy") from error
