"""Keys that are not ours: since when each stands there, and until when."""

from collections.abc import Mapping

from django.db.models.functions import Now

from policies.models import Foreign, Key, Target
from policies.plan import Reading, digest


def note(target: Target, reading: Reading) -> None:
    """Bring the list up to date with an agreed reading. One query when nothing has changed."""
    ours = set(target.keys.exclude(origin=Key.Origin.FOUND).values_list("key", flat=True))
    there = {key: text for key, text in reading.state.items() if key not in ours}
    fingerprint = digest(there)
    if fingerprint == target.foreign_digest:
        return
    _bring_up_to_date(target, there, reading)
    Target.objects.filter(pk=target.pk).update(foreign_digest=fingerprint)


def _bring_up_to_date(target: Target, there: Mapping[str, str], reading: Reading) -> None:
    known = {row.key: row for row in target.foreigners.standing()}
    gone = [row.pk for key, row in known.items() if key not in there]
    target.foreigners.filter(pk__in=gone).update(gone_at=Now())
    for key, text in there.items():
        row = known.get(key)
        if row is not None and row.text != text:
            # What an administrator knew about was another text.
            target.foreigners.filter(pk=row.pk).update(
                text=text, changed_at=Now(), ignored_at=None, ignored_by=None, ignored_why=""
            )
    Foreign.objects.bulk_create(
        [
            Foreign(target=target, key=key, text=text, marked=key in reading.marked)
            for key, text in there.items()
            if key not in known
        ],
        batch_size=500,
    )
