"""The rules that change by proposal: how each is read, checked and put in force.

A rule is a JSON object in the catalogue file's own form, so that a file, a proposal and
the database are compared as equals.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import arns, history, people
from accounts.actors import Actor
from accounts.models import Person, PortalRole
from policies.access import told
from policies.access.errors import Refused
from policies.kinds import KINDS, BadTerms
from policies.models import ApprovalPolicy, AwsAccount, Bundle, Cut, Entitlement, Installation

Rule = dict[str, Any]
DECIDERS = ("manager", "owner", "security")
LASTING = {
    "approval_policy",
    "brake",
}  # may change, never end: requests and entitlements rest on them


class Subject(Protocol):
    def current(self, key: str) -> Rule | None:
        """The rule in force, or None."""

    def check(self, key: str, rule: Rule) -> None:
        """Raises Refused unless the rule may come into force."""

    def apply(self, key: str, rule: Rule | None, by: Actor) -> None:
        """Put the rule in force (None: end it)."""

    def gains(self, key: str, rule: Rule | None) -> set[int]:
        """People who gain a power by it, and so cannot be its second person."""


def _person(email: object, what: str) -> Person:
    person = Person.objects.filter(email__iexact=str(email or "")).first()
    if person is None or not person.is_present:
        raise Refused(
            "unknown_person",
            _("%(what)s: nobody working here has the address “%(email)s”.")
            % {"what": what, "email": str(email)[:200]},
        )
    return person


@dataclass(frozen=True)
class ApprovalPolicies:
    def current(self, key: str) -> Rule | None:
        policy = ApprovalPolicy.objects.filter(slug=key).first()
        if policy is None:
            return None
        return {
            "name": policy.name,
            "steps": policy.steps,
            "wait_hours": policy.wait_hours,
            "fallback": sorted(policy.fallback.values_list("email", flat=True)),
        }

    def check(self, key: str, rule: Rule) -> None:
        steps = rule.get("steps")
        if not isinstance(steps, list) or not steps:
            raise Refused("bad_steps", _("%s: name at least one step.") % key)
        for step in steps:
            if not isinstance(step, dict) or step.get("who") not in DECIDERS:
                raise Refused(
                    "bad_steps",
                    _("%(key)s: a step’s “who” is one of %(known)s.")
                    % {"key": key, "known": ", ".join(DECIDERS)},
                )
            quorum = step.get("quorum", 1)
            if not isinstance(quorum, int) or isinstance(quorum, bool) or not 1 <= quorum <= 9:
                raise Refused("bad_steps", _("%s: a quorum is a number from 1 to 9.") % key)
        for email in rule.get("fallback", []):
            _person(email, key)

    def apply(self, key: str, rule: Rule | None, by: Actor) -> None:
        assert rule is not None  # LASTING
        policy, created = ApprovalPolicy.objects.update_or_create(
            slug=key,
            defaults={
                "name": rule.get("name", key),
                "steps": rule["steps"],
                "wait_hours": rule.get("wait_hours", 48),
            },
        )
        if not created:
            policy.version += 1
            policy.save(update_fields=["version"])
        policy.fallback.set([_person(email, key) for email in rule.get("fallback", [])])
        history.keep("approval_policy", key, {"version": policy.version, **(told.rule(rule) or {})})

    def gains(self, key: str, rule: Rule | None) -> set[int]:
        return {_person(email, key).pk for email in (rule or {}).get("fallback", [])}


@dataclass(frozen=True)
class Entitlements:
    def current(self, key: str) -> Rule | None:
        one = Entitlement.objects.offered().filter(slug=key).first()
        if one is None:
            return None
        return {
            "name": one.name,
            "description": one.description,
            "kind": one.kind,
            "config": one.config,
            "approval_policy": one.approval_policy.slug,
            "owner": one.owner.email if one.owner else None,
            "max_days": one.max_days,
            "cut": one.cut,
        }

    def check(self, key: str, rule: Rule) -> None:
        if rule.get("kind") not in KINDS:
            raise Refused(
                "unknown_kind",
                _("%(key)s: the kind is one of %(known)s.")
                % {"key": key, "known": ", ".join(KINDS)},
            )
        try:
            KINDS[rule["kind"]].check_config(rule.get("config") or {})
        except BadTerms as error:
            raise Refused("bad_config", f"{key}: {error.message}") from error
        if not ApprovalPolicy.objects.filter(slug=rule.get("approval_policy")).exists():
            raise Refused(
                "unknown_policy",
                _("%(key)s: there is no approval policy “%(policy)s”.")
                % {"key": key, "policy": rule.get("approval_policy")},
            )
        if rule.get("owner"):
            _person(rule["owner"], key)
        _check_cut(key, rule)
        days = rule.get("max_days", 90)
        if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= 366:
            raise Refused("bad_days", _("%s: max_days is a number from 1 to 366.") % key)

    def apply(self, key: str, rule: Rule | None, by: Actor) -> None:
        if rule is None:
            Entitlement.objects.filter(slug=key).update(ended_at=Now())
            history.keep("entitlement", key, {"ended": True})
            return
        values = {
            "name": rule.get("name", key),
            "description": rule.get("description", ""),
            "kind": rule["kind"],
            "config": rule["config"],
            "approval_policy": ApprovalPolicy.objects.get(slug=rule["approval_policy"]),
            "owner": _person(rule["owner"], key) if rule.get("owner") else None,
            "max_days": rule.get("max_days", 90),
            "cut": rule.get("cut", Cut.NONE),
            "ended_at": None,
        }
        one, created = Entitlement.objects.update_or_create(slug=key, defaults=values)
        if not created:
            one.version += 1
            one.save(update_fields=["version"])
        history.keep("entitlement", key, {"version": one.version, **(told.rule(rule) or {})})

    def gains(self, key: str, rule: Rule | None) -> set[int]:
        owner = (rule or {}).get("owner")
        return {_person(owner, key).pk} if owner else set()


def _check_cut(key: str, rule: Rule) -> None:
    cut = rule.get("cut", Cut.NONE)
    if cut not in Cut.values:
        raise Refused(
            "bad_cut",
            _("%(key)s: cut is one of %(known)s.") % {"key": key, "known": ", ".join(Cut.values)},
        )
    if cut != Cut.NONE and not KINDS[rule["kind"]].CUT_ACTIONS:
        raise Refused(
            "bad_cut",
            _("%s: the end of this kind of access cuts nothing; leave cut out.") % key,
        )


@dataclass(frozen=True)
class Bundles:
    def current(self, key: str) -> Rule | None:
        one = Bundle.objects.filter(slug=key, ended_at__isnull=True).first()
        if one is None:
            return None
        return {
            "name": one.name,
            "description": one.description,
            "entitlements": sorted(one.entitlements.values_list("slug", flat=True)),
        }

    def check(self, key: str, rule: Rule) -> None:
        slugs = rule.get("entitlements")
        if not isinstance(slugs, list) or not slugs:
            raise Refused("bad_bundle", _("%s: name at least one entitlement.") % key)
        known = set(Entitlement.objects.offered().values_list("slug", flat=True))
        for slug in slugs:
            if slug not in known:
                raise Refused(
                    "unknown_entitlement",
                    _("%(key)s: there is no entitlement “%(slug)s”.") % {"key": key, "slug": slug},
                )

    def apply(self, key: str, rule: Rule | None, by: Actor) -> None:
        if rule is None:
            Bundle.objects.filter(slug=key).update(ended_at=Now())
            history.keep("bundle", key, {"ended": True})
            return
        one, _created = Bundle.objects.update_or_create(
            slug=key,
            defaults={
                "name": rule.get("name", key),
                "description": rule.get("description", ""),
                "ended_at": None,
            },
        )
        one.entitlements.set(Entitlement.objects.filter(slug__in=rule["entitlements"]))
        history.keep("bundle", key, told.rule(rule) or {})

    def gains(self, key: str, rule: Rule | None) -> set[int]:
        return set()


@dataclass(frozen=True)
class PortalRoles:
    """Key: a person's e-mail. Rule: {"roles": [role, …]}, the whole list."""

    def current(self, key: str) -> Rule | None:
        roles = PortalRole.objects.filter(person__email__iexact=key, until_at__isnull=True)
        held = sorted(roles.values_list("role", flat=True))
        return {"roles": held} if held else None

    def check(self, key: str, rule: Rule) -> None:
        _person(key, key)
        unknown = set(rule.get("roles", [])) - set(PortalRole.Role.values)
        if unknown:
            raise Refused(
                "unknown_role",
                _("%(key)s: a portal role is one of %(known)s.")
                % {"key": key, "known": ", ".join(PortalRole.Role.values)},
            )

    def apply(self, key: str, rule: Rule | None, by: Actor) -> None:
        person = Person.objects.get(email__iexact=key)
        wanted = set((rule or {}).get("roles", []))
        for role in person.portal_roles.filter(until_at__isnull=True):
            if role.role not in wanted:
                people.end_role(role, by=by)
        for name in sorted(wanted):
            people.give_role(person, name, by=by)

    def gains(self, key: str, rule: Rule | None) -> set[int]:
        return set(Person.objects.filter(email__iexact=key).values_list("pk", flat=True))


