"""The one task of accounts. Its name is frozen, like those of `policies`."""

import logging

from celery import shared_task

from accounts import seals
from accounts.seals.sealer import CannotSeal

logger = logging.getLogger(__name__)


@shared_task(name="accounts.seal")
def seal() -> None:
    """Every few seconds: seal the events that wait."""
    try:
        seals.seal_waiting()
    except CannotSeal as error:
        logger.error("%s", error)
