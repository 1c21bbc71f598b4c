"""How fast each AWS service of each account may be called, and how far that is used up."""

from django.db import models
from django.db.models.functions import Now


class Rate(models.Model):
    """One bucket of call permits, shared by all worker processes: see `policies.rates`.

    `free_at`: when the next call that has no permit yet may start. `taken` counts permits (and
    slow-downs), and is what two workers compare before they swap. Until `slow_until`, because AWS
    turned a call away, the bucket is 2^`slow` times slower.
    """

    account = models.CharField(max_length=12)
    service = models.CharField(max_length=120)
    writing = models.BooleanField()
    free_at = models.DateTimeField(db_default=Now())
    taken = models.PositiveBigIntegerField(default=0, db_default=0)
    slow = models.PositiveSmallIntegerField(default=0, db_default=0)
    slow_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["account", "service", "writing"], name="rate_once"),
        )

    def __str__(self) -> str:
        verb = "writes" if self.writing else "reads"
        return f"{verb} of {self.service} in {self.account}"
