"""What administrators do about what others did in AWS: put back, adopt, ignore, remove, restore.

Each takes the text that was in front of who decides, and is refused when it has changed since.
None of them writes to AWS: they say what is ours, and the next pass does the rest.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from policies.access import texts
from policies.access.errors import Refused
from policies.access.operations import administrator
from policies.models import Drift, Foreign, Key, ManagedBy, Plan, Target, wake
from policies.providers import PROVIDERS, places


@transaction.atomic
def put_back(drift: Drift, shown: str | None, *, by: Actor, why: str) -> None:
    """Let the next pass write what is wanted over what others made of it. Raises Refused."""
    administrator(by)
    why = texts.check(why, "why")
    drift = Drift.objects.select_for_update().get(pk=drift.pk)
    if drift.over_at is not None or drift.there != shown:
        raise _stale()
    _check_written_here(drift.target)
    _take_over(drift.target, drift.key, drift.there, by=by, why=why)
    Drift.objects.filter(pk=drift.pk).update(over=Drift.Over.PUT_BACK, over_at=Now())


@transaction.atomic
def adopt(foreign: Foreign, shown: str, *, by: Actor, why: str) -> None:
    """An entry that living access wants, but others made: from now on it is ours.

    The next pass makes it as wanted; it goes when that access ends. Raises Refused.
    """
    administrator(by)
    why = texts.check(why, "why")
    _check_standing(foreign, shown)
    if not _is_wanted(foreign.target, foreign.key):
        raise Refused(
            "nobody_wants_it",
            _(
                "No living access needs this entry. Adopt it into an access with an owner and "
                "an end, or remove it."
            ),
        )
    _check_touchable(foreign)
    _take_over(foreign.target, foreign.key, foreign.text, by=by, why=why)


@transaction.atomic
def remove(foreign: Foreign, shown: str, *, by: Actor, why: str) -> None:
    """Take an entry out of AWS that is not managed here. What stood there is kept.

    Raises Refused: for entries no administrator may touch, and for what living access needs.
    """
    administrator(by)
    why = texts.check(why, "why")
    _check_standing(foreign, shown)
    if _is_wanted(foreign.target, foreign.key):
        raise Refused(
            "needed", _("Living access needs this entry. End that access, or adopt the entry.")
        )
    _check_touchable(foreign)
    _take_over(foreign.target, foreign.key, foreign.text, by=by, why=why)


@transaction.atomic
def ignore(foreign: Foreign, shown: str, *, by: Actor, why: str) -> None:
    """An entry that an administrator knows about, as long as it stays as it is."""
    person, why = administrator(by), texts.check(why, "why")
    _check_standing(foreign, shown)
    Foreign.objects.filter(pk=foreign.pk).update(
        ignored_at=Now(), ignored_by=person, ignored_why=why
    )
    audit.record(
        What.FOREIGN_IGNORED,
        by=by,
        about=("target", foreign.target_id),
        after={"key": foreign.key, "text": foreign.text},
        why=why,
    )


@transaction.atomic
def restore(plan: Plan, key: str, *, by: Actor, why: str) -> None:
    """Bring back what stood under `key` before `plan` replaced or removed it. Raises Refused.

    Once it is seen there, it is not managed here any more.
    """
    administrator(by)
    why = texts.check(why, "why")
    text, original = replaced_text(plan, key)
    if text is None:
        raise Refused("nothing_replaced", _("This plan replaced nothing under that name."))
    target = plan.target
    _check_written_here(target)
    if _is_wanted(target, key):
        raise Refused(
            "needed", _("Living access needs this entry as it is. End that access first.")
        )
    if target.foreigners.standing().filter(key=key).exists():
        raise Refused(
            "taken", _("Somebody else has written this entry since. Look at it, then decide.")
        )
    wish = {"restoring": text, "replaced": original, "ordered": True, "seen": False}
    Key.objects.update_or_create(
        target=target,
        key=key,
        defaults=wish,
        create_defaults={"origin": Key.Origin.ADOPTED, **wish},
    )
    audit.record(
        What.KEY_RESTORED,
        by=by,
        about=("target", target.pk),
        after={"key": key, "text": text, "replaced_by": plan.ref},
        why=why,
    )
    wake([target])


def replaced_text(plan: Plan, key: str) -> tuple[str | None, str | None]:
    """What stood under `key` when `plan` was made, and its own bytes; None: nothing did."""
    for one in plan.changes:
        if one["key"] == key:
            return one["before"], one.get("original")
    return None, None


def claim(foreign: Foreign) -> bool:
    """Make an entry ours for a grant that adopts it. False: it is not what it was any more."""
    standing = Foreign.objects.standing().filter(pk=foreign.pk, text=foreign.text)
    if not standing.exists():
        return False
    _own(foreign.target, foreign.key, foreign.text, ordered=True)
    return True


def _take_over(target: Target, key: str, text: str | None, *, by: Actor, why: str) -> None:
    """`text` counts as what we wrote and saw, so that anything else wanted is written."""
    _own(target, key, text, ordered=True)
    audit.record(
        What.KEY_TAKEN_OVER,
        by=by,
        about=("target", target.pk),
        before={"key": key, "text": text},
        why=why,
    )
    wake([target])


def _own(target: Target, key: str, text: str | None, *, ordered: bool) -> None:
    values: dict[str, Any] = {
        "text": text,
        "seen": True,
        "doubt": False,
        "window_until": None,
        "ordered": ordered,
    }
    made = Key.objects.filter(target=target, key=key, origin=Key.Origin.MADE)
    if not made.update(**values):
        Key.objects.update_or_create(
            target=target, key=key, defaults={**values, "origin": Key.Origin.ADOPTED}
        )


def _check_standing(foreign: Foreign, shown: str) -> None:
    if not Foreign.objects.standing().filter(pk=foreign.pk, text=shown).exists():
        raise _stale()


def _check_touchable(foreign: Foreign) -> None:
    _check_written_here(foreign.target)
    provider = PROVIDERS[foreign.target.kind]
    reason = provider.untouchable(places.of(foreign.target), foreign.key, foreign.text)
    if reason:
        raise Refused("untouchable", reason)


def _check_written_here(target: Target) -> None:
    if target.managed_by == ManagedBy.EXTERNAL:
        raise Refused(
            "external",
            _(
                "This place is managed by others (Terraform): Gatehouse never writes here. Ask "
                "them, or choose on the target's page that Gatehouse writes it."
            ),
        )


def _is_wanted(target: Target, key: str) -> bool:
    """Whether living access is written under this key, or would be."""
    wanting = target.deliveries.unreleased().filter(grant__ended_at__isnull=True)
    return any(gives(target, one.part, key) for one in wanting.iterator())


def gives(target: Target, part: Mapping[str, Any], key: str) -> bool:
    """Whether a part is written under `key`, by what is known of its text."""
    provider, place = PROVIDERS[target.kind], places.of(target)
    if provider.key_of(place, part) == key:
        return True
    row = target.keys.filter(key=key, text__isnull=False).first()
    return row is not None and bool(provider.keys_of(place, part, {key: str(row.text)}))


def _stale() -> Refused:
    return Refused(
        "stale", _("This is not what it was when you opened the page. Read it again, then decide.")
    )
