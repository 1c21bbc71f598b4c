"""AWS identities: which principal belongs to whom, and who confirmed that it does."""

from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.arns import PrincipalType
from accounts.models.people import Person, Service


class Sharing(models.TextChoices):
    PERSONAL = "personal", _("personal")
    SHARED = "shared", _("shared")
    AWS_MANAGED = "aws_managed", _("managed by AWS")


class PrincipalQuerySet(models.QuerySet["Principal"]):
    def usable(self) -> "PrincipalQuerySet":
        return self.filter(confirmed_at__isnull=False, ended_at__isnull=True)

    def held_by(self, person: Person) -> "PrincipalQuerySet":
        """Personal principals of `person` and shared ones that `person` is a holder of."""
        return self.filter(
            Q(person=person) | Q(holders__person=person, holders__until_at__isnull=True)
        ).distinct()


class Principal(models.Model):
    """One AWS identity. The ARN is confirmed by a second person and never edited.

    `unique_id` (AROA…, AIDA…) is what AWS really means by the ARN; it is read through the
    read worker, and a principal re-created under the same name has another one.
    """

    arn = models.CharField(_("ARN"), max_length=1000, unique=True)
    unique_id = models.CharField(_("unique id"), max_length=128, blank=True)
    type = models.CharField(_("type"), max_length=24, choices=PrincipalType.choices)
    sharing = models.CharField(_("sharing"), max_length=12, choices=Sharing.choices)
    account = models.CharField(_("account"), max_length=12)
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="principals"
    )
    service = models.ForeignKey(
        Service, models.PROTECT, null=True, blank=True, related_name="principals"
    )
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    registered_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    checked_at = models.DateTimeField(_("unique id last read"), null=True, blank=True)
    # AWS was seen to mean another identity by this ARN; null again once access was ended.
    replaced_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = PrincipalQuerySet.as_manager()

    class Meta:
        verbose_name = _("AWS identity")
        verbose_name_plural = _("AWS identities")
        constraints = (
            models.CheckConstraint(
                condition=~Q(sharing=Sharing.PERSONAL)
                | Q(person__isnull=False, service__isnull=True)
                | Q(person__isnull=True, service__isnull=False),
                name="principal_personal_has_one_holder",
            ),
            models.CheckConstraint(
                condition=~Q(registered_by=F("confirmed_by")),
                name="principal_second_person",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True) | ~Q(person=F("confirmed_by")),
                name="principal_not_confirmed_by_its_holder",
            ),
        )
        indexes = (
            models.Index(
                fields=["replaced_at"],
                condition=Q(replaced_at__isnull=False),
                name="principal_replaced",
            ),
        )

    def __str__(self) -> str:
        return self.arn

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def arn_type(self) -> PrincipalType:
        return PrincipalType(self.type)

    def identify(self, unique_id: str) -> bool:
        """Note what AWS means by the ARN now. True when that is news.

        Another id than before is another identity of that name: `replaced_at` says so until
        what the earlier one was given has been ended.
        """
        others = Principal.objects.filter(pk=self.pk).exclude(unique_id=unique_id)
        replaced = Case(When(unique_id="", then=F("replaced_at")), default=Now())
        return bool(others.update(unique_id=unique_id, replaced_at=replaced))


class Holder(models.Model):
    """One person who can act as a shared principal, from a date until a date."""

    principal = models.ForeignKey(Principal, models.PROTECT, related_name="holders")
    person = models.ForeignKey(Person, models.PROTECT, related_name="held")
    from_at = models.DateTimeField(db_default=Now())
    until_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("holder")
        verbose_name_plural = _("holders")
        constraints = (
            models.UniqueConstraint(
                fields=["principal", "person"],
                condition=Q(until_at__isnull=True),
                name="holder_once_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.person_id} of {self.principal_id}"


class Profile(models.Model):
    """What a principal is on the platform; one row per principal and use."""

    principal = models.OneToOneField(Principal, models.PROTECT, primary_key=True)
    since_at = models.DateTimeField(_("since"), db_default=Now())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.principal)


class StudioUser(Profile):
    """Uses EMR Studio and its cluster templates."""

    class Level(models.TextChoices):
        BASIC = "basic", _("basic")
        INTERMEDIATE = "intermediate", _("intermediate")
        ADVANCED = "advanced", _("advanced")

    level = models.CharField(_("level"), max_length=12, choices=Level.choices, default=Level.BASIC)

    class Meta(Profile.Meta):
        verbose_name = _("EMR Studio user")
        verbose_name_plural = _("EMR Studio users")


class EksUser(Profile):
    """Uses Kubernetes clusters, under one user name everywhere."""

    username = models.CharField(_("Kubernetes user name"), max_length=253)

    class Meta(Profile.Meta):
        verbose_name = _("EKS user")
        verbose_name_plural = _("EKS users")


class DataEngineer(Profile):
    """Starts jobs on EMR on EKS."""

    discipline = models.CharField(_("discipline"), max_length=120, blank=True)

    class Meta(Profile.Meta):
        verbose_name = _("data engineer")
        verbose_name_plural = _("data engineers")
