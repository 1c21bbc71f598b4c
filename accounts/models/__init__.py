"""People, principals, API clients, the record, notices."""

from accounts.models.audit import Event, Note, Version
from accounts.models.clients import ApiToken, IdempotencyKey, ServiceClient
from accounts.models.notices import Notice
from accounts.models.people import PRESENT, Person, PersonState, PortalRole, Service
from accounts.models.principals import (
    DataEngineer,
    EksUser,
    Holder,
    Principal,
    Sharing,
    StudioUser,
)
from accounts.models.seals import Seal, Sealed, Unsealed

__all__ = [
    "PRESENT",
    "ApiToken",
    "DataEngineer",
    "EksUser",
    "Event",
    "Holder",
    "IdempotencyKey",
    "Note",
    "Notice",
    "Person",
    "PersonState",
    "PortalRole",
    "Principal",
    "Seal",
    "Sealed",
    "Service",
    "ServiceClient",
    "Sharing",
    "StudioUser",
    "Unsealed",
    "Version",
]
