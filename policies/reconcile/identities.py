"""Principals re-created under the same name: what was approved for one is not another's."""

from dataclasses import replace

from django.db import transaction

from accounts import audit
from accounts.actors import system
from accounts.audit import What
from accounts.models import Principal
from policies.models import Delivery
from policies.plan import Reading
from policies.reconcile.deliveries import Holding


def without_strangers(holding: Holding, reading: Reading) -> Holding:
    """The holding without grants whose principal has another unique id in AWS than was approved.

    The change is taken down; `lifecycle` ends those grants and asks anew.
    """
    strange = [one for one in holding.living if _is_strange(one, reading)]
    if not strange:
        return holding
    for principal in {one.grant.principal for one in strange}:
        note(principal, reading.identities[principal.arn])
    return replace(holding, living=[one for one in holding.living if one not in strange])


def _is_strange(delivery: Delivery, reading: Reading) -> bool:
    now = reading.identities.get(delivery.grant.principal.arn)
    return now is not None and now != delivery.grant.principal_unique_id


@transaction.atomic
def note(principal: Principal, unique_id: str) -> None:
    """What AWS means by the ARN now, on record. Nothing when that is known."""
    if principal.identify(unique_id):
        audit.record(
            What.PRINCIPAL_IDENTIFIED,
            by=system(),
            about=("principal", principal.pk),
            person=principal.person_id or "",
            before={"unique_id": principal.unique_id},
            after={"unique_id": unique_id},
        )
