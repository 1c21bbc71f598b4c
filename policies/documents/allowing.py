"""Whether some statement of a set of policies names an action on a resource at all. Pure.

No evaluation: denials, boundaries and conditions are not looked at. “No” is certain, because
nothing is allowed that no statement names; “yes” only says that it was thought of.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from policies.documents.iam import listed


def is_named(documents: Iterable[Mapping[str, Any]], action: str, resource: str) -> bool:
    return any(
        _fits(one, action, resource)
        for document in documents
        for one in listed(document.get("Statement", []))
    )


def _fits(one: Mapping[str, Any], action: str, resource: str) -> bool:
    if one.get("Effect") != "Allow":
        return False
    if "Action" in one:
        acts = any(_like(action.lower(), str(each).lower()) for each in listed(one["Action"]))
    else:
        acts = not any(
            _like(action.lower(), str(each).lower()) for each in listed(one.get("NotAction", []))
        )
    if "Resource" in one:
        return acts and any(_like(resource, str(each)) for each in listed(one["Resource"]))
    return acts and not any(_like(resource, str(each)) for each in listed(one.get("NotResource")))


def _like(text: str, pattern: str) -> bool:
    """IAM's wildcards are * and ? alone; [ means itself."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))
