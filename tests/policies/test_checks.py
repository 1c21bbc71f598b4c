"""System checks: settings that would break a promise are named, with what to do."""

import pytest
from botocore.retries import standard

from policies import checks, https


def test_the_settings_as_shipped_pass(settings):
    settings.PACE, settings.DEMO = 1.0, False
    assert checks.leases_outlast_passes() == []
    assert checks.production_is_at_full_pace() == []


@pytest.mark.parametrize(
    ("changes", "numbers"),
    [
        ({"AWS_READ_TIMEOUT_SECONDS": 10_000}, ["policies.E001"]),
        ({"AWS_TRIES": 1_000}, ["policies.E009", "policies.E001"]),
        ({"PASS_DEADLINE_SECONDS": 10_000}, ["policies.E001"]),
        ({"TASK_LIMIT_SECONDS": 10_000}, ["policies.E002"]),
        ({"LEASE_SECONDS": 0}, ["policies.E002"]),
        ({"TASK_LIMIT_SECONDS": 1, "LEASE_SECONDS": 1}, ["policies.E001", "policies.E002"]),
        ({"PACE": 0.99}, ["policies.E003"]),
        ({"DEMO": True}, ["policies.E004"]),
    ],
)
def test_a_setting_that_breaks_a_promise_is_named_with_its_remedy(settings, changes, numbers):
    settings.PACE, settings.DEMO = 1.0, False
    for name, value in changes.items():
        setattr(settings, name, value)
    found = [*checks.leases_outlast_passes(), *checks.production_is_at_full_pace()]
    assert [one.id for one in found] == numbers
    assert all("GH-30" in one.hint for one in found)


def test_the_longest_call_counts_its_own_repeats(settings):
    settings.AWS_CONNECT_TIMEOUT_SECONDS, settings.AWS_READ_TIMEOUT_SECONDS = 2, 8
    settings.AWS_TRIES = 3
    assert checks.longest_call_seconds() == 3 * 10 + (1 + 5) + (2 + 5)


def test_a_kubernetes_call_counts_too(settings):
    settings.AWS_READ_TIMEOUT_SECONDS, settings.AWS_TRIES = 1, 1
    longest = 2 * https.CONNECT_SECONDS + https.READ_SECONDS
    assert checks.longest_call_seconds() == checks.KUBERNETES_CALL_SECONDS >= longest


def test_botocore_waits_no_longer_between_its_tries_than_we_count():
    """What `longest_call_seconds` says of back-off, asked of botocore itself."""
    waits = standard.ExponentialBackoff(random=lambda: 1.0)
    waits._get_base_scale = lambda _context: 1
    waits._get_retry_after_delay = lambda _context: 10_000
    context = standard.RetryContext(attempt_number=1)
    assert waits.delay_amount(context) == 1 + 5
