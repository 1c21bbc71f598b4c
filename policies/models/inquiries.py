"""Inquiries: what a page wants to know about AWS, answered by a worker that may only read."""

from functools import partial

from celery import current_app
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from policies.models.requests import Item


class InquiryKind(models.TextChoices):
    PREVIEW = "preview", _("preview of a request")


class Inquiry(models.Model):
    """One question. Previews carry no input of their own: the item is the input."""

    class State(models.TextChoices):
        OPEN = "open", _("checking AWS")
        ANSWERED = "answered", _("answered")
        FAILED = "failed", _("could not be answered")

    kind = models.CharField(max_length=20, choices=InquiryKind.choices)
    item = models.ForeignKey(Item, models.CASCADE, related_name="inquiries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=12, blank=True)
    outcome_text = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    answered_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField(db_default=Now())
    correlation = models.CharField(max_length=40, editable=False)

    class Meta:
        verbose_name = _("inquiry")
        verbose_name_plural = _("inquiries")
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "item"],
                condition=models.Q(state="open"),
                name="inquiry_one_open",
            ),
        )
        indexes = (
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(state="open"),
                name="inquiry_waiting",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.item_id}"


def ask_worker(inquiry: Inquiry) -> None:
    """Hurry the read worker once the inquiry is committed; the sweep finds it otherwise."""
    send = partial(current_app.send_task, "policies.answer", [inquiry.pk], retry=False)
    transaction.on_commit(send, robust=True)
