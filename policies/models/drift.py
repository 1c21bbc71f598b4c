"""What others did in a target: keys of ours they changed, keys of their own; and freezes."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from policies.models.targets import Plan, Target


class Drift(models.Model):
    """A key of ours that others changed, from the first confirmed look until it was over.

    `there` is what they made of it; null: they removed it. `writer`: who wrote last, where
    the service tells.
    """

    class Over(models.TextChoices):
        OPEN = "", _("as others left it")
        PUT_BACK = "put_back", _("put back")
        OVERWRITTEN = "overwritten", _("written over: something else was wanted meanwhile")
        REVERTED = "reverted", _("undone by others")

    target = models.ForeignKey(Target, models.CASCADE, related_name="drifts")
    key = models.CharField(_("key"), max_length=1100)
    wanted = models.TextField(_("as wanted"), null=True, blank=True)
    there = models.TextField(_("as others left it"), null=True, blank=True)
    writer = models.CharField(_("last writer"), max_length=200, blank=True)
    first_seen_at = models.DateTimeField(_("first seen"), db_default=Now())
    last_seen_at = models.DateTimeField(_("last seen"), db_default=Now())
    over = models.CharField(_("how it ended"), max_length=12, choices=Over.choices, blank=True)
    over_at = models.DateTimeField(_("over at"), null=True, blank=True)
    plan = models.ForeignKey(Plan, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("change by others")
        verbose_name_plural = _("changes by others")
        constraints = (
            models.UniqueConstraint(
                fields=["target", "key"], condition=Q(over_at__isnull=True), name="drift_one_open"
            ),
        )
        indexes = (models.Index(fields=["target", "over_at"], name="drift_of_target"),)

    def __str__(self) -> str:
        return self.key


class ForeignQuerySet(models.QuerySet["Foreign"]):
    def standing(self) -> "ForeignQuerySet":
        return self.filter(gone_at__isnull=True)


class Foreign(models.Model):
    """A key that is not ours, as long as it stands there.

    `marked`: it carries this installation's name although nothing here accounts for it (an
    orphan: mostly from before a restore). `ignored_*`: an administrator knows about it, as
    long as its text stays what it was.
    """

    target = models.ForeignKey(Target, models.CASCADE, related_name="foreigners")
    key = models.CharField(_("key"), max_length=1100)
    text = models.TextField(_("text"))
    marked = models.BooleanField(_("carries our mark"), default=False)
    first_seen_at = models.DateTimeField(_("first seen"), db_default=Now())
    changed_at = models.DateTimeField(_("last changed"), db_default=Now())
    gone_at = models.DateTimeField(_("gone at"), null=True, blank=True)
    ignored_at = models.DateTimeField(_("ignored since"), null=True, blank=True)
    ignored_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    ignored_why = models.TextField(_("why it is ignored"), max_length=2000, blank=True)

    objects = ForeignQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry not managed here")
        verbose_name_plural = _("entries not managed here")
        constraints = (
            models.UniqueConstraint(
                fields=["target", "key"],
                condition=Q(gone_at__isnull=True),
                name="foreign_one_standing",
            ),
        )
        indexes = (
            models.Index(
                fields=["first_seen_at"],
                condition=Q(gone_at__isnull=True, marked=True),
                name="foreign_orphans",
            ),
        )

    def __str__(self) -> str:
        return self.key


EVERYTHING = "everything"


def account_scope(number: str) -> str:
    return f"account:{number}"


def target_scope(target: Target) -> str:
    return f"target:{target.pk}"


class FreezeQuerySet(models.QuerySet["Freeze"]):
    def standing(self) -> "FreezeQuerySet":
        return self.filter(lifted_at__isnull=True)

    def of(self, target: Target) -> "FreezeQuerySet":
        """Those that stop writes to `target` now."""
        scopes = [EVERYTHING, account_scope(target.account), target_scope(target)]
        return self.standing().filter(scope__in=scopes)


class Freeze(models.Model):
    """No writes to AWS: `scope` is everything, one account or one target. Reading goes on."""

    scope = models.CharField(_("what is frozen"), max_length=40)
    restored = models.BooleanField(_("after a restore"), default=False)
    why = models.TextField(_("why"), max_length=2000)
    since_at = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")

    objects = FreezeQuerySet.as_manager()

    class Meta:
        verbose_name = _("freeze")
        verbose_name_plural = _("freezes")
        constraints = (
            models.UniqueConstraint(
                fields=["scope"], condition=Q(lifted_at__isnull=True), name="freeze_one_standing"
            ),
        )

    def __str__(self) -> str:
        return self.scope
