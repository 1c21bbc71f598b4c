"""What administrators can do about targets: look again, freeze, let go, choose how to repair."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from accounts.models import Person
from policies.access import texts
from policies.access.errors import Refused
from policies.models import EVERYTHING, Freeze, ManagedBy, Phase, Repair, Target, TargetKind, wake
from policies.plan import digest

LONGEST_REPAIR_HOURS = 24 * 14


def administrator(by: Actor) -> Person:
    """Who acts, if it is an administrator who works here. Raises Refused."""
    if by.person is None or not by.person.is_administrator:
        raise Refused("not_allowed", _("Only administrators can do this. Ask one."))
    return by.person


@transaction.atomic
def retry_now(target: Target, *, by: Actor) -> None:
    """Forget refusals and rounds and let a worker try again at once. Raises Refused."""
    administrator(by)
    audit.record(What.TARGET_RETRIED, by=by, about=("target", target.pk))
    wake([target])


@transaction.atomic
def freeze(scope: str, *, by: Actor, why: str) -> Freeze:
    """Stop every write to AWS in `scope` until it is lifted. Reading goes on. Raises Refused."""
    person, why = administrator(by), texts.check(why, "why")
    try:
        with transaction.atomic():
            row = Freeze.objects.create(scope=scope, by=person, why=why)
    except IntegrityError as error:
        raise Refused("already_frozen", _("This is frozen already. Its page says why.")) from error
    audit.record(What.FROZEN, by=by, about=("freeze", scope), after={"freeze": row.pk}, why=why)
    return row


@transaction.atomic
def lift(freeze: Freeze, *, by: Actor, why: str) -> None:
    """Let writes go on: what waited for it is looked at again at once. Raises Refused."""
    person, why = administrator(by), texts.check(why, "why")
    moved = Freeze.objects.standing().filter(pk=freeze.pk)
    if not moved.update(lifted_at=Now(), lifted_by=person):
        raise Refused("already_lifted", _("This freeze was lifted before."))
    audit.record(
        What.UNFROZEN, by=by, about=("freeze", freeze.scope), after={"freeze": freeze.pk}, why=why
    )
    wake(_scope(freeze).filter(phase=Phase.HELD, outcome="frozen"))


@transaction.atomic
def let_go(target: Target, shown: str, *, by: Actor, why: str) -> None:
    """Make the held-back changes that were `shown` (`pending_digest`). Raises Refused.

    The brake asks for this; a freeze has to be lifted instead.
    """
    administrator(by)
    why = texts.check(why, "why")
    target.refresh_from_db()
    if target.phase != Phase.HELD or target.outcome != "brake":
        raise Refused("not_held", _("Nothing is held back here now."))
    if pending_digest(target.pending) != shown:
        raise Refused(
            "stale", _("What is held back has changed since you opened the page. Read it again.")
        )
    audit.record(
        What.TARGET_RELEASED,
        by=by,
        about=("target", target.pk),
        after={"changes": target.pending},
        why=why,
    )
    Target.objects.filter(pk=target.pk).update(released_digest=shown)
    wake([target])


@transaction.atomic
def set_repair(target: Target, mode: str, hours: int, *, by: Actor, why: str) -> None:
    """Choose what happens when others change something of ours here. Raises Refused."""
    administrator(by)
    why = texts.check(why, "why")
    if mode not in Repair.values or not 1 <= hours <= LONGEST_REPAIR_HOURS:
        raise Refused(
            "bad_repair",
            _("Choose one of %(modes)s, and from 1 to %(most)s hours.")
            % {"modes": ", ".join(Repair.values), "most": LONGEST_REPAIR_HOURS},
        )
    audit.record(
        What.TARGET_REPAIR_SET,
        by=by,
        about=("target", target.pk),
        before={"repair": target.repair, "hours": target.repair_hours},
        after={"repair": mode, "hours": hours},
        why=why,
    )
    Target.objects.filter(pk=target.pk).update(repair=mode, repair_hours=hours)
    wake(Target.objects.filter(pk=target.pk, outcome="drift"))


@transaction.atomic
def set_manager(target: Target, manager: str, *, by: Actor, why: str) -> None:
    """Choose who writes this place: we, or others whom we show the change. Raises Refused.

    What others made meanwhile stays theirs when we write here again: it satisfies access, and is
    left in place when that ends.
    """
    administrator(by)
    why = texts.check(why, "why")
    if manager not in ManagedBy.values:
        raise Refused(
            "bad_manager",
            _("Choose one of %(choices)s.") % {"choices": ", ".join(ManagedBy.values)},
        )
    if target.kind == TargetKind.JOB_RUNS:
        raise Refused("no_owner", _("Running jobs have no other owner who could end them."))
    target = Target.objects.select_for_update(no_key=True).get(pk=target.pk)
    if target.managed_by == manager:
        raise Refused("no_change", _("It is so already."))
    audit.record(
        What.TARGET_MANAGER_SET,
        by=by,
        about=("target", target.pk),
        before={"managed_by": target.managed_by},
        after={"managed_by": manager},
        why=why,
    )
    Target.objects.filter(pk=target.pk).update(managed_by=manager, pending=[], released_digest="")
    wake([target])


@transaction.atomic
def name_place(kind: str, where: tuple[str, str, str], *, by: Actor, why: str) -> Target:
    """Say of a place that others manage it, before any access is wanted there. Raises Refused.

    `where`: account, region (empty for IAM's) and object, as targets have them.
    """
    account, region, name = where
    if kind not in TargetKind.values or not name or name != name.strip():
        raise Refused("bad_place", _("Name the kind of place and what it is called in AWS."))
    administrator(by)
    row, _made = Target.objects.get_or_create(
        kind=kind, account=account, region=region, object=name
    )
    set_manager(row, ManagedBy.EXTERNAL, by=by, why=why)
    row.refresh_from_db()
    return row


def pending_digest(changes: Sequence[dict[str, Any]]) -> str:
    """What a page in front of who lets go carries: exactly these changes and no others."""
    return digest([[one["key"], one["before"], one["after"]] for one in changes])


def _scope(freeze: Freeze) -> Any:
    kind, _colon, what = freeze.scope.partition(":")
    if freeze.scope == EVERYTHING:
        return Target.objects.all()
    return Target.objects.filter(**{"account" if kind == "account" else "pk": what})
