"""The lease of a target: who may work on it, by the database's clock and nobody else's."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    ExpressionWrapper,
    F,
    Field,
    IntegerField,
    JSONField,
    Q,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.fields import DurationField
from django.db.models.functions import Now

from policies.models import Installation, Target

# What `wake` writes beside the generation: a pass of an older wish must not write over it.
RAISED: "dict[str, Field[Any, Any]]" = {
    "phase": CharField(),
    "next_look_at": DateTimeField(),
    "refused": JSONField(),
    "round": IntegerField(),
    "attempts": IntegerField(),
}


@dataclass(frozen=True)
class Lease:
    """Proof that this pass owns the target: every write to the row is conditional on it."""

    target: Target
    token: str

    def update(self, **values: object) -> bool:
        """Update the target if the lease is still ours. False: somebody else has it."""
        mine = Target.objects.filter(pk=self.target.pk, lease_token=self.token)
        return bool(mine.update(**values))

    def update_unless_raised(self, **values: Any) -> bool:
        """The same; a generation raised since the lease was taken keeps what `wake` wrote."""
        raised = ~Q(generation=self.target.generation)
        for name in RAISED.keys() & values.keys():
            kept = values[name]
            if not hasattr(kept, "resolve_expression"):
                kept = Value(kept, RAISED[name])
            values[name] = Case(When(raised, then=F(name)), default=kept)
        return self.update(**values)

    @property
    def is_ours(self) -> bool:
        """Whether it is still ours and has not run out."""
        return Target.objects.filter(
            pk=self.target.pk, lease_token=self.token, lease_until__gt=Now()
        ).exists()

    def release(self) -> None:
        self.update(lease_token="", lease_until=None)


def acquire(target_id: int) -> Lease | None:
    """Take the lease of a target that is due. None: not due, unknown, or being worked on."""
    token = secrets.token_hex(16)
    taken = Target.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=Now()),
        pk=target_id,
        next_look_at__lte=Now(),
    ).update(lease_token=token, lease_until=from_now(settings.LEASE_SECONDS))
    if not taken:
        return None
    return Lease(Target.objects.get(pk=target_id), token)


def from_now(seconds: float) -> Combinable:
    """The database's time `seconds` from now, as an expression."""
    return ExpressionWrapper(
        Now() + Value(timedelta(seconds=seconds), output_field=DurationField()),
        output_field=DateTimeField(),
    )


def database_now() -> datetime:
    """The database's clock: windows, looks and leases are all measured with this one."""
    row = Installation.objects.annotate(now=Now()).values_list("now", flat=True).first()
    if row is None:
        Installation.current()
        return database_now()
    return row
