"""What the portal says, read from its database: confirmed, gone, settled, reported, in order."""

import json
from collections import Counter
from collections.abc import Iterable

from django.core.management import get_commands
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts import triggers
from accounts.models import Event
from policies.models import Beat, Grant, Phase, Plan, Target
from tests.chaos.judge import Said

SEEN, GONE, SETTLED = "grant.seen", "grant.gone", "target.settled"


def said() -> dict[str, Said]:
    """Per grant, by its row and by the events about it."""
    told = Counter(
        Event.objects.filter(what__in=(SEEN, GONE)).values_list("what", "object_id").iterator()
    )
    rows = Grant.objects.values_list("ref", "seen_at", "released_at")
    return {
        ref: Said(bool(seen), bool(gone), told[SEEN, ref], told[GONE, ref])
        for ref, seen, gone in rows
    }


def settled() -> list[tuple[str, int]]:
    rows = Event.objects.filter(what=SETTLED).values_list("object_id", "after")
    return [(target, int(after["generation"])) for target, after in rows.iterator()]


def reported(texts: Iterable[str]) -> dict[str, bool]:
    """Whether the record or a plan tells of each of these texts, which stood in AWS once."""
    told = [
        json.dumps([one.before, one.after])
        for one in Event.objects.filter(what__startswith="target.").iterator()
    ]
    told += [json.dumps(changes) for changes in Plan.objects.values_list("changes", flat=True)]
    return {text: any(text in one for one in told) for text in texts}


def unsettled() -> Counter[str]:
    """Phases of targets that are not settled, or at whose grants something is not yet seen."""
    open_ = Q(settled_generation__lt=F("generation")) | ~Q(phase=Phase.SETTLED)
    now = Counter(Target.objects.filter(open_).values_list("phase", flat=True))
    living = Q(seen_at__isnull=True, ended_at__isnull=True)
    ending = Q(ended_at__isnull=False, released_at__isnull=True)
    over = Q(ended_at__isnull=True, ends_at__lte=Now())
    if waiting := Grant.objects.filter(living | ending | over).count():
        now["grants"] = waiting
    return now


def is_swept() -> bool:
    return Beat.objects.filter(name="sweep").exists()


def stuck() -> list[Target]:
    return list(Target.objects.filter(phase=Phase.STUCK))


def stuck_texts() -> list[str]:
    """Targets that are not settled, with AWS's words."""
    rows = Target.objects.exclude(phase=Phase.SETTLED)
    return [f"{one} {one.phase} {one.outcome}: {one.outcome_text[:300]}" for one in rows]


def has_triggers() -> bool:
    """Whether the record can still only be added to."""
    return triggers.installed(connection)


def can_verify() -> bool:
    """Whether the command that verifies the record is built."""
    return "verify_audit" in get_commands()
