"""A program, run by test_brokers: every message is lost after commit, and the sweep finds the work.

Reads its place from the environment (STATE_DIR, CELERY_BROKER_URL), prints JSON: how many messages
were lost, and whether the grant was seen in AWS all the same.
"""

import json
import os
import sys
import time
from pathlib import Path

import django
from django.core.management import call_command

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
django.setup()

from celery import current_app  # noqa: E402
from django.conf import settings  # noqa: E402

from policies.access import decisions  # noqa: E402
from policies.management.processes import Processes  # noqa: E402
from policies.models import Grant  # noqa: E402
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
        told = {"lost": purge(), "seen": settled_by_workers(grant)}
    print(json.dumps(told))
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


def settled_by_workers(grant: Grant) -> bool:
    end = time.monotonic() + SETTLE_SECONDS
    environment = {**os.environ, "PYTHONPATH": str(settings.BASE_DIR)}
    with Processes(Path(settings.STATE_DIR) / "logs", environment) as processes:
        processes.start("worker", sys.executable, *WORKER)
        while time.monotonic() < end:
            processes.check()
            grant.refresh_from_db()
            if grant.seen_at is not None:
                return True
            time.sleep(0.2)
    return False


if __name__ == "__main__":
    sys.exit(main())
