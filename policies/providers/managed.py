"""Portal-owned managed policies of one IAM role or user: where statements go that found no room.

Their names carry the installation's id and whose they are, so none is shared. Each step can be
repeated: a policy that exists and is not attached reads as something else than what is wanted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from policies.documents import iam
from policies.outcomes import Kind, Outcome
from policies.plan import Change
from policies.providers.protocol import Clients, Place

READS = (
    "iam:ListAttachedRolePolicies",
    "iam:ListAttachedUserPolicies",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
)
WRITES = (
    *READS[2:],
    "iam:ListPolicyVersions",
    "iam:CreatePolicy",
    "iam:DeletePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicyVersion",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:DetachRolePolicy",
    "iam:DetachUserPolicy",
)
PREFIX = "managed:"
PATH = "/gatehouse/"
NOT_ATTACHED = "not attached: "
VERSIONS = 4  # of the 5 that IAM keeps: one is always free for the next


def names(place: Place) -> tuple[str, str, str]:
    """(“role” or “user”, the argument's name, the name without path) of the place's ARN."""
    resource = place.object.split(":", 5)[5]
    kind = resource.partition("/")[0]
    return kind, f"{kind.capitalize()}Name", resource.rsplit("/", 1)[-1]


def key(place: Place, number: int) -> str:
    return f"{PREFIX}{_stem(place)}{number}"


def number_of(place: Place, key_: str) -> int:
    """The number in one of our keys; 0: it is none."""
    digits = key_.removeprefix(PREFIX + _stem(place))
    return int(digits) if digits.isdecimal() else 0


def attached(clients: Clients, place: Place) -> set[str]:
    """ARNs of every managed policy attached to the principal, ours and others'."""
    kind, argument, name = names(place)
    listed = clients.pages(
        "iam", f"list_attached_{kind}_policies", "AttachedPolicies", **{argument: name}
    )
    return {one["PolicyArn"] for one in listed}


def ours(place: Place, arns: Iterable[str]) -> set[str]:
    """Those of the attached policies that this installation made, by ARN."""
    stem = _arn(place, PREFIX + _stem(place))
    return {arn for arn in arns if arn.removeprefix(stem).isdecimal()}


def read(clients: Clients, place: Place, arns: set[str]) -> dict[str, str]:
    """Our policies' texts: the attached ones, and those we remember that are not attached."""
    known = {PREFIX + arn.rsplit("/", 1)[-1] for arn in ours(place, arns)}
    known |= set(place.config.get("managed", ()))
    state = {}
    for one in sorted(known):
        arn = _arn(place, one)
        text = _text(clients, arn)
        if text is not None:
            state[one] = text if arn in arns else NOT_ATTACHED + text
    return state


def write(clients: Clients, place: Place, change: Change) -> None:
    """The policy exists, says what is wanted and is attached afterwards. Raises Outcome.

    What need not be written is told by what we believe is there, not by a reading, which may be
    older than our own last write.
    """
    key_, text, before = change.key, str(change.after), change.before or NOT_ATTACHED
    arn = _arn(place, key_)
    versions = _versions(clients, arn)
    new = versions is None
    if versions is not None and before.removeprefix(NOT_ATTACHED) != text:
        new = not _add_version(clients, arn, versions, text)
    if new:
        _create(clients, key_, text)
    elif not before.startswith(NOT_ATTACHED):
        return
    try:
        _attach(clients, place, arn)
    except Outcome as error:
        if new:
            _undo(clients, arn, error)
        raise


def remove(clients: Clients, place: Place, key_: str) -> None:
    """The policy is detached and gone afterwards, whatever of that was done before."""
    kind, argument, name = names(place)
    arn = _arn(place, key_)
    _unless_gone(clients, f"detach_{kind}_policy", **{argument: name}, PolicyArn=arn)
    for version in _versions(clients, arn) or ():
        if not version["IsDefaultVersion"]:
            _drop_version(clients, arn, version)
    _unless_gone(clients, "delete_policy", PolicyArn=arn)


def _stem(place: Place) -> str:
    kind, _argument, name = names(place)
    return f"gatehouse-{place.installation}-{kind}-{name}-"


def _arn(place: Place, key_: str) -> str:
    partition = place.object.split(":", 2)[1]
    name = key_.removeprefix(PREFIX)
    return f"arn:{partition}:iam::{place.account}:policy{PATH}{name}"


def _text(clients: Clients, arn: str) -> str | None:
    try:
        policy = clients.call("iam", "get_policy", PolicyArn=arn)["Policy"]
        return _document(clients, arn, policy["DefaultVersionId"])
    except Outcome as error:
        if error.code != "NoSuchEntity":
            raise
        return None


def _document(clients: Clients, arn: str, version: str) -> str:
    answer = clients.call("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
    return canonical(arn, answer["PolicyVersion"]["Document"])


def canonical(name: str, document: Any) -> str:
    try:
        return iam.canonical(json.loads(document) if isinstance(document, str) else document)
    except (ValueError, AttributeError, TypeError) as error:
        raise Outcome(Kind.MALFORMED, f"{name} is not a policy document") from error


def _versions(clients: Clients, arn: str) -> list[dict[str, Any]] | None:
    """None: there is no such policy."""
    try:
        return clients.pages("iam", "list_policy_versions", "Versions", PolicyArn=arn)
    except Outcome as error:
        if error.code != "NoSuchEntity":
            raise
        return None


def _create(clients: Clients, key_: str, text: str) -> None:
    name = key_.removeprefix(PREFIX)
    try:
        clients.call("iam", "create_policy", PolicyName=name, Path=PATH, PolicyDocument=text)
    except Outcome as error:
        if error.code != "EntityAlreadyExists":
            raise
        # Not shown a moment ago, and there: only another reading can tell what it says.
        text = f"{name} exists, but IAM does not show it yet."
        raise Outcome(Kind.CONFLICT, text, code=error.code, request_id=error.request_id) from error


def _add_version(
    clients: Clients, arn: str, versions: Sequence[Mapping[str, Any]], text: str
) -> bool:
    """A new default version; the oldest others go first, so that there is room for it.

    False when the policy whose versions were still shown is gone.
    """
    others = sorted(
        (one for one in versions if not one["IsDefaultVersion"]),
        key=lambda one: int(str(one["VersionId"]).lstrip("v")),
    )
    for version in others[: max(len(versions) - VERSIONS + 1, 0)]:
        _drop_version(clients, arn, version)
    try:
        clients.call(
            "iam", "create_policy_version", PolicyArn=arn, PolicyDocument=text, SetAsDefault=True
        )
    except Outcome as error:
        if error.code != "NoSuchEntity":
            raise
        return False
    return True


def _drop_version(clients: Clients, arn: str, version: Mapping[str, Any]) -> None:
    _unless_gone(
        clients, "delete_policy_version", PolicyArn=arn, VersionId=str(version["VersionId"])
    )


def _attach(clients: Clients, place: Place, arn: str) -> None:
    kind, argument, name = names(place)
    clients.call("iam", f"attach_{kind}_policy", **{argument: name}, PolicyArn=arn)


def _undo(clients: Clients, arn: str, error: Outcome) -> None:
    """A policy just made that could not be attached gives nothing, so it goes again.

    If it cannot go, what stands there is in doubt: the next readings tell.
    """
    if error.lost:
        return
    try:
        _unless_gone(clients, "delete_policy", PolicyArn=arn)
    except Outcome as second:
        raise Outcome(error.kind, error.message, lost=True, code=error.code) from second


def _unless_gone(clients: Clients, operation: str, **arguments: Any) -> None:
    try:
        clients.call("iam", operation, **arguments)
    except Outcome as error:
        # Not there any more: what was wanted. Whether it is true, the looks tell.
        if error.code != "NoSuchEntity":
            raise
