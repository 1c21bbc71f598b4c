"""Where the numbers come from: few queries, each along an index, none over a growing table.

Every source takes the database's time. Names of people and of things in AWS are no labels.
"""

import math
from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min

from accounts.models import Notice
from accounts.seals import unsealed_age_seconds
from policies.models import Beat, Foreign, Freeze, Phase, Request, Target, calls
from policies.models.requests import OPEN
from portal.metrics.text import COUNTER, GAUGE, Family, Labels, gauge

UNSETTLED = [one for one in Phase if one != Phase.SETTLED]


def targets(now: datetime) -> Iterator[Family]:
    oldest = Target.objects.filter(unsettled_since__isnull=False).aggregate(
        at=Min("unsettled_since")
    )["at"]
    yield gauge(
        "gatehouse_unsettled_oldest_seconds",
        "How long the target has waited that has waited longest to be seen as wanted; 0: none.",
        max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
    )
    # Settled ones are most of a table that grows: they are not counted.
    rows = Target.objects.filter(phase__in=UNSETTLED).order_by()
    found = rows.values_list("phase", "outcome").annotate(number=Count("pk"))
    samples: dict[Labels, float] = {
        (("phase", str(phase)), ("outcome", "")): 0.0 for phase in UNSETTLED
    }
    samples |= {(("phase", one), ("outcome", why)): float(number) for one, why, number in found}
    yield Family(
        "gatehouse_targets",
        GAUGE,
        "Targets that are not settled, by phase and by what AWS last said (empty: nothing wrong).",
        samples,
    )


def aws_calls(_now: datetime) -> Iterator[Family]:
    yield Family(
        "gatehouse_aws_calls_total",
        COUNTER,
        "Calls of AWS by the workers, by service and outcome; a paged read counts once.",
        {
            (("service", service), ("outcome", outcome)): float(number)
            for (service, outcome), number in calls.totals().items()
        },
    )


def signs_of_life(now: datetime) -> Iterator[Family]:
    """+Inf for what was never heard of: an alert on “more than” then needs no second rule."""
    ages = {row.name: (now - row.at).total_seconds() for row in Beat.objects.all()}
    yield gauge(
        "gatehouse_sweep_age_seconds",
        "Since the last sweep, which finds what is due. More than 120: GH-320.",
        ages.get(Beat.SWEEP, math.inf),
    )
    yield Family(
        "gatehouse_worker_age_seconds",
        GAUGE,
        "Since the last sign of life of a worker of each queue. More than 60: GH-321, GH-322.",
        {
            (("queue", "read"),): ages.get(Beat.READ_WORKER, math.inf),
            (("queue", "write"),): ages.get(Beat.WRITE_WORKER, math.inf),
        },
    )


def notices(_now: datetime) -> Iterator[Family]:
    waiting = Notice.objects.filter(sent_at__isnull=True).count()
    yield gauge("gatehouse_notices_waiting", "Mails that wait to be sent.", float(waiting))


def requests(_now: datetime) -> Iterator[Family]:
    rows = Request.objects.filter(state__in=OPEN).order_by()
    found = dict(rows.values_list("state").annotate(number=Count("pk")))
    yield Family(
        "gatehouse_requests_waiting",
        GAUGE,
        "Requests that are not decided, by what they wait for.",
        {(("state", str(state)),): float(found.get(state, 0)) for state in OPEN},
    )


def holds(_now: datetime) -> Iterator[Family]:
    braked = Target.objects.filter(phase=Phase.HELD, outcome="brake").count()
    yield gauge("gatehouse_brakes", "Targets whose changes the brake holds back.", braked)
    frozen = Freeze.objects.standing().count()
    yield gauge("gatehouse_freezes", "Freezes that stand: nothing is written there.", frozen)
    orphans = Foreign.objects.standing().filter(marked=True).count()
    yield gauge("gatehouse_orphans", "Entries with our mark that nothing accounts for.", orphans)


def record(now: datetime) -> Iterator[Family]:
    yield gauge(
        "gatehouse_unsealed_seconds",
        "How long the event has waited that has waited longest for its seal; 0: none.",
        unsealed_age_seconds(now),
    )
