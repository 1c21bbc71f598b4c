"""Grants: approved, dated rights; their deliveries into targets; receipts of leavers."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, Principal
from accounts.refs import grant as new_grant_ref
from accounts.refs import receipt as new_receipt_ref
from policies.models.catalogue import Entitlement
from policies.models.requests import Item
from policies.models.targets import Target


class GrantQuerySet(models.QuerySet["Grant"]):
    def living(self, now: datetime) -> "GrantQuerySet":
        """Grants that AWS should hold at `now`. The one definition of desired state."""
        return self.filter(LIVING(now))

    def ending(self) -> "GrantQuerySet":
        """Ended here, not yet seen gone from AWS."""
        return self.filter(ended_at__isnull=False, released_at__isnull=True)

    def visible_to(self, person: Person) -> "GrantQuerySet":
        if person.is_administrator or person.is_auditor:
            return self
        if not person.is_present:
            return self.none()
        return self.filter(
            Q(person=person)
            | Q(person__manager=person)
            | Q(item__request__asked_by=person)
            | Q(item__request__steps__decisions__by=person)
            | Q(entitlement__owner=person)
        ).distinct()


def LIVING(now: datetime, prefix: str = "") -> Q:  # noqa: N802  (a constant that takes the time)
    """The condition “this grant gives access at `now`”, for any path to a grant.

    Once begun it stays so, whatever the clock of whoever decided it says.
    """
    begun = Q(**{f"{prefix}started_at__isnull": False}) | Q(**{f"{prefix}starts_at__lte": now})
    return (
        Q(**{f"{prefix}ended_at__isnull": True})
        & begun
        & (Q(**{f"{prefix}ends_at__isnull": True}) | Q(**{f"{prefix}ends_at__gt": now}))
    )


class EndReason(models.TextChoices):
    REVOKED = "revoked", _("ended by an administrator or owner")
    GIVEN_BACK = "given_back", _("given back")
    EXPIRED = "expired", _("reached its end date")
    LEFT = "left", _("the person left")
    SUSPENDED = "suspended", _("the person was suspended")
    REPLACED = "replaced", _("the AWS identity was replaced by another of the same name")


class Grant(models.Model):
    """A right somebody approved. Copies what was approved and is never edited, only ended."""

    ref = models.CharField(
        _("reference"),
        max_length=12,
        unique=True,
        default=new_grant_ref,
        editable=False,
    )
    item = models.OneToOneField(Item, models.PROTECT, related_name="grant")
    person = models.ForeignKey(Person, models.PROTECT, related_name="grants")
    principal = models.ForeignKey(Principal, models.PROTECT, related_name="grants")
    principal_unique_id = models.CharField(max_length=128)
    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="grants")
    entitlement_version = models.PositiveIntegerField()
    terms = models.JSONField(default=dict)
    parts = models.JSONField(default=list)
    # What its end cuts, as it was shown to who decided; null: nothing.
    cut = models.JSONField(null=True, blank=True, editable=False)
    sentence = models.TextField()
    effect = models.CharField(max_length=64)
    approved_at = models.DateTimeField(db_default=Now())
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    end_reason = models.CharField(max_length=12, choices=EndReason.choices, blank=True)
    # False where no person ordered this very end: the brake counts such ends (DESIGN §5.11).
    end_ordered = models.BooleanField(default=True, db_default=True, editable=False)
    # When the sweep woke the targets because `starts_at` had come.
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    seen_at = models.DateTimeField(_("confirmed in AWS at"), null=True, blank=True)
    # When its owner was told that it is not complete for long.
    incomplete_at = models.DateTimeField(null=True, blank=True, editable=False)
    released_at = models.DateTimeField(_("seen gone at"), null=True, blank=True)
    correlation = models.CharField(max_length=40, editable=False)

    objects = GrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        ordering: ClassVar = ["-approved_at", "-pk"]
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="grant_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | ~Q(end_reason=""),
                name="grant_end_has_a_reason",
            ),
        )
        indexes = (
            models.Index(fields=["person", "ended_at"], name="grant_by_person"),
            models.Index(
                fields=["ends_at"],
                condition=Q(ended_at__isnull=True),
                name="grant_expiring",
            ),
            models.Index(
                fields=["started_at"],
                condition=Q(
                    ended_at__isnull=True, seen_at__isnull=True, incomplete_at__isnull=True
                ),
                name="grant_incomplete",
            ),
            models.Index(
                fields=["starts_at"],
                condition=Q(ended_at__isnull=True, started_at__isnull=True),
                name="grant_starting",
            ),
        )

    def __str__(self) -> str:
        return self.ref


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def unreleased(self) -> "DeliveryQuerySet":
        return self.exclude(state=Delivery.State.RELEASED)

    def with_neighbours(self) -> "DeliveryQuerySet":
        """Each with `lower_unseen` and `higher_left`: whether its grant has such deliveries."""
        others = Delivery.objects.gives().filter(grant=OuterRef("grant"))
        return self.annotate(
            lower_unseen=Exists(others.filter(stage__lt=OuterRef("stage"), seen_at__isnull=True)),
            higher_left=Exists(others.unreleased().filter(stage__gt=OuterRef("stage"))),
        )

    def gives(self) -> "DeliveryQuerySet":
        return self.filter(purpose=Delivery.Purpose.GIVE)

    def cuts(self) -> "DeliveryQuerySet":
        return self.filter(purpose=Delivery.Purpose.CUT)


class Delivery(models.Model):
    """One part of one grant in one target, and whether AWS was seen to hold it.

    `stage`: it is written once all of its grant's lower stages were seen, and stays, once its
    grant has ended, until all of the higher ones are released.
    It gives, for as long as its grant gives access; or it cuts, which its grant's end ordered,
    from `wanted_from` until `wanted_until`. `over_at`: when the sweep woke the target for that.
    """

    class Purpose(models.TextChoices):
        GIVE = "give", _("gives")
        CUT = "cut", _("cuts")

    class State(models.TextChoices):
        DUE = "due", _("being applied")
        SEEN = "seen", _("confirmed in AWS")
        DRIFTED = "drifted", _("changed outside Gatehouse")
        RELEASED = "released", _("released")

    class Release(models.TextChoices):
        GONE = "gone", _("seen gone")
        NEEDED = "needed", _("still there because another access needs it")
        FOUND = "found", _("was there before Gatehouse; left in place")

    grant = models.ForeignKey(Grant, models.PROTECT, related_name="deliveries")
    target = models.ForeignKey(Target, models.PROTECT, related_name="deliveries")
    part = models.JSONField()
    stage = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    purpose = models.CharField(
        max_length=4, choices=Purpose.choices, default=Purpose.GIVE, db_default=Purpose.GIVE
    )
    # Null: it follows its grant.
    wanted_from = models.DateTimeField(null=True, blank=True)
    wanted_until = models.DateTimeField(null=True, blank=True)
    over_at = models.DateTimeField(null=True, blank=True, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DUE)
    release = models.CharField(max_length=10, choices=Release.choices, blank=True)
    needed_by = models.ForeignKey(Grant, models.PROTECT, null=True, blank=True, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = (
            models.Index(
                fields=["target"],
                condition=~Q(state="released"),
                name="delivery_unreleased",
            ),
            models.Index(
                fields=["wanted_until"],
                condition=Q(wanted_until__isnull=False, over_at__isnull=True),
                name="delivery_running_out",
            ),
        )

    def __str__(self) -> str:
        return f"{self.grant_id} in {self.target_id}"

    def lives(self, now: datetime) -> bool:
        """Whether its target should hold it at `now`. `LIVING`, for what follows its grant."""
        grant = self.grant
        if self.wanted_until is not None:
            return (self.wanted_from or grant.starts_at) <= now < self.wanted_until
        return (
            grant.ended_at is None
            and (grant.started_at is not None or grant.starts_at <= now)
            and (grant.ends_at is None or grant.ends_at > now)
        )

    @property
    def has_moved(self) -> bool:
        """Whether it gave by another place before, and is seen gone there (`access.moves`)."""
        gives = self.purpose == Delivery.Purpose.GIVE
        return gives and self.wanted_until is not None and self.state == Delivery.State.RELEASED

    def is_over(self, now: datetime) -> bool:
        """Whether its target should be seen without it. Not begun is neither living nor over."""
        if self.wanted_until is not None:
            return self.wanted_until <= now
        return self.grant.ended_at is not None


class Seen(models.Model):
    """One interval during which AWS was seen to hold a delivery."""

    delivery = models.ForeignKey(Delivery, models.PROTECT, related_name="intervals")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("seen interval")
        verbose_name_plural = _("seen intervals")
        constraints = (
            models.UniqueConstraint(
                fields=["delivery"],
                condition=Q(until_at__isnull=True),
                name="seen_one_current",
            ),
        )

    def __str__(self) -> str:
        return f"{self.delivery_id} from {self.from_at}"


class Receipt(models.Model):
    """What a leaver's call set in motion; its truth is read live from the grants it names."""

    ref = models.CharField(max_length=12, unique=True, default=new_receipt_ref, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="receipts")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    grants = models.ManyToManyField(Grant, related_name="receipts")
    closed_requests = models.JSONField(default=list)
    correlation = models.CharField(max_length=40, editable=False)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")

    def __str__(self) -> str:
        return self.ref
