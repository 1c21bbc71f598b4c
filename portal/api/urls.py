"""Addresses of the API. Names in them are employee numbers and references, nothing else."""

from django.urls import path, re_path

from portal.api import employees, pages, receipts
from portal.api.fields import EMPLOYEE_NUMBER
from portal.api.views import NothingHere

app_name = "api"
_ONE = rf"^v1/employees/(?P<employee_number>{EMPLOYEE_NUMBER})/"
_REF = r"[A-Za-z]-[0-9A-Za-z]{1,10}"

urlpatterns = [
    path("schema/", pages.schema, name="schema"),
    path("docs/", pages.docs, name="docs"),
    path("v1/employees/", employees.Employees.as_view(), name="employees"),
    re_path(rf"{_ONE}\Z", employees.OneEmployee.as_view(), name="employee"),
    re_path(rf"{_ONE}suspend/\Z", employees.Suspend.as_view(), name="suspend"),
    re_path(rf"{_ONE}resume/\Z", employees.Resume.as_view(), name="resume"),
    re_path(rf"{_ONE}offboard/\Z", employees.Offboard.as_view(), name="offboard"),
    re_path(rf"^v1/receipts/(?P<ref>{_REF})/\Z", receipts.OneReceipt.as_view(), name="receipt"),
    # Not Django's page but a problem; and no redirect to a slash, which would lose the body.
    re_path(r"^(?!(?:schema|docs)\Z)", NothingHere.as_view(), name="nothing"),
]
