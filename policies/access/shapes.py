"""What a rule looks like before it is looked at closely: known keys, right types, sane lengths.

`rulebook` then says whether it may come into force; here only what would make it stumble.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies.access.errors import Refused

_SLUG = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)

# A template's text; IAM takes far less: 10,240 characters in all of a role's inline policies.
DOCUMENT = 20_000

Test = Callable[[object], bool]


def _text(most: int) -> Test:
    return lambda value: isinstance(value, str) and len(value) <= most and "\x00" not in value


def _texts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= 500 and all(map(_text(400), value))


def _number(most: int) -> Test:
    return lambda value: type(value) is int and 0 <= value <= most


def _steps(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(step, dict)
        and set(step) <= {"who", "quorum"}
        and isinstance(step.get("who"), str)
        for step in value
    )


def _config(value: object) -> bool:
    """Yes or no, texts, lists of texts; one level down also lists of such records."""
    return isinstance(value, dict) and all(
        _text(DOCUMENT)(one) or _plain(one) or _records(one) for one in value.values()
    )


def _plain(value: object) -> bool:
    return isinstance(value, bool) or _text(400)(value) or _texts(value)


def _records(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= 100
        and all(isinstance(one, dict) and all(map(_plain, one.values())) for one in value)
    )


def _slug(key: str) -> bool:
    return bool(_SLUG.fullmatch(key))


def _email(key: str) -> bool:
    try:
        validate_email(key)
    except ValidationError:
        return False
    return len(key) <= 200


_NAMES: Mapping[str, Test] = {"name": _text(200), "description": _text(2000)}
_FIELDS: Mapping[str, Mapping[str, Test]] = {
    "approval_policy": {
        "name": _text(200),
        "steps": _steps,
        "wait_hours": _number(24 * 366),
        "fallback": _texts,
    },
    "entitlement": {
        **_NAMES,
        "kind": _text(40),
        "config": _config,
        "approval_policy": _text(80),
        "owner": lambda value: value is None or _text(254)(value),
        "max_days": _number(366),
        "cut": _text(10),
    },
    "bundle": {**_NAMES, "entitlements": _texts},
    "portal_role": {"roles": _texts},
    "account_roles": {"write_role": _text(200), "read_role": _text(200)},
    "brake": {"changes": _number(100_000), "percent": _number(100)},
}
_KEYS = {
    "portal_role": (_email, gettext_lazy("an e-mail address")),
    "account_roles": (
        lambda key: bool(_ACCOUNT.fullmatch(key)),
        gettext_lazy("an account number of twelve digits"),
    ),
    "brake": (lambda key: key == "everywhere", gettext_lazy("“everywhere”")),
}
_SHORT_NAME = (_slug, gettext_lazy("a short name of letters, digits, - and _"))


def check(subject: str, key: str, rule: Mapping[str, Any]) -> None:
    """Raises Refused unless the rule has the shape of its subject. Says what is wrong."""
    fits, wanted = _KEYS.get(subject, _SHORT_NAME)
    if not fits(key):
        raise Refused(
            "bad_key",
            _("“%(key)s” is not %(wanted)s.") % {"key": key[:80], "wanted": wanted},
            field="key",
        )
    fields = _FIELDS[subject]
    for name, value in rule.items():
        if name not in fields:
            raise Refused(
                "unknown_key",
                _("“%(name)s” is not part of this rule. Known are: %(known)s.")
                % {"name": str(name)[:80], "known": ", ".join(fields)},
                field="rule",
            )
        if not fields[name](value):
            raise Refused(
                "bad_value", _("“%s” does not have the form of this rule.") % name, field="rule"
            )
