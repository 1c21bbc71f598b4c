"""IAM policy documents: statements made as values, merged, compared, measured.

Nothing here formats text into a document. A *statement* is a JSON object in canonical form:
Action and Resource as sorted lists, condition values as sorted lists, a Sid made from what
it says. Two statements that differ in one condition's values alone are one statement.
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from policies.plan import digest

Statement = dict[str, Any]
VERSION = "2012-10-17"
_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def allow(
    actions: Iterable[str],
    resources: Iterable[str],
    conditions: Mapping[str, Mapping[str, Iterable[str]]] | None = None,
) -> Statement:
    """One canonical Allow statement. `conditions`: {operator: {key: values}}."""
    return _statement("Allow", actions, resources, conditions)


def session_cut(
    actions: Iterable[str], before: str, sessions: Mapping[str, str] | None = None
) -> Statement:
    """A Deny for sessions that began before an ISO date: AWS's own way to revoke sessions.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
    `sessions`: condition keys that single out one person's sessions.
    """
    conditions: dict[str, dict[str, list[str]]] = {"DateLessThan": {"aws:TokenIssueTime": [before]}}
    if sessions:
        conditions["StringEquals"] = {key: [value] for key, value in sessions.items()}
    return _statement("Deny", actions, ["*"], conditions)


def _statement(
    effect: str,
    actions: Iterable[str],
    resources: Iterable[str],
    conditions: Mapping[str, Mapping[str, Iterable[str]]] | None,
) -> Statement:
    statement: Statement = {
        "Effect": effect,
        "Action": sorted(set(actions)),
        "Resource": sorted(set(resources)),
    }
    if conditions:
        statement["Condition"] = {
            operator: {key: sorted(set(values)) for key, values in keys.items()}
            for operator, keys in conditions.items()
        }
    return _with_sid(statement)


def job_statements(virtual_cluster_arn: str, execution_role_arn: str) -> list[Statement]:
    """What starting jobs with one execution role on one virtual cluster takes.

    Split as the service authorization reference of EMR on EKS demands: only StartJobRun has
    the ExecutionRoleArn key; describe and cancel act on job runs; discovery only on `*`.
    """
    return [
        allow(
            ["emr-containers:StartJobRun"],
            [virtual_cluster_arn],
            {"ArnEquals": {"emr-containers:ExecutionRoleArn": [execution_role_arn]}},
        ),
        allow(
            ["emr-containers:DescribeJobRun", "emr-containers:CancelJobRun"],
            [f"{virtual_cluster_arn}/jobruns/*"],
        ),
        allow(
            [
                "emr-containers:DescribeVirtualCluster",
                "emr-containers:ListJobRuns",
                "emr-containers:ListManagedEndpoints",
            ],
            [virtual_cluster_arn],
        ),
        allow(["emr-containers:ListVirtualClusters"], ["*"]),
    ]


def merge(statements: Iterable[Statement]) -> list[Statement]:
    """The fewest statements that say the same, sorted by Sid."""
    merged: dict[str, Statement] = {}
    for statement in statements:
        sid = _with_sid(statement)["Sid"]
        merged[sid] = _united(merged[sid], statement) if sid in merged else _with_sid(statement)
    return [merged[sid] for sid in sorted(merged)]


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    return {"Version": VERSION, "Statement": merge(statements)}


def atoms(statements: Iterable[Statement]) -> dict[str, Statement]:
    """{text: piece}: the statements in pieces that merge into them again, in the order they came.

    A statement whose only condition may grow is one piece per value.
    """
    return {text(piece): piece for one in statements for piece in _pieces(one)}


@lru_cache(maxsize=32)
def atom_texts(policy_text: str) -> frozenset[str]:
    """The texts of the pieces of a canonical document; made once, however many parts ask."""
    return frozenset(atoms(json.loads(policy_text).get("Statement", [])))


def value_size(atom: Statement) -> int:
    """Characters that a piece adds to a statement of its Sid that is there already."""
    growing = _growing(atom)
    if growing is None:
        return 0
    operator, key = growing
    return size(text(atom["Condition"][operator][key])) - len("[]")


def _pieces(statement: Statement) -> Iterable[Statement]:
    whole = canonical_statement(_with_sid(statement))
    growing = _growing(whole)
    if growing is None:
        yield whole
        return
    operator, key = growing
    for value in whole["Condition"][operator][key]:
        yield {**whole, "Condition": {operator: {key: [value]}}}


def canonical(policy: Any) -> str:
    """A policy's canonical text: one-element lists and bare strings alike, lists sorted."""
    statements = listed(policy.get("Statement", []))
    rest = {key: value for key, value in policy.items() if key != "Statement"}
    return text({**rest, "Statement": [canonical_statement(one) for one in statements]})


