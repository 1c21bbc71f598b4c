"""Whether this database was restored since we last looked. Then nothing is written to AWS.

Two signs: the database is another one than before (`fingerprint`), or it knows less than a
mark that we keep outside of it, the highest event number this worker has seen.
"""

import logging
from pathlib import Path

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from accounts.models import Event
from policies.models import EVERYTHING, Freeze, Installation
from policies.models.fingerprint import fingerprint

logger = logging.getLogger(__name__)

WHY = (
    "The database was restored or copied. What AWS holds may be newer than what is written here. "
    "Look at what would change (Administration → Targets), then lift this freeze (GH-201)."
)


def freeze_if_so() -> bool:
    """Freeze everything when the database was restored. True when this call did it."""
    name, known = Installation.current(), fingerprint()
    before = Installation.objects.values_list("fingerprint", flat=True).get(pk=1)
    if before == known and _last_event() >= _mark(name):
        return False
    with transaction.atomic():
        Installation.objects.filter(pk=1).update(fingerprint=known)
        if before in {"", known} and _last_event() >= _mark(name):
            return False  # met for the first time
        _freeze()
    keep_mark()
    return True


def _freeze() -> None:
    _row, created = Freeze.objects.get_or_create(
        scope=EVERYTHING, lifted_at=None, defaults={"restored": True, "why": WHY}
    )
    if created:
        logger.error("the database was restored: everything is frozen (GH-201)")
        audit.record(
            What.FROZEN, by=system(), about=("freeze", EVERYTHING), after={"restored": True}
        )


def keep_mark() -> None:
    """Remember, outside the database, how far it has come."""
    name, last = Installation.current(), _last_event()
    if last == _mark(name):
        return
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(str(last), encoding="ascii")
    aside.replace(path)


def _mark(name: str) -> int:
    try:
        text = _path(name).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return 0
    return int(text) if text.isdigit() else 0


def _path(name: str) -> Path:
    return Path(settings.STATE_DIR) / "marks" / name


def _last_event() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
