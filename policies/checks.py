"""System checks of policies: the settings that keep one pass inside its lease.

Web-safe: nothing here asks AWS. What needs AWS is the `doctor` command's to say.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

# Connecting, the handshake and the answer of a Kubernetes API, each with its own time-out
# (`policies.kubernetes`, which the web process cannot load).
KUBERNETES_CALL_SECONDS = 25.0
MOST_TRIES = 3


def longest_call_seconds() -> float:
    """The longest one call can take, of AWS (own re-sends and back-off included) or Kubernetes.

    botocore waits up to 1, 2, 4 … 20 s between two tries, and 5 s more where AWS asks for it.
    """
    one = settings.AWS_CONNECT_TIMEOUT_SECONDS + settings.AWS_READ_TIMEOUT_SECONDS
    backoff = sum(min(2.0 ** min(n, 5), 20.0) + 5.0 for n in range(settings.AWS_TRIES - 1))
    return float(max(settings.AWS_TRIES * one + backoff, KUBERNETES_CALL_SECONDS))


@register()
def leases_outlast_passes(**_options: Any) -> list[CheckMessage]:
    longest = settings.PASS_DEADLINE_SECONDS + longest_call_seconds()
    findings: list[CheckMessage] = []
    if settings.AWS_TRIES > MOST_TRIES:
        findings.append(
            Error(
                f"AWS_TRIES ({settings.AWS_TRIES}) must be at most {MOST_TRIES}: further tries are "
                "ours, with a visible next time.",
                hint="Lower AWS_TRIES (GH-303).",
                id="policies.E009",
            )
        )
    if not longest < settings.TASK_LIMIT_SECONDS:
        findings.append(
            Error(
                f"TASK_LIMIT_SECONDS ({settings.TASK_LIMIT_SECONDS}) must be more than the pass "
                f"deadline and the longest call together ({longest:g}).",
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