def covers(policy_text: str, statement: Statement) -> bool:
    """Whether a canonical document holds everything `statement` says, under its Sid."""
    wanted = _with_sid(statement)
    one = _by_sid(policy_text).get(wanted["Sid"])
    return one is not None and _united(one, wanted) == one


@lru_cache(maxsize=32)
def _by_sid(policy_text: str) -> dict[str, Statement]:
    """A document's statements; read once, however many parts ask. Never changed by who gets it."""
    found: dict[str, Statement] = {}
    for one in json.loads(policy_text).get("Statement", []):
        found.setdefault(one.get("Sid", ""), canonical_statement(one))
    return found


def size(policy_text: str) -> int:
    """Characters that count against IAM's quotas: all but white space (IAM quotas page)."""
    return len(re.sub(r"\s", "", policy_text))


def raw(document: Any) -> str:
    """A document as AWS gave it, parsed or not, with nothing put in order: to be measured."""
    return document if isinstance(document, str) else json.dumps(document, ensure_ascii=False)


def _with_sid(statement: Statement) -> Statement:
    """The statement with the Sid its meaning gives it; IAM allows letters and digits only.

    The values of its only condition key do not count: statements that differ there unite.
    """
    meaning = {key: value for key, value in statement.items() if key != "Sid"}
    growing = _growing(statement)
    if growing is not None:
        meaning["Condition"] = {growing[0]: [growing[1]]}
    return {"Sid": "Gatehouse" + digest(meaning)[:16], **_without_sid(statement)}


def _without_sid(statement: Statement) -> Statement:
    return {key: value for key, value in statement.items() if key != "Sid"}


def _growing(statement: Statement) -> tuple[str, str] | None:
    """(operator, key) when the statement has exactly one condition, whose values may grow.

    Of a negated operator, values more mean less; of ForAllValues they mean more than each alone.
    """
    conditions = statement.get("Condition", {})
    pairs = [(operator, key) for operator, keys in conditions.items() for key in keys]
    if len(pairs) != 1 or "Not" in pairs[0][0] or pairs[0][0].startswith("ForAllValues:"):
        return None
    return pairs[0]


def _united(one: Statement, other: Statement) -> Statement:
    """Both statements as one. They have the same Sid, so at most one condition's values differ."""
    growing = _growing(one)
    united = canonical_statement(one)
    if growing is not None:
        operator, key = growing
        values = {*listed(one["Condition"][operator][key])}
        values |= {*listed(other["Condition"][operator][key])}
        united["Condition"] = {operator: {key: sorted(values)}}
    return united


def canonical_statement(statement: Mapping[str, Any]) -> Statement:
    """Single values as lists, and lists sorted; whatever else there is stays as it is."""
    same = dict(statement)
    for name in _LISTS:
        if name in same:
            same[name] = sorted(set(listed(same[name])))
    if isinstance(same.get("Condition"), dict):
        same["Condition"] = {
            operator: {key: sorted(map(str, listed(value))) for key, value in keys.items()}
            for operator, keys in same["Condition"].items()
        }
    return same


def listed(value: Any) -> list[Any]:
    """What AWS writes as one value where there is one, and as a list where there are more."""
    return list(value) if isinstance(value, list) else [value]


def text(value: Any) -> str:
    """Canonical JSON without white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
