"""Policy documents that others write, too: trust policies, bucket policies. Pure.

Ours are statements whose Sid carries this installation's id; everybody else's stay as they are
and where they are. A *state* maps `ours:SID` and `theirs:DIGEST` to a statement's canonical text.
What AWS shows differs from what was sent (one-element lists, account numbers as root ARNs), so
statements are compared by meaning:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from policies.documents import iam
from policies.documents.iam import Statement
from policies.values import Change, digest

OURS, THEIRS = "ours:", "theirs:"
_SID = "Gatehouse"
_CLOSED = "GatehouseClosed"
_ACCOUNT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root", re.ASCII)
_DANGLING = re.compile(r"A(ROA|IDA|GPA|NPA)[A-Z0-9]{12,}", re.ASCII)
_COVERABLE = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def statement(part: Mapping[str, Any]) -> Statement:
    """The canonical Allow statement, without Sid, that a part asks for."""
    said: Statement = {
        "Effect": "Allow",
        "Principal": part["principals"],
        "Action": part["actions"],
    }
    if part.get("resources"):
        said["Resource"] = part["resources"]
    if part.get("conditions"):
        said["Condition"] = part["conditions"]
    return canonical(said)


def canonical(said: Mapping[str, Any]) -> Statement:
    """A statement by meaning: lists for single values, sorted; accounts by number."""
    same = iam.canonical_statement(said)
    principal = same.get("Principal")
    if isinstance(principal, dict):
        same["Principal"] = {
            kind: sorted({_ACCOUNT.sub(r"\1", str(one)) for one in iam.listed(names)})
            for kind, names in principal.items()
        }
    return same


def united(parts: Iterable[Mapping[str, Any]], installation: str) -> dict[str, Statement]:
    """{key: statement} that say exactly these parts, each with a Sid made from its meaning.

    Parts that differ in the `…:sub` patterns of a web identity alone are one statement.
    """
    found: dict[str, Statement] = {}
    for part in parts:
        one = statement(part)
        sid = _sid(one, installation)
        if OURS + sid in found:
            _grow(found[OURS + sid], one)
        else:
            found[OURS + sid] = {"Sid": sid, **one}
    return found


def key_of(part: Mapping[str, Any], installation: str) -> str:
    return OURS + _sid(statement(part), installation)


def keyed(document: Mapping[str, Any], installation: str) -> Iterator[tuple[str, Statement]]:
    """Each statement with its key, in the document's order; our placeholder has none (empty)."""
    seen: dict[str, int] = {}
    for one in iam.listed(document.get("Statement", [])):
        key = _key(one, installation)
        seen[key] = seen.get(key, 0) + 1
        yield (key if not key or seen[key] == 1 else f"{key}#{seen[key]}"), one


def state(document: Mapping[str, Any], installation: str) -> dict[str, str]:
    pairs = keyed(document, installation)
    return {key: iam.text(canonical(one)) for key, one in pairs if key}


def originals(document: Mapping[str, Any], installation: str) -> dict[str, str]:
    """Others' statements as they were written, to be put back so."""
    pairs = keyed(document, installation)
    return {key: json.dumps(one) for key, one in pairs if key.startswith(THEIRS)}


def covers(text: str, part: Mapping[str, Any]) -> bool:
    """Whether a statement of a state gives all a part asks for, perhaps more.

    A condition more than the part's narrows it; a condition less, as in what aws-cli's
    `update-role-trust-policy` writes, does not. Wildcards are never taken for the named thing.
    """
    one, wanted = json.loads(text), statement(part)
    if one.get("Effect") != "Allow" or not isinstance(one.get("Principal"), dict):
        return False
    if set(one) - _COVERABLE or ("Resource" in one) != ("Resource" in wanted):
        return False
    named = all(
        set(names) <= set(one["Principal"].get(kind, []))
        for kind, names in wanted["Principal"].items()
    )
    things = set(wanted.get("Resource", [])) <= set(one.get("Resource", []))
    return named and things and _actions(wanted) <= _actions(one) and _not_narrower(one, wanted)


def changed(
    document: Mapping[str, Any], changes: Sequence[Change], installation: str
) -> dict[str, Any]:
    """The document with these changes made and nothing else: others' statements in their order."""
    after = {one.key: one.original or one.after for one in changes}
    kept = []
    for key, one in keyed(document, installation):
        text = after.pop(key, iam.text(one)) if key else None
        if text is not None:
            kept.append(one if text == iam.text(one) else json.loads(text))
    kept += [json.loads(text) for text in after.values() if text is not None]
    return {"Version": iam.VERSION, **document, "Statement": kept}


def closed() -> Statement:
    """What stands for no statement at all where AWS wants one: nobody may assume the role."""
    return {
        "Sid": _CLOSED,
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
    }


def dangling(document: Mapping[str, Any]) -> dict[str, str]:
    """{unique id: the statement's Sid or place} of principals that were deleted.

    AWS shows them as AROA…/AIDA…, and refuses any document that still names them.
    """
    found = {}
    for number, one in enumerate(iam.listed(document.get("Statement", [])), start=1):
        principal = one.get("Principal")
        names = iam.listed(principal.get("AWS", [])) if isinstance(principal, dict) else []
        for name in names:
            if _DANGLING.fullmatch(str(name)):
                found[str(name)] = one.get("Sid") or f"#{number}"
    return found


def named(text: str) -> str:
    """Whom a statement is about, in few words; for plans and previews."""
    principal = json.loads(text).get("Principal") if text else ""
    if not isinstance(principal, dict):
        return str(principal)
    names = [str(one) for names in principal.values() for one in iam.listed(names)]
    return ", ".join(names)


def is_ours(key: str) -> bool:
    return key.startswith(OURS)


def _sid(one: Statement, installation: str) -> str:
    meaning = {name: value for name, value in one.items() if name != "Sid"}
    if "Condition" in meaning:
        meaning["Condition"] = {
            operator: {key: [] if _grows(key) else values for key, values in keys.items()}
            for operator, keys in meaning["Condition"].items()
        }
    return f"{_SID}{installation}{digest(meaning)[:12]}"


def _key(one: Mapping[str, Any], installation: str) -> str:
    sid = str(one.get("Sid", ""))
    if sid == _CLOSED:
        return ""
    if re.fullmatch(rf"{_SID}{re.escape(installation)}[0-9a-f]{{12}}", sid):
        return OURS + sid
    return THEIRS + digest(canonical(one))[:16]


def _grows(key: str) -> bool:
    return key.endswith(":sub")


def _grow(one: Statement, other: Statement) -> None:
    for operator, keys in other.get("Condition", {}).items():
        for key, values in keys.items():
            if _grows(key):
                there = one["Condition"][operator]
                there[key] = sorted({*there[key], *values})


def _actions(one: Statement) -> set[str]:
    return {action.lower() for action in one.get("Action", [])}


def _not_narrower(one: Statement, wanted: Statement) -> bool:
    mine = wanted.get("Condition", {})
    return all(
        key in mine.get(operator, {}) and set(mine[operator][key]) <= set(values)
        for operator, keys in one.get("Condition", {}).items()
        for key, values in keys.items()
    )
