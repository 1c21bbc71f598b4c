"""Person (the user model), portal roles, services: who exists and who may do what here."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _


class PersonState(models.TextChoices):
    JOINING = "joining", _("joining")
    WORKING = "working", _("working")
    SUSPENDED = "suspended", _("suspended")
    LEFT = "left", _("left")


class PersonQuerySet(models.QuerySet["Person"]):
    def present(self) -> "PersonQuerySet":
        """People who may sign in, hold access and decide."""
        return self.filter(state__in=PRESENT)

    def holding_role(self, role: str) -> "PersonQuerySet":
        return self.present().filter(portal_roles__role=role, portal_roles__until_at__isnull=True)


PRESENT = (PersonState.JOINING, PersonState.WORKING)


class PersonManager(BaseUserManager["Person"]):
    def get_queryset(self) -> PersonQuerySet:
        return PersonQuerySet(self.model, using=self._db)

    def present(self) -> PersonQuerySet:
        return self.get_queryset().present()

    def holding_role(self, role: str) -> PersonQuerySet:
        return self.get_queryset().holding_role(role)

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Somebody who works here, or did. Facts come from HR; the password is the person's own."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=200)
    employee_number = models.CharField(
        _("employee number"), max_length=40, unique=True, null=True, blank=True
    )
    manager = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reports",
        verbose_name=_("manager"),
    )
    # When the manager was last changed; empty for the one somebody joined under.
    manager_since = models.DateTimeField(_("manager changed"), null=True, blank=True)
    department = models.CharField(_("department"), max_length=200, blank=True)
    job = models.CharField(_("job"), max_length=200, blank=True)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=PersonState.choices,
        default=PersonState.WORKING,
    )
    contract_ends_on = models.DateField(_("contract ends on"), null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = (
            models.UniqueConstraint(Lower("email"), name="person_email_any_case"),
            models.CheckConstraint(
                condition=Q(state__in=PersonState.values), name="person_state_known"
            ),
        )

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    @property
    def is_present(self) -> bool:
        return self.state in PRESENT

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Django's word for “may sign in”."""
        return self.is_present

    def has_role(self, role: str) -> bool:
        return self.portal_roles.filter(role=role, until_at__isnull=True).exists()

    @property
    def is_administrator(self) -> bool:
        return self.is_present and self.has_role(PortalRole.Role.ADMINISTRATOR)

    @property
    def is_auditor(self) -> bool:
        return self.is_present and self.has_role(PortalRole.Role.AUDITOR)

    # What Django's admin asks of a user. Rights over objects are each ModelAdmin's own.
    @property
    def is_staff(self) -> bool:
        return self.is_administrator

    @property
    def is_superuser(self) -> bool:
        """Nobody is above the rules: there are no superusers."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_administrator


class PortalRole(models.Model):
    """A power inside the portal, from a date until a date. Changes by proposal only."""

    class Role(models.TextChoices):
        ADMINISTRATOR = "administrator", _("administrator")
        AUDITOR = "auditor", _("auditor")
        SECURITY = "security", _("security")

    person = models.ForeignKey(Person, models.PROTECT, related_name="portal_roles")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    from_at = models.DateTimeField(_("from"), db_default=Now())
    until_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("portal role")
        verbose_name_plural = _("portal roles")
        constraints = (
            models.UniqueConstraint(
                fields=["person", "role"],
                condition=Q(until_at__isnull=True),
                name="portal_role_once_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.person_id}: {self.role}"


class Service(models.Model):
    """A named non-human identity with two owning people and a purpose."""

    name = models.SlugField(_("name"), max_length=80, unique=True)
    purpose = models.TextField(_("purpose"), max_length=2000)
    first_owner = models.ForeignKey(Person, models.PROTECT, related_name="+")
    second_owner = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        constraints = (
            models.CheckConstraint(
                condition=~Q(first_owner=F("second_owner")), name="service_two_owners"
            ),
        )

    def __str__(self) -> str:
        return self.name
