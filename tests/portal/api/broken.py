"""Addresses whose one view fails in whichever way a test names."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, OperationalError
from django.urls import path

from policies.access.errors import Refused
from portal.api.views import ApiView

FAILURES = {
    "unforeseen": RuntimeError("the secret words"),
    "locked": OperationalError("database is locked"),
    "raced": IntegrityError("UNIQUE constraint failed"),
    "not_allowed": Refused("not_allowed", "Not you."),
    "already": Refused("already_decided", "Somebody was first."),
    "refused": Refused("after_contract", "Too late.", field="ends_on"),
    "forbidden": PermissionDenied(),
    "suspicious": SuspiciousOperation("odd"),
}


class Broken(ApiView):
    scopes = {"GET": "employees:read"}

    def get(self, request, how):
        raise FAILURES[how]


urlpatterns = [path("api/broken/<slug:how>/", Broken.as_view())]
