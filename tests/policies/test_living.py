"""When a grant gives access, and for how long a write of it is looked at."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from policies.models import Delivery, Grant, Target
from policies.reconcile import memory

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SEOUL = timezone(timedelta(hours=9))
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("zone", [UTC, SEOUL])
@pytest.mark.parametrize(
    ("starts", "ends", "lives"),
    [
        (NOON, None, True),
        (NOON + SECOND, None, False),
        (NOON - SECOND, NOON + SECOND, True),
        (NOON - SECOND, NOON, False),
        (NOON - 2 * SECOND, NOON - SECOND, False),
    ],
)
def test_a_grant_lives_from_its_first_moment_until_before_its_last(starts, ends, lives, zone):
    grant = Grant(starts_at=starts, ends_at=ends.astimezone(zone) if ends else None)
    assert Delivery(grant=grant).lives(NOON) is lives


def test_a_grant_that_ended_does_not_live_whatever_its_dates_say():
    grant = Grant(starts_at=NOON, ends_at=NOON + SECOND, ended_at=NOON)
    assert Delivery(grant=grant).lives(NOON) is False


def test_a_removal_is_looked_at_for_its_own_longer_window(settings):
    settings.PACE = 1.0
    target = Target(kind="portfolio_principals")
    windows = [memory.window(target, removing=removing) for removing in (False, True)]
    assert windows == [timedelta(seconds=180), timedelta(seconds=600)]
