"""What IAM itself says our roles may do (iam:SimulatePrincipalPolicy), where it tells us."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from policies.management.doctor.findings import Finding, State, fail, ok
from policies.models import TargetKind
from policies.outcomes import Outcome
from policies.providers import Place
from policies.providers.protocol import Clients

ALLOW = "Let it call iam:SimulatePrincipalPolicy on itself, or read its policies by hand."


def finding(role: Clients, place: Place, name: str, arn: str, actions: Sequence[str]) -> Finding:
    """One role's simulated answer for one kind of place. Never raises Outcome."""
    check, where = f"{name} actions", f"{place.account} {place.kind}"
    try:
        source = arn or _own(role)
        results: list[Mapping[str, Any]] = []
        for resource, group in _by_resource(actions, place).items():
            answer = role.call(
                "iam",
                "simulate_principal_policy",
                PolicySourceArn=source,
                ActionNames=group,
                ResourceArns=[resource],
            )
            results += answer["EvaluationResults"]
    except Outcome as error:
        text = f"Could not be checked: {error.message}"
        return Finding(check, where, State.UNKNOWN, text, ALLOW, "GH-356")
    return judged(check, where, results)


def judged(check: str, where: str, results: Iterable[Mapping[str, Any]]) -> Finding:
    """Pure. What hangs on conditions, or on which resource it is, is not called denied."""
    rows = list(results)
    no = [one for one in rows if one["EvalDecision"] != "allowed"]
    open_ones = [one for one in no if _implicit(one) and _is_open(one)]
    denied = sorted({str(one["EvalActionName"]) for one in no if one not in open_ones})
    if denied:
        text = f"The role may not: {', '.join(denied)}."
        return fail(check, where, text, "Give it what aws_policy prints.", "GH-356")
    if open_ones:
        names = sorted({str(one["EvalActionName"]) for one in open_ones})
        text = f"Depends on conditions or resources: {', '.join(names)}."
        return Finding(check, where, State.UNKNOWN, text, "Compare it with aws_policy.", "GH-356")
    return ok(check, where, f"All {len(rows)} actions are allowed.")


def _is_open(result: Mapping[str, Any]) -> bool:
    """Conditions not filled in; or asked of everything, which a role bound to ARNs may not."""
    return bool(result.get("MissingContextValues")) or result.get("EvalResourceName") == "*"


def _implicit(result: Mapping[str, Any]) -> bool:
    return str(result["EvalDecision"]) == "implicitDeny"


def _own(role: Clients) -> str:
    """The ARN of who we are, as IAM simulates it: the role, not its session."""
    arn = str(role.call("sts", "get_caller_identity")["Arn"])
    parts = arn.split(":")
    if parts[5].startswith("assumed-role/"):
        return ":".join([*parts[:2], "iam", "", parts[4], "role/" + parts[5].split("/")[1]])
    return arn


def _by_resource(actions: Sequence[str], place: Place) -> dict[str, list[str]]:
    """An action on users says nothing of a role, and the other way round: those are left out."""
    groups: dict[str, list[str]] = {}
    other = "Role" if ":user/" in place.object else "User"
    for action in actions:
        if _is_identity(place) and other in action:
            continue
        groups.setdefault(_resource(action, place), []).append(action)
    return groups


def _resource(action: str, place: Place) -> str:
    """What the action is done to. Where an action knows no resources, everything."""
    service, _colon, operation = action.partition(":")
    if service == "iam" and _is_identity(place):
        if "Policy" in operation and _of_policy(operation):
            return _policy(place)
        return place.object if _fits(operation, place.object) else "*"
    return "*"


def _is_identity(place: Place) -> bool:
    """Whether the place is an IAM role or user, and so its own resource."""
    return place.kind in {TargetKind.PRINCIPAL_POLICY, TargetKind.ROLE_TRUST}


def _of_policy(operation: str) -> bool:
    return "Role" not in operation and "User" not in operation


def _policy(place: Place) -> str:
    partition = place.object.split(":")[1]
    return f"arn:{partition}:iam::{place.account}:policy/gatehouse/doctor"


def _fits(operation: str, arn: str) -> bool:
    return ("User" if ":user/" in arn else "Role") in operation
