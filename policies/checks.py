"""System checks of policies: the settings that keep one pass inside its lease.

Web-safe: nothing here asks AWS. What needs AWS is the `doctor` command's to say.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


def longest_call_seconds() -> float:
    """The longest one AWS call can take, its own re-sends and their back-off included."""
    one = settings.AWS_CONNECT_TIMEOUT_SECONDS + settings.AWS_READ_TIMEOUT_SECONDS
    backoff = 1.0
    return float(settings.AWS_TRIES * one + (settings.AWS_TRIES - 1) * backoff)


@register()
def leases_outlast_passes(**_options: Any) -> list[CheckMessage]:
    longest = settings.PASS_DEADLINE_SECONDS + longest_call_seconds()
    findings: list[CheckMessage] = []
    if not longest < settings.TASK_LIMIT_SECONDS:
        findings.append(
            Error(
                f"TASK_LIMIT_SECONDS ({settings.TASK_LIMIT_SECONDS}) must be more than the pass "
                f"deadline and the longest AWS call together ({longest:g}).",
                hint="Raise TASK_LIMIT_SECONDS or lower the time-outs (GH-303).",
                id="policies.E001",
            )
        )
    if not settings.LEASE_SECONDS > settings.TASK_LIMIT_SECONDS:
        findings.append(
            Error(
                f"LEASE_SECONDS ({settings.LEASE_SECONDS}) must be more than TASK_LIMIT_SECONDS "
                f"({settings.TASK_LIMIT_SECONDS}).",
                hint="Raise LEASE_SECONDS: a lease must outlast the task that holds it (GH-303).",
                id="policies.E002",
            )
        )
    return findings


@register(Tags.security, deploy=True)
def production_is_at_full_pace(**_options: Any) -> list[CheckMessage]:
    findings: list[CheckMessage] = []
    if settings.PACE < 1:
        findings.append(
            Error(
                f"PACE is {settings.PACE:g}: looks and windows are shorter than AWS needs.",
                hint="Unset PACE. It is for tests (GH-304).",
                id="policies.E003",
            )
        )
    if settings.DEMO:
        findings.append(
            Error(
                "DEMO is on: anybody can sign in as anybody with one click.",
                hint="Unset DEMO (GH-305).",
                id="policies.E004",
            )
        )
    return findings
