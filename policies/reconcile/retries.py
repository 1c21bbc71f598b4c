"""When to try again, and for how long: AWS turned us away, or does not know yet what is named."""

import random
from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from policies.models import Phase, Target
from policies.outcomes import Kind, Outcome
from policies.plan import Change

Refused = dict[str, dict[str, Any]]  # as in `Target.refused`
LONGEST_BACKOFF_SECONDS = 300.0
FIRST_CONFLICT_SECONDS, LONGEST_CONFLICT_SECONDS = 0.1, 5.0
# A message may be lost, or wait behind thousands: the next follows after as long as it waited.
RESEND_SECONDS, LONGEST_RESEND_SECONDS = 5.0, 600.0
REMOVAL_RETRY = timedelta(seconds=900)
WATCH = timedelta(seconds=300)  # how often others' work is looked for, while some of it waits
# How long AWS may not know what was only just made (a role, say) after it first said so.
NEWBORN = timedelta(seconds=60)


def waiting(
    target: Target, now: datetime, error: Outcome | None = None, *, fresh: bool = False
) -> dict[str, Any]:
    """Try again later: twice as long each time, at most five minutes, spread by chance.

    After a conflict sooner: somebody else's write went through, so the way is free again. Not
    before AWS itself said to come back. `fresh`: something went well, so count from one.
    """
    attempts = 0 if fresh else target.attempts
    first, limit = 1.0, LONGEST_BACKOFF_SECONDS
    if error is not None and error.kind is Kind.CONFLICT:
        first, limit = FIRST_CONFLICT_SECONDS, LONGEST_CONFLICT_SECONDS
    seconds = spread(min(first * 2.0 ** min(attempts, 30), limit)) * settings.PACE
    if error is not None:
        longest = LONGEST_BACKOFF_SECONDS * settings.PACE
        seconds = max(seconds, min(error.retry_after, longest))
    return {
        "phase": Phase.WAITING,
        "attempts": attempts + 1,
        "next_look_at": now + timedelta(seconds=seconds),
    }


def spread(seconds: float) -> float:
    """A wait that differs from worker to worker: half of it at least."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311  (spread, not secrecy)


def refusals(
    target: Target,
    changes: Sequence[Change],
    errors: Mapping[str, Outcome],
    now: datetime,
    *,
    ending: Set[str],
) -> Refused:
    """What `Target.refused` says of keys AWS refused just now.

    Gives wait for a person; what takes away (also under a key that stays for others: `ending`)
    has a next time, for ever. A give that names what AWS does
    not know is tried again for a minute from the first refusal, for what it names may be new;
    after that it waits for a person, like every other.
    """
    refused = {}
    for change in changes:
        error = errors.get(change.key)
        if error is None:
            continue
        since = _since(target.refused.get(change.key), change, now)
        takes = change.after is None or change.key in ending
        retry = now + REMOVAL_RETRY * settings.PACE if takes else _retry(error, since, now)
        refused[change.key] = {
            "text": change.after,
            "kind": str(error.kind),
            "message": error.message,
            "retry_at": retry.isoformat() if retry else None,
            "since": since.isoformat(),
            "takes": takes,
        }
    return refused


def _since(earlier: Any, change: Change, now: datetime) -> datetime:
    """When AWS first refused this very text."""
    if earlier and earlier["text"] == change.after and "since" in earlier:
        return datetime.fromisoformat(earlier["since"])
    return now


def _retry(error: Outcome, since: datetime, now: datetime) -> datetime | None:
    if error.kind is Kind.MISSING and now - since < NEWBORN * settings.PACE:
        # As long again as it has lasted: after 1, 2, 4, 8 … seconds.
        passed = max((now - since).total_seconds(), settings.PACE)
        return now + timedelta(seconds=spread(passed))
    return None


def in_force(refused: Refused, now: datetime) -> Refused:
    """The refusals that still keep their keys from being written."""
    return {key: one for key, one in refused.items() if _time(one) is None or _time(one) > now}


def first_time(refused: Refused) -> datetime | None:
    """When the first of these is tried again by itself; None: not before a person says so."""
    return min(filter(None, map(_time, refused.values())), default=None)


def _time(one: Mapping[str, Any]) -> Any:
    return datetime.fromisoformat(one["retry_at"]) if one["retry_at"] else None


def are_young(refused: Refused) -> bool:
    """Whether all that AWS refused is a give that will be tried again by itself."""
    return all(one["retry_at"] and not one.get("takes") for one in refused.values())
