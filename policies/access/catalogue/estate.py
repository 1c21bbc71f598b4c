"""Accounts, places in AWS, services and AWS identities from a catalogue file."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from accounts.models import DataEngineer, EksUser, Holder, Principal, Service, StudioUser
from accounts.models.principals import Profile
from policies.access import identities
from policies.access.catalogue.difference import Action, Change
from policies.access.catalogue.people import find, get
from policies.access.catalogue.problems import Problem
from policies.access.catalogue.shapes import Values
from policies.access.errors import Refused
from policies.models import (
    AwsAccount,
    Bucket,
    Cluster,
    Domain,
    ManagedRole,
    Portfolio,
    Studio,
    VirtualCluster,
    Workspace,
)

_MODELS: dict[str, Any] = {
    "accounts": AwsAccount,
    "portfolios": Portfolio,
    "clusters": Cluster,
    "virtual_clusters": VirtualCluster,
    "roles": ManagedRole,
    "studios": Studio,
    "buckets": Bucket,
    "workspaces": Workspace,
    "domains": Domain,
}
_PROFILES: dict[str, type[Profile]] = {
    "eks_user": EksUser,
    "studio_user": StudioUser,
    "data_engineer": DataEngineer,
}


def put_place(change: Change, *, by: Actor) -> None:
    """An account or something placed in one: made, or brought up to date."""
    columns = {"account_id" if name == "account" else name: v for name, v in change.after.items()}
    key = change.entry.section.key
    _MODELS[change.section].objects.update_or_create(**{key: columns.pop(key)}, defaults=columns)
    _record(change, change.entry.section.one.replace(" ", "_"), change.key, by)


def put_service(change: Change, *, by: Actor) -> Problem | None:
    first, second = (get(email) for email in change.after["owners"])
    for index, owner in enumerate((first, second)):
        if "owners" in change.fields and not owner.is_present:
            what = f"“{owner}” does not work here now, so cannot own a service."
            return change.entry.wrong(f"owners.{index}", what, "Name somebody who does.")
    service, _created = Service.objects.update_or_create(
        name=change.key,
        defaults={
            "purpose": change.after["purpose"],
            "first_owner": first,
            "second_owner": second,
        },
    )
    _record(change, "service", service.pk, by)
    return None


def put_principal(change: Change, *, by: Actor, now: datetime) -> Problem | None:
    """Registered, or its holders, owner and profiles brought up to date."""
    if change.action is Action.ADD:
        problem = _register(change, by=by, now=now)
        if problem is not None:
            return problem
    principal = Principal.objects.get(arn=change.key)
    if change.action is Action.CHANGE:
        _rehold(principal, change.after["holders"])
        Principal.objects.filter(pk=principal.pk).update(owner=find(change.after["owner"]))
    for name, model in _PROFILES.items():
        if name in change.fields:
            profiles = model._default_manager
            profiles.update_or_create(principal=principal, defaults=change.after[name])
    rest = {name for name in change.fields if name in _PROFILES}
    if rest or change.action is Action.CHANGE:
        _record(change, "principal", principal.pk, by)
    return None


def _register(change: Change, *, by: Actor, now: datetime) -> Problem | None:
    one = change.after
    if Principal.objects.filter(arn=change.key, ended_at__isnull=False).exists():
        what = "This AWS identity was rejected or ended, and does not come back."
        return change.entry.wrong("arn", what, "Remove it from the file.")
    try:
        identities.register(
            change.key,
            by=by,
            now=now,
            person=find(one["person"]),
            service=Service.objects.filter(name=one["service"]).first(),
            sharing=one["sharing"],
            owner=find(one["owner"]),
            holders=tuple(get(email) for email in one["holders"]),
        )
    except Refused as error:
        return change.entry.wrong(error.field or "arn", error.message, "Correct the entry.")
    return None


def _rehold(principal: Principal, wanted: Iterable[str]) -> None:
    held = {one.person.email: one for one in principal.holders.filter(until_at__isnull=True)}
    gone = [one.pk for email, one in held.items() if email not in set(wanted)]
    Holder.objects.filter(pk__in=gone).update(until_at=Now())
    for email in wanted:
        if email not in held:
            Holder.objects.create(principal=principal, person=get(email))


def _record(change: Change, kind: str, key: object, by: Actor) -> None:
    """One event. People are in it by id; a purpose is told only by its name (it is free text)."""
    before = {name: pair[0] for name, pair in change.fields.items()}
    after = {name: pair[1] for name, pair in change.fields.items()}
    audit.record(
        What.ESTATE_CHANGED,
        by=by,
        about=(kind, key),
        before=None if change.action is Action.ADD else _by_id(before),
        after=_by_id(after),
    )


def _by_id(fields: Values) -> Values:
    told: Values = {}
    for name, value in fields.items():
        if name in {"owners", "holders"}:
            told[name] = [get(email).pk for email in value or ()]
        elif name in {"person", "owner"}:
            told[name] = get(value).pk if value else None
        else:
            told[name] = "(text)" if name == "purpose" else value
    return told