def _check_role(account: str, arn: str) -> None:
    """A worker role is an ordinary IAM role of that very account, or nothing."""
    if not arn:
        return
    try:
        parsed, kind = arns.principal(arn)
    except arns.BadArn as error:
        raise Refused("bad_arn", str(error)) from error
    if kind is not arns.PrincipalType.IAM_ROLE or parsed.account != account:
        raise Refused(
            "bad_role",
            _("%(arn)s is not an IAM role of account %(account)s.")
            % {"arn": arn[:200], "account": account},
        )


@dataclass(frozen=True)
class AccountRoles:
    """Key: an account number. Rule: {"write_role": ARN or "", "read_role": ARN or ""}."""

    def current(self, key: str) -> Rule | None:
        one = AwsAccount.objects.filter(number=key).first()
        if one is None or not (one.write_role_arn or one.read_role_arn):
            return None
        return {"write_role": one.write_role_arn, "read_role": one.read_role_arn}

    def check(self, key: str, rule: Rule) -> None:
        if not AwsAccount.objects.filter(number=key).exists():
            raise Refused("unknown_account", _("There is no AWS account %s.") % key)
        for name in ("write_role", "read_role"):
            _check_role(key, str(rule.get(name) or ""))

    def apply(self, key: str, rule: Rule | None, by: Actor) -> None:
        AwsAccount.objects.filter(number=key).update(
            write_role_arn=(rule or {}).get("write_role", ""),
            read_role_arn=(rule or {}).get("read_role", ""),
        )
        history.keep("account_roles", key, rule or {})

    def gains(self, key: str, rule: Rule | None) -> set[int]:
        return set()


@dataclass(frozen=True)
class Brake:
    """Key: “everywhere”. Rule: {"changes": most unordered ones, "percent": of a target's keys}."""

    def current(self, key: str) -> Rule | None:
        limits = Installation.brake()
        return {"changes": limits.changes, "percent": limits.percent}

    def check(self, key: str, rule: Rule) -> None:
        if not (rule.get("changes", 0) >= 1 and 1 <= rule.get("percent", 0) <= 100):
            raise Refused("bad_brake", _("Give a number of changes from 1, and 1 to 100 percent."))

    def apply(self, key: str, rule: Rule | None, by: Actor) -> None:
        assert rule is not None  # LASTING
        Installation.objects.update(brake_changes=rule["changes"], brake_percent=rule["percent"])
        history.keep("brake", key, rule)

    def gains(self, key: str, rule: Rule | None) -> set[int]:
        return set()


SUBJECTS: dict[str, Subject] = {
    "brake": Brake(),
    "approval_policy": ApprovalPolicies(),
    "account_roles": AccountRoles(),
    "entitlement": Entitlements(),
    "bundle": Bundles(),
    "portal_role": PortalRoles(),
}
