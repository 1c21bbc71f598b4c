"""The seals: where each event stands in the record, and who signed that it stands there.

`Seal` and `Sealed` are append-only by database triggers, as `Event` is (`accounts.triggers`).
What a seal says, byte for byte: docs/audit.md.
"""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.audit import Event


class Seal(models.Model):
    """One signed batch: it names the seal before it and hashes the events it holds, in order.

    The primary key is the number, from 1 without a gap: of two sealers at work at once, one
    loses. Keys and signature are base64url, digests are hexadecimal SHA-256.
    """

    number = models.BigIntegerField(_("number"), primary_key=True)
    previous = models.CharField(_("digest of the seal before"), max_length=64, unique=True)
    first_position = models.BigIntegerField(_("first position"))
    last_position = models.BigIntegerField(_("last position"), db_index=True)
    count = models.IntegerField(_("events"))
    root = models.CharField(_("hash of its events"), max_length=64)
    at = models.DateTimeField(_("at"))
    key = models.CharField(_("public key that signed"), max_length=44)
    next_key = models.CharField(_("public key that signs from here on"), max_length=44, blank=True)
    digest = models.CharField(_("digest"), max_length=64, unique=True)
    signature = models.CharField(_("signature"), max_length=88)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")

    def __str__(self) -> str:
        return f"seal {self.number}: {self.first_position} to {self.last_position}"


class Sealed(models.Model):
    """The position of one sealed event, from 1 without a gap, and the event's digest there."""

    position = models.BigIntegerField(_("position"), primary_key=True)
    event = models.OneToOneField(Event, models.PROTECT, related_name="sealed")
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("sealed event")
        verbose_name_plural = _("sealed events")

    def __str__(self) -> str:
        return f"{self.position}: event {self.event_id}"


class Unsealed(models.Model):
    """An event that waits for the sealer.

    A trigger adds the row in the event's own transaction, the sealer removes it in the one
    that seals the event. So every committed event is either here or sealed: an open writer
    can neither be passed by nor hold up the others, whatever its ids, clock or length.
    """

    event = models.OneToOneField(
        Event, models.PROTECT, primary_key=True, db_constraint=False, related_name="unsealed"
    )
    since = models.DateTimeField(_("since"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("unsealed event")
        verbose_name_plural = _("unsealed events")

    def __str__(self) -> str:
        return f"event {self.event_id}"
