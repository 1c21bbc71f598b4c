"""Requests: what was asked, who may decide it, what was decided, what was said."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, Principal
from accounts.refs import request as new_request_ref
from policies.models.catalogue import Entitlement


class RequestQuerySet(models.QuerySet["Request"]):
    def open(self) -> "RequestQuerySet":
        return self.filter(state__in=OPEN)

    def visible_to(self, person: Person) -> "RequestQuerySet":
        """Whoever was ever named on a request can read it; administrators and auditors all."""
        if person.is_administrator or person.is_auditor:
            return self
        if not person.is_present:
            return self.none()
        return self.filter(
            Q(person=person)
            | Q(asked_by=person)
            | Q(steps__candidates__person=person)
            | Q(steps__decisions__by=person)
        ).distinct()

    def decidable_by(self, person: Person) -> "RequestQuerySet":
        """Open requests that `person` may decide right now, as last routed."""
        return self.filter(pk__in=_open_candidacies(person).values("step__request"))

    def awaiting(self, person: Person) -> "RequestQuerySet":
        """Those of them that wait for `person` in particular, not for any administrator."""
        own = _open_candidacies(person).exclude(why=Candidate.STAND_BY)
        return self.filter(pk__in=own.values("step__request"))


class Request(models.Model):
    """One question to the people who decide: may this person have these items until then?"""

    class State(models.TextChoices):
        WAITING_IDENTITY = "waiting_identity", _("waiting for an AWS identity")
        OPEN = "open", _("waiting for a decision")
        ASKED_BACK = "asked_back", _("waiting for an answer")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined")
        WITHDRAWN = "withdrawn", _("withdrawn")
        CLOSED = "closed", _("closed")

    ref = models.CharField(
        _("reference"),
        max_length=12,
        unique=True,
        default=new_request_ref,
        editable=False,
    )
    person = models.ForeignKey(Person, models.PROTECT, related_name="requests")
    asked_by = models.ForeignKey(Person, models.PROTECT, related_name="asked_requests")
    reason = models.TextField(_("reason"), max_length=2000)
    # Either `days` from the approval on, or an `ends_on` date; `starts_on` is optional.
    days = models.PositiveIntegerField(_("days"), null=True, blank=True)
    starts_on = models.DateField(_("starts on"), null=True, blank=True)
    ends_on = models.DateField(_("last day"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    correlation = models.CharField(max_length=40, editable=False)

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering: ClassVar = ["-created_at", "-pk"]
        indexes = (
            models.Index(fields=["state", "created_at"], name="request_by_state"),
            models.Index(fields=["person", "created_at"], name="request_by_person"),
        )

    def __str__(self) -> str:
        return self.ref

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def _open_candidacies(person: Person) -> "models.QuerySet[Candidate]":
    if not person.is_present:
        return Candidate.objects.none()
    return Candidate.objects.filter(
        person=person,
        until_at__isnull=True,
        step__state=Step.State.OPEN,
        step__request__state=Request.State.OPEN,
    )


OPEN = (Request.State.WAITING_IDENTITY, Request.State.OPEN, Request.State.ASKED_BACK)


class Item(models.Model):
    """One entitlement of a request, with everything that was shown to whoever decides.

    `open_key` is set while the request is open and unique: the same thing cannot be asked
    for twice at once. `effect` is the digest of what an approval would do (DESIGN §5.7);
    empty until the preview is answered.
    """

    request = models.ForeignKey(Request, models.CASCADE, related_name="items")
    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="+")
    entitlement_version = models.PositiveIntegerField()
    principal = models.ForeignKey(
        Principal, models.PROTECT, null=True, blank=True, related_name="+"
    )
    terms = models.JSONField(_("terms"), default=dict)
    parts = models.JSONField(_("parts"), default=list)
    sentence = models.TextField(_("sentence"), blank=True)
    risks = models.JSONField(_("risks"), default=list)
    open_key = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    effect = models.CharField(max_length=64, blank=True, editable=False)
    preview = models.JSONField(_("preview"), null=True, blank=True)
    preview_at = models.DateTimeField(null=True, blank=True)
    # An entry others made in AWS, which becomes ours with the grant.
    adopts = models.ForeignKey(
        "Foreign", models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return self.sentence or str(self.entitlement)


class Step(models.Model):
    """One “any one of” in the chain of decisions of a request."""

    class State(models.TextChoices):
        WAITING = "waiting", _("not yet")
        OPEN = "open", _("waiting for a decision")
        APPROVED = "approved", _("approved")
        DECLINED = "declined", _("declined")
        CLOSED = "closed", _("closed")

    request = models.ForeignKey(Request, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    who = models.CharField(_("who"), max_length=20)
    quorum = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.WAITING
    )
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering: ClassVar = ["position"]
        constraints = (
            models.UniqueConstraint(fields=["request", "position"], name="step_position_once"),
            models.UniqueConstraint(
                fields=["request"], condition=Q(state="open"), name="step_one_open"
            ),
        )

    def __str__(self) -> str:
        return f"{self.request_id} step {self.position}"


class Candidate(models.Model):
    """A person who may move a step, and why (“manager”, “manager_above”, …).

    Administrators stand by on every step without being asked: `STAND_BY`.
    """

    STAND_BY = "administrator"

    step = models.ForeignKey(Step, models.CASCADE, related_name="candidates")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    why = models.CharField(max_length=40)
    from_at = models.DateTimeField(db_default=Now())
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("candidate")
        verbose_name_plural = _("candidates")
        constraints = (
            models.UniqueConstraint(
                fields=["step", "person"],
                condition=Q(until_at__isnull=True),
                name="candidate_once_at_a_time",
            ),
        )
        indexes = (models.Index(fields=["person", "until_at"], name="candidate_by_person"),)

    def __str__(self) -> str:
        return f"{self.person_id} for {self.step_id}"


class Decision(models.Model):
    """What one person decided on one step, with the effect that was in front of them."""

    class Verb(models.TextChoices):
        APPROVE = "approve", _("approve")
        DECLINE = "decline", _("decline")
        ASK_BACK = "ask_back", _("ask back")

    step = models.ForeignKey(Step, models.CASCADE, related_name="decisions")
    by = models.ForeignKey(Person, models.PROTECT, related_name="decisions")
    verb = models.CharField(_("decision"), max_length=10, choices=Verb.choices)
    why = models.TextField(_("reason"), max_length=2000, blank=True)
    at = models.DateTimeField(db_default=Now(), editable=False)
    effect = models.CharField(max_length=64, blank=True)
    eligible = models.JSONField(default=list)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering: ClassVar = ["at", "pk"]
        constraints = (
            models.UniqueConstraint(
                fields=["step", "by"],
                condition=~Q(verb="ask_back"),
                name="decision_once_each",
            ),
        )

    def __str__(self) -> str:
        return f"{self.verb} by {self.by_id}"


class Comment(models.Model):
    """A question or an answer on a request."""

    request = models.ForeignKey(Request, models.CASCADE, related_name="comments")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    text = models.TextField(_("text"), max_length=2000)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return f"comment {self.pk}"
