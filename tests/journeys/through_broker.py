"""A program, run by test_brokers: one grant's whole way with real workers behind one broker.

Decided while no worker runs, and all its messages lost: the sweep must find it. Then ended while
the workers run. Reads its place from the environment (STATE_DIR, CELERY_BROKER_URL), prints JSON.
"""

import json
import os
import sys
from pathlib import Path

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
django.setup()

from celery import current_app  # noqa: E402
from django.conf import settings  # noqa: E402

from policies.access import decisions, grants  # noqa: E402
from policies.management.processes import Processes  # noqa: E402
from policies.models import EndReason, Grant  # noqa: E402
from portal.celeryconfig import READ_QUEUE, WRITE_QUEUE  # noqa: E402
from tests import factories as f  # noqa: E402
from tests import world as world_module  # noqa: E402
from tests.fakes import process  # noqa: E402
from tests.world import World  # noqa: E402

SETTLE_SECONDS = 240
WORKER = ("-m", "celery", "-A", "portal", "worker", "-B", "-Q", "read,write", "-c", "1")


def main() -> int:
    call_command("migrate", verbosity=0)
    with process.start(pace=1.0) as fake:
        for name, value in fake.credentials(f.ACCOUNT).items():
            os.environ[name.upper()] = value
        os.environ |= {"AWS_ENDPOINT_URL": fake.aws, "AWS_DEFAULT_REGION": f.REGION}
        purge()  # what earlier runs have left on a broker that is kept
        grant = approved(World(fake))
        lost = purge()
        with workers() as processes:
            processes.start("worker", sys.executable, *WORKER)
            seen = moment(processes, grant, "seen_at")
            grants.end(grant, by=f.acting(grant.person), reason=EndReason.GIVEN_BACK)
            gone = moment(processes, grant, "released_at")
    print(json.dumps({"lost": lost, "seen": seen, "gone": gone}))
    return 0


def approved(world: World) -> Grant:
    """A grant that is decided while no worker runs, so that its messages wait in the broker."""
    world.fill()
    company = f.company(portfolio=world_module.PORTFOLIO)
    request = f.asked(company, "templates")
    world.answer()
    request.refresh_from_db()
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    return Grant.objects.get(item__request=request)


def purge() -> int:
    """Empty both queues; how many messages that lost."""
    with current_app.connection_for_write() as connection:
        channel = connection.default_channel
        lost = 0
        for name in (READ_QUEUE, WRITE_QUEUE):
            channel.queue_declare(queue=name, durable=True, auto_delete=False)
            lost += channel.queue_purge(name) or 0
    return lost


def workers() -> Processes:
    """Where workers are started, and ended with everything else."""
    environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}
    return Processes(Path(settings.STATE_DIR) / "logs", environment)


def moment(processes: Processes, grant: Grant, field: str) -> bool:
    """Whether that moment of the grant comes. Raises Ended when a worker dies meanwhile."""

    def came() -> bool:
        grant.refresh_from_db()
        return getattr(grant, field) is not None

    return bool(processes.wait(came, seconds=SETTLE_SECONDS, what=field))


if __name__ == "__main__":
    sys.exit(main())
