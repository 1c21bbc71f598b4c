"""Machine callers of the API: their tokens, their scopes, what they already asked."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Person


class ServiceClient(models.Model):
    """A program that calls the API, for example the HR system."""

    name = models.SlugField(_("name"), max_length=80, unique=True)
    purpose = models.CharField(_("purpose"), max_length=400)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("API client")
        verbose_name_plural = _("API clients")

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept: the token is 256 random bits, so no salt is due.

    Whoever holds one can change facts about people, and with them who decides: so a token
    that one person made works only once a second person has confirmed it.
    """

    client = models.ForeignKey(ServiceClient, models.PROTECT, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("last characters"), max_length=4, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = (
            models.CheckConstraint(
                condition=~Q(created_by=F("confirmed_by")), name="api_token_second_person"
            ),
        )

    def __str__(self) -> str:
        return f"{self.client_id} …{self.hint}"


class IdempotencyKey(models.Model):
    """The answer a client already got for its `Idempotency-Key`."""

    client = models.ForeignKey(ServiceClient, models.PROTECT, related_name="+")
    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True)
    location = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = (
            models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once"),
        )

    def __str__(self) -> str:
        return f"{self.client_id} {self.key}"
