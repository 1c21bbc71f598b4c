"""The catalogue: what can be asked for, who decides it, and proposals to change either."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Person


class ApprovalPolicy(models.Model):
    """Who decides, in which order. `steps` is a list of {"who": …, "quorum": n}.

    `who` is one of `manager`, `owner`, `security`. `wait_hours`: how long a step may be
    silent before others can move it too.
    """

    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=200)
    steps = models.JSONField(_("steps"))
    wait_hours = models.PositiveIntegerField(_("hours until others may decide"), default=48)
    fallback = models.ManyToManyField(Person, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = _("approval policy")
        verbose_name_plural = _("approval policies")

    def __str__(self) -> str:
        return self.name


class Cut(models.TextChoices):
    """What an end cuts off besides the right itself (DESIGN §6)."""

    NONE = "none", _("nothing: live sessions run out by themselves")
    PERSON = "person", _("this person’s live sessions")
    SESSIONS = "sessions", _("all live sessions of the AWS identity")


class EntitlementQuerySet(models.QuerySet["Entitlement"]):
    def offered(self) -> "EntitlementQuerySet":
        return self.filter(ended_at__isnull=True)


class Entitlement(models.Model):
    """One requestable thing. `config` names estate objects and what may be chosen of them."""

    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    kind = models.CharField(_("kind"), max_length=40)
    config = models.JSONField(_("configuration"))
    approval_policy = models.ForeignKey(ApprovalPolicy, models.PROTECT, related_name="+")
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    max_days = models.PositiveIntegerField(_("longest duration in days"), default=90)
    cut = models.CharField(
        _("its end cuts"), max_length=10, choices=Cut.choices, default=Cut.NONE, db_default=Cut.NONE
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = EntitlementQuerySet.as_manager()

    class Meta:
        verbose_name = _("access")
        verbose_name_plural = _("accesses")

    def __str__(self) -> str:
        return self.name


class Bundle(models.Model):
    """Several entitlements that are asked for together."""

    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), max_length=2000, blank=True)
    entitlements = models.ManyToManyField(Entitlement, related_name="bundles")
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")

    def __str__(self) -> str:
        return self.name


class Proposal(models.Model):
    """A change of a rule that waits for a second person, or was decided by one."""

    class State(models.TextChoices):
        OPEN = "open", _("waiting")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")

    subject = models.CharField(_("what"), max_length=40)
    subject_id = models.CharField(_("which"), max_length=200)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)
    reason = models.TextField(_("reason"), max_length=2000)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now(), editable=False)
    decided_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    bootstrap = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        constraints = (
            models.CheckConstraint(
                condition=Q(bootstrap=True)
                | Q(decided_by__isnull=True)
                | ~Q(decided_by=models.F("proposed_by")),
                name="proposal_second_person",
            ),
            models.UniqueConstraint(
                fields=["subject", "subject_id"],
                condition=Q(state="open"),
                name="proposal_one_open",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}"
