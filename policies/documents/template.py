"""Policy templates: an IAM policy in JSON in which typed parameters stand for values. Pure.

`{"parameter": "folder"}` stands for each value chosen; `{"join": ["arn:…/", {"parameter":
"folder"}, "*"]}` for one text per value. Both may stand only where a whole JSON value stands, in
Resource and in values of Condition; nothing is ever formatted into text that is then parsed. What
a policy would read as a wildcard or a variable is refused in a value unless its type is for that.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.documents import crossing
from policies.documents.iam import VERSION, listed

Part = dict[str, Any]
Values = Mapping[str, Sequence[str]]
LONGEST = 200
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class BadTemplate(ValueError):
    """A template, or a value for it, that is refused; the message says what is wrong."""


@dataclass(frozen=True)
class Type:
    """What a value may be: `sample` is one that is, `looks` says it in words."""

    fits: Callable[[str], bool]
    sample: str
    looks: str


def _all(pattern: str) -> Callable[[str], bool]:
    known = re.compile(pattern, re.ASCII)
    return lambda value: bool(known.fullmatch(value))


def _text(value: str) -> bool:
    """Latin letters and signs on one line; none that a policy reads as more than itself."""
    return _pattern(value) and not set(value) & set("*?")


def _pattern(value: str) -> bool:
    plain = all(" " <= sign <= "~" or "\xa1" <= sign <= "\xff" for sign in value)
    return plain and bool(value.strip()) and "${" not in value and "{{" not in value


TYPES: Mapping[str, Type] = {
    "text": Type(_text, "sample", "plain text on one line"),
    "pattern": Type(_pattern, "sample*", "text in which * and ? stand for others"),
    "name": Type(_all(r"[A-Za-z0-9][A-Za-z0-9_.-]*"), "sample", "letters, digits, “_”, “.”, “-”"),
    "prefix": Type(
        lambda value: bool(value) and crossing.is_prefix(value),
        "sample/",
        "plain names, each ending in “/”, like sales/daily/",
    ),
    "bucket": Type(_all(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "sample", "a bucket's name"),
    "account": Type(_all(r"\d{12}"), "111122223333", "the twelve digits of an AWS account"),
    "region": Type(_all(r"[a-z]{2,}(-[a-z]+)+-\d{1,2}"), "us-east-1", "a region like us-east-1"),
    "number": Type(_all(r"\d{1,12}"), "1", "digits"),
    "arn": Type(
        _all(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:[A-Za-z0-9+=,.@_/:#-]+"),
        "arn:aws:s3:::sample",
        "an ARN without wildcards",
    ),
    "role": Type(
        _all(r"arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=,.@_/-]+"),
        "arn:aws:iam::111122223333:role/sample",
        "the ARN of a role",
    ),
}


def check_value(type_: str, value: object) -> None:
    """Raises BadTemplate unless `value` is of the type."""
    known = TYPES[type_]
    if not isinstance(value, str) or len(value) > LONGEST or not known.fits(value):
        raise BadTemplate(f"“{str(value)[:80]}” is not {known.looks}")


def is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text))


def parse(text: str) -> list[dict[str, Any]]:
    """The statements of a template. Raises BadTemplate."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except ValueError as error:
        raise BadTemplate(f"this is not JSON: {error}") from error
    if not isinstance(document, dict) or set(document) - {"Version", "Statement"}:
        raise BadTemplate("write an object with “Statement”, and “Version” if you like")
    if document.get("Version", VERSION) != VERSION:
        raise BadTemplate(f"the Version is {VERSION}")
    statements = listed(document.get("Statement", []))
    if not statements or not all(isinstance(one, dict) for one in statements):
        raise BadTemplate("“Statement” is a list of statements")
    for one in statements:
        _check_statement(one)
    return statements


def parameters(statements: Sequence[Mapping[str, Any]]) -> set[str]:
    """The names of all parameters that stand in them."""
    return {name for one in statements for name in _names(one)}


def render(statements: Sequence[Mapping[str, Any]], values: Values) -> list[Part]:
    """One part per statement, with these values in it."""
    return [_rendered(one, values) for one in statements]


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _value in pairs]
    if len(set(names)) < len(names):
        raise BadTemplate(f"a key stands twice among {', '.join(names)}"[:200])
    return dict(pairs)


def _check_statement(one: Mapping[str, Any]) -> None:
    unknown = set(one) - {"Sid", "Effect", "Action", "Resource", "Condition"}
    if unknown or one.get("Effect") != "Allow":
        what = ", ".join(sorted(unknown)) or "an Effect other than Allow"
        raise BadTemplate(f"a statement of a template does not have {what}")
    actions, resources = listed(one.get("Action", [])), listed(one.get("Resource", []))
    if not actions or not all(isinstance(each, str) for each in actions):
        raise BadTemplate("“Action” names at least one action, as text")
    if not resources:
        raise BadTemplate("“Resource” names at least one thing")
    for value in (*resources, *_conditions(one)):
        _check_term(value)


def _conditions(one: Mapping[str, Any]) -> Iterator[Any]:
    conditions = one.get("Condition", {})
    if not isinstance(conditions, dict):
        raise BadTemplate("“Condition” is an object of operators")
    for keys in conditions.values():
        if not isinstance(keys, dict):
            raise BadTemplate("each operator of “Condition” is an object of keys")
        for values in keys.values():
            yield from listed(values)


def _check_term(term: Any) -> None:
    """A text, a parameter, or texts and at most one parameter joined."""
    if isinstance(term, str):
        return
    if isinstance(term, dict) and set(term) == {"join"} and isinstance(term["join"], list):
        pieces = [one for one in term["join"] if not isinstance(one, str)]
        if len(pieces) <= 1 and all(_is_parameter(one) for one in pieces):
            return
    if not _is_parameter(term):
        text = json.dumps(term)[:120]
        raise BadTemplate(
            f"{text} is neither text, nor {{“parameter”: name}}, nor a “join” of texts and at most "
            "one parameter"
        )


def _is_parameter(term: Any) -> bool:
    return isinstance(term, dict) and set(term) == {"parameter"} and is_name(str(*term.values()))


def _names(value: Any) -> Iterator[str]:
    if _is_parameter(value):
        yield value["parameter"]
    elif isinstance(value, dict):
        for one in value.values():
            yield from _names(one)
    elif isinstance(value, list):
        for one in value:
            yield from _names(one)


def _rendered(one: Mapping[str, Any], values: Values) -> Part:
    part: Part = {
        "statement": "allow",
        "actions": sorted(set(listed(one["Action"]))),
        "resources": sorted(set(_filled(one["Resource"], values))),
    }
    if one.get("Condition"):
        part["conditions"] = {
            operator: {key: sorted(set(_filled(terms, values))) for key, terms in keys.items()}
            for operator, keys in one["Condition"].items()
        }
    return part


def _filled(terms: Any, values: Values) -> Iterator[str]:
    for term in listed(terms):
        if isinstance(term, str):
            yield term
        elif "parameter" in term:
            yield from values[term["parameter"]]
        else:
            yield from _joined(term["join"], values)


def _joined(pieces: Sequence[Any], values: Values) -> Iterator[str]:
    names = list(_names(list(pieces)))
    for value in values[names[0]] if names else ("",):
        yield "".join(one if isinstance(one, str) else value for one in pieces)
