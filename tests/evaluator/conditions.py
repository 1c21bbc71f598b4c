"""Conditions of a statement: operators, set qualifiers, variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Context = Mapping[str, str | list[str]]
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_LITERAL = {"*": "*", "?": "?", "$": "$"}


class NoValue(Exception):
    """A policy variable that the request does not fill: the statement matches nothing."""


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]


def wild(pattern: str, text: str) -> bool:
    """`*` any characters, `?` one: as IAM matches actions, resources and …Like operators."""
    expression = "".join(
        ".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern
    )
    return re.fullmatch(expression, text, re.DOTALL) is not None


def arn_like(pattern: str, text: str) -> bool:
    """Each of the six parts by itself; a wildcard does not reach over a colon of the first five."""
    mine, theirs = pattern.split(":", 5), text.split(":", 5)
    pairs = zip(mine, theirs, strict=False)
    return len(mine) == len(theirs) == 6 and all(wild(one, other) for one, other in pairs)


def filled(text: str, context: Context) -> str:
    """Policy variables replaced. Raises NoValue."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in _LITERAL:
            return _LITERAL[name]
        found = lookup(context, name)
        if found is None or isinstance(found, list):
            raise NoValue(name)
        return found

    return _VARIABLE.sub(value, text)


def lookup(context: Context, key: str) -> str | list[str] | None:
    """Keys are compared without regard to case."""
    return next((v for k, v in context.items() if k.lower() == key.lower()), None)


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


Compare = Callable[[str, str], bool]  # (the policy's value, the request's)
OPERATORS: dict[str, Compare] = {
    "StringEquals": lambda want, got: want == got,
    "StringEqualsIgnoreCase": lambda want, got: want.lower() == got.lower(),
    "StringLike": wild,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda want, got: want.lower() == got.lower(),
    "DateLessThan": lambda want, got: _date(got) < _date(want),
    "DateGreaterThan": lambda want, got: _date(got) > _date(want),
    "NumericLessThanEquals": lambda want, got: float(got) <= float(want),
}
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def all_met(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Every operator and key. Raises NotImplementedError for an operator not known here."""
    return all(
        _met(operator, key, [filled(str(v), context) for v in listed(values)], context)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def _met(operator: str, key: str, values: list[str], context: Context) -> bool:
    found = lookup(context, key)
    if operator == "Null":
        return (found is None) == (values[0].lower() == "true")
    qualifier, _colon, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    negated = name in NEGATED
    name = NEGATED.get(name, name)
    if name not in OPERATORS:
        raise NotImplementedError(operator)
    if found is None:
        return negated or rest.endswith("IfExists") or qualifier == "ForAllValues"
    each = [any(OPERATORS[name](want, one) for want in values) != negated for one in listed(found)]
    if qualifier == "ForAllValues":
        return all(each)
    return any(each) if qualifier or not negated else all(each)
