"""Django's admin, for administrators: everything can be looked at, nothing is edited raw.

What may be changed is changed by a verb of `policies.access`, behind a form that asks first.
"""

from portal.admin import (
    catalogue,
    estate,
    grants,
    identities,
    machines,
    operations,
    outside,
    people,
    proposals,
    record,
    requests,
)
from portal.admin.site import site

__all__ = [
    "catalogue",
    "estate",
    "grants",
    "identities",
    "machines",
    "operations",
    "outside",
    "people",
    "proposals",
    "record",
    "requests",
    "site",
]
