"""The record: events that can be added and never changed, and the words kept beside them."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """One thing that happened. Names people by id only; free text is in `Note`.

    Append-only by database triggers (`accounts.triggers`), on SQLite and PostgreSQL.
    """

    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)
    what = models.CharField(_("what"), max_length=60)
    actor_kind = models.CharField(_("actor kind"), max_length=10)
    actor_id = models.CharField(_("actor"), max_length=40, blank=True)
    on_behalf_of = models.CharField(_("on behalf of"), max_length=40, blank=True)
    channel = models.CharField(_("channel"), max_length=10)
    assurance = models.CharField(_("assurance"), max_length=20, blank=True)
    object_kind = models.CharField(_("object kind"), max_length=40)
    object_id = models.CharField(_("object"), max_length=200)
    person_id = models.CharField(_("concerns person"), max_length=40, blank=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    rules = models.JSONField(_("rules in force"), default=dict)
    aws = models.JSONField(_("AWS request ids and dates"), default=list)
    note_digest = models.CharField(max_length=64, blank=True)
    correlation = models.CharField(_("correlation id"), max_length=40)
    seeded = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = (
            models.Index(fields=["object_kind", "object_id", "id"], name="event_by_object"),
            models.Index(fields=["person_id", "id"], name="event_by_person"),
            models.Index(fields=["correlation"], name="event_by_correlation"),
        )

    def __str__(self) -> str:
        return f"{self.what} {self.object_kind} {self.object_id}"


class Note(models.Model):
    """Free text that belongs to an event and can be erased without breaking the record.

    The event keeps SHA-256(salt + text): with the note the words are proved, without it
    nothing can be guessed from the digest.
    """

    event = models.OneToOneField(Event, models.PROTECT, related_name="note")
    salt = models.CharField(max_length=32)
    text = models.TextField()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return f"note of event {self.event_id}"


class Version(models.Model):
    """What something was from one moment until another: history as rows, for facts and rules."""

    subject = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200)
    from_at = models.DateTimeField(db_default=Now())
    until_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField()

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        constraints = (
            models.UniqueConstraint(
                fields=["subject", "subject_id"],
                condition=models.Q(until_at__isnull=True),
                name="version_one_current",
            ),
        )
        indexes = (models.Index(fields=["subject", "subject_id", "from_at"], name="version_as_of"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id} from {self.from_at}"
