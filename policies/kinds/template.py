"""Permissions by a template that administrators wrote: a policy with typed parameters.

Configuration: {"document": JSON text, "parameters": [{"name", "label", "type", "choices"}, …],
"reason": text, "how_to_use": text}. The asker chooses or writes a value for each parameter. The
template is part of the entitlement, so it has the entitlement's version, and what was approved
keeps the statements it was approved with.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Principal
from policies.documents import ceiling, iam, linting, template
from policies.documents.template import TYPES, BadTemplate
from policies.kinds import ends, support
from policies.kinds.ends import cut_parts as cut_parts
from policies.kinds.protocol import BadTerms, EndFacts, Field, PlacedPart, Remaining, Terms
from policies.models import Entitlement, TargetKind

LABEL = gettext_lazy("permissions by a template")
PROFILE = None
SUPPORT = support.OWN_POLICY
KEYS = {"document", "parameters", "reason", "how_to_use"}
PARAMETER = {"name", "label", "type", "choices"}
TEXTS = ("name", "label", "type")
MOST = 20

CUT_ACTIONS = ()  # which actions a session is denied depends on the template


def check_config(config: Mapping[str, Any]) -> None:
    """Linted with every value that may be chosen, and with a sample where any may be written."""
    if set(config) != KEYS:
        raise BadTerms("config", _("Write exactly these keys: %s.") % ", ".join(sorted(KEYS)))
    if not isinstance(config["document"], str) or not isinstance(config["parameters"], list):
        raise BadTerms("config", _("“document” is text in JSON, “parameters” a list."))
    if not isinstance(config["reason"], str) or not isinstance(config["how_to_use"], str):
        raise BadTerms("config", _("“reason” and “how_to_use” are texts."))
    try:
        statements = template.parse(config["document"])
    except BadTemplate as error:
        raise BadTerms("config", _("The template: %s.") % error) from error
    for one in config["parameters"]:
        _check_parameter(one)
    declared = [one["name"] for one in config["parameters"]]
    if len(declared) > MOST or sorted(declared) != sorted(template.parameters(statements)):
        raise BadTerms(
            "config",
            _("Declare each parameter that stands in the template once, and no other; here: %s.")
            % ", ".join(sorted(template.parameters(statements))),
        )
    _check_powers(statements, config["parameters"])
    values = {one["name"]: _offered(one) for one in config["parameters"]}
    _check_statements(_statements(template.render(statements, values)), config["reason"])


def _check_powers(
    statements: Sequence[Mapping[str, Any]], declared: Sequence[Mapping[str, Any]]
) -> None:
    """Which role is handed over or taken on, the rule says; whoever asks chooses among those."""
    free = {one["name"] for one in declared if not one["choices"]}
    for one in statements:
        open_ = free & template.parameters([{"Resource": one.get("Resource")}])
        if open_ and ceiling.hands_over(one):
            text = _("%s: name the roles that may be handed over or taken on as “choices”.")
            raise BadTerms("config", text % ", ".join(sorted(open_)))


def _check_parameter(one: Mapping[str, Any]) -> None:
    texts = isinstance(one, dict) and all(isinstance(one.get(key), str) for key in TEXTS)
    if not texts or set(one) != PARAMETER or not template.is_name(one["name"]):
        raise BadTerms(
            "config",
            _("A parameter has “name” (small letters, digits, _), “label”, “type” and “choices”."),
        )
    if one["type"] not in TYPES:
        known = ", ".join(TYPES)
        raise BadTerms("config", _("A parameter’s type is one of: %s.") % known)
    if not isinstance(one["choices"], list):
        raise BadTerms("config", _("The “choices” of a parameter are a list."))
    for value in one["choices"]:
        _check_value(one, value, "config")


def _check_value(one: Mapping[str, Any], value: object, field: str) -> None:
    try:
        template.check_value(one["type"], value)
    except BadTemplate as error:
        raise BadTerms(field, f"{one['label'] or one['name']}: {error}.") from error


def _check_statements(statements: Sequence[iam.Statement], reason: str) -> None:
    _check_ceiling(statements, "config")
    found = linting.findings(statements)
    told = [one for one in found if one.issue != linting.WIDE or not reason]
    if told:
        words = "; ".join(f"{one.issue}: {one.about[:200]}" for one in told[:5])
        remedy = _("Correct the template.")
        if any(one.issue == linting.WIDE for one in told):
            remedy = _("Name what it is about, or say in “reason” why it must be everything.")
        raise BadTerms("config", f"{words}. {remedy}")


def _check_ceiling(statements: Iterable[iam.Statement], field: str) -> None:
    for one in statements:
        for breach in ceiling.breaches(one):
            raise BadTerms(field, _("Gatehouse never grants this: %s.") % breach)


def fields(entitlement: Entitlement) -> Sequence[Field]:
    return [
        Field(
            one["name"],
            one["label"] or one["name"],
            {value: value for value in one["choices"]},
            sample=TYPES[one["type"]].sample,
        )
        for one in entitlement.config["parameters"]
    ]


def clean(entitlement: Entitlement, terms: Terms) -> dict[str, Any]:
    declared = {one["name"]: one for one in entitlement.config["parameters"]}
    strangers = sorted(set(terms) - set(declared))
    if strangers:
        raise BadTerms("terms", _("Not offered here: %s.") % ", ".join(strangers)[:200])
    return {name: _chosen(one, terms.get(name)) for name, one in declared.items()}


def _chosen(one: Mapping[str, Any], given: Any) -> list[str]:
    only = one["choices"] if len(one["choices"]) == 1 else []
    chosen = given or only
    if not isinstance(chosen, list) or not all(isinstance(each, str) for each in chosen):
        raise BadTerms(one["name"], _("Write a list of names."))
    if not chosen or len(chosen) > MOST:
        raise BadTerms(one["name"], _("Choose at least one."))
    for value in chosen:
        _check_value(one, value, one["name"])
        if one["choices"] and value not in one["choices"]:
            raise BadTerms(one["name"], _("Not offered here: %s.") % value[:200])
    return sorted(set(chosen))


def parts(entitlement: Entitlement, principal: Principal, terms: Terms) -> list[PlacedPart]:
    bodies = _bodies(entitlement, terms)
    _check_ceiling(_statements(bodies), "principal")
    place = (TargetKind.PRINCIPAL_POLICY, principal.account, "", principal.arn)
    return [PlacedPart(*place, body) for body in bodies]


def sentence(entitlement: Entitlement, principal: Principal | None, terms: Terms) -> str:
    return _("%(who)s may do: %(what)s.") % {
        "who": principal.name if principal else _("The AWS identity still to be added"),
        "what": "; ".join(
            _("%(actions)s on %(resources)s")
            % {"actions": ", ".join(one["actions"]), "resources": ", ".join(one["resources"])}
            for one in _bodies(entitlement, terms)
        ),
    }


def risk(entitlement: Entitlement, terms: Terms) -> list[str]:
    found = []
    actions = [action for one in _bodies(entitlement, terms) for action in one["actions"]]
    open_ = sorted({one for one in actions if set(one) & set("*?")})
    if open_:
        text = _("%s: this covers what AWS will add to the service later, too.")
        found.append(text % ", ".join(open_))
    if entitlement.config["reason"]:
        found.append(_("It is this wide because: %s") % entitlement.config["reason"])
    return found


def how_to_use(entitlement: Entitlement, principal: Principal, terms: Terms) -> str:
    return str(entitlement.config["how_to_use"])


def remains(entitlement: Entitlement, ended_at: datetime, facts: EndFacts) -> list[Remaining]:
    return ends.sessions(ended_at, facts)


def _offered(one: Mapping[str, Any]) -> list[str]:
    return list(one["choices"]) or [TYPES[one["type"]].sample]


def _bodies(entitlement: Entitlement, terms: Terms) -> list[dict[str, Any]]:
    return template.render(template.parse(entitlement.config["document"]), terms)


def _statements(bodies: Iterable[Mapping[str, Any]]) -> list[iam.Statement]:
    return [iam.allow(one["actions"], one["resources"], one.get("conditions")) for one in bodies]
