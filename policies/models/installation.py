"""This installation's own id, and when its workers were last heard of."""

import secrets

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from policies.brake import Limits


def new_installation_id() -> str:
    """Eight hex digits in every name we give in AWS, so that two portals never share a key."""
    return secrets.token_hex(4)


class Installation(models.Model):
    """Exactly one row, made by the first migration."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=8, default=new_installation_id, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # Set once, when a second administrator first exists; rules then need two people for ever.
    bootstrapped_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Which database this is (`policies.models.fingerprint`): another one was restored.
    fingerprint = models.CharField(max_length=200, blank=True, default="", db_default="")
    # The brake: a pass with more changes than this that nobody ordered stops and asks.
    brake_changes = models.PositiveIntegerField(default=25, db_default=25)
    brake_percent = models.PositiveSmallIntegerField(default=50, db_default=50)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(pk=1), name="installation_single_row"),)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def current(cls) -> str:
        return cls.objects.get_or_create(pk=1)[0].name

    @classmethod
    def brake(cls) -> Limits:
        row = cls.objects.get_or_create(pk=1)[0]
        return Limits(row.brake_changes, row.brake_percent)


class Beat(models.Model):
    """When something that must happen regularly last happened: SWEEP, and each queue's workers.

    The database's clock, like everything that is waited for.
    """

    SWEEP, WRITE_WORKER, READ_WORKER = "sweep", "write worker", "read worker"

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.name} {self.at}"

    @classmethod
    def give(cls, name: str) -> None:
        """It happened just now. One statement, so that two who give it never collide."""
        Beat.objects.bulk_create(
            [Beat(name=name, at=Now())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )
