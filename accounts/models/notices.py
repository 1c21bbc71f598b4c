"""Mail that waits to be sent: staged in the transaction that made it true."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """One message to one person. `facts` fill a template of `portal.mail`; no words are stored."""

    person = models.ForeignKey("accounts.Person", models.PROTECT, related_name="notices")
    topic = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = (
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(sent_at__isnull=True),
                name="notice_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.topic} to {self.person_id}"
