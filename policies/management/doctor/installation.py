"""The installation itself: database, broker, workers, keys, clock. Nothing here asks AWS."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from celery import current_app
from cryptography.fernet import InvalidToken
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts import secrets, triggers
from accounts.seals import signing
from policies.management.doctor.findings import Finding, State, fail, ok
from policies.models import Beat
from policies.reconcile.lease import database_now

BROKER_SECONDS = 3.0
CLOCK_WARN, CLOCK_FAIL = timedelta(seconds=2), timedelta(seconds=30)
BEATS = {
    Beat.SWEEP: (120, "GH-320", "Start beat (exactly one), a write worker and the broker."),
    Beat.WRITE_WORKER: (60, "GH-321", "Start a write worker: systemctl status gatehouse-write."),
    Beat.READ_WORKER: (60, "GH-322", "Start a read worker: systemctl status gatehouse-read."),
}
KEYS = ("SECRET_KEY", "ENCRYPTION_KEYS", "AUDIT_SIGNING_KEYS")


def database() -> list[Finding]:
    """Empty of failures when everything else can be asked."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        text = f"The database does not answer ({type(error).__name__})."
        return [fail("database", "", text, "Start it; check DATABASE_URL.", "GH-325")]
    if missing:
        text = f"{len(missing)} migrations of this code are missing in the database."
        return [fail("migrations", "", text, "Run manage.py migrate.", "GH-326")]
    found = [ok("database", "", "It answers and has every migration.")]
    if not triggers.installed(connection):
        text = "The triggers that keep the record append-only are missing."
        found.append(fail("record", "", text, "Run manage.py migrate.", "GH-301"))
    return found


def rest() -> Iterator[Finding]:
    """Everything that needs a database that answers."""
    yield broker()
    yield from beats(database_now())
    yield from keys()
    yield clock(database_now(), timezone.now())


def broker() -> Finding:
    """Whether a wake-up could be sent; none is."""
    url = current_app.connection_for_write().as_uri()
    try:
        with current_app.connection_for_write() as link:
            link.ensure_connection(max_retries=1, timeout=BROKER_SECONDS, interval_start=0)
    except Exception as error:  # each broker's library has its own
        text = f"{url} does not answer ({type(error).__name__})."
        return fail("broker", "", text, "Start it; check CELERY_BROKER_URL.", "GH-350")
    return ok("broker", "", f"{url} answers.")


def beats(now: datetime) -> Iterator[Finding]:
    heard = dict(Beat.objects.values_list("name", "at"))
    for name, (seconds, runbook, remedy) in BEATS.items():
        at = heard.get(name)
        if at is None:
            yield fail("alive", name, "Was never heard of.", remedy, runbook)
        elif now - at > timedelta(seconds=seconds):
            text = f"Was last heard of at {at:%Y-%m-%d %H:%M:%S} UTC."
            yield fail("alive", name, text, remedy, runbook)
        else:
            yield ok("alive", name, "At work.")


def keys() -> Iterator[Finding]:
    """Whether the keys work, and are everybody's. No key shows in any text."""
    try:
        works = secrets.open_sealed(secrets.seal("doctor")) == "doctor" and signing.signers()
    except (ValueError, InvalidToken) as error:
        text = f"A key cannot be used ({type(error).__name__})."
        yield fail("keys", "", text, "Mend ENCRYPTION_KEYS or AUDIT_SIGNING_KEYS.", "GH-351")
        return
    if not works:
        text = "There is no key to sign the record with."
        yield fail("keys", "", text, "Set AUDIT_SIGNING_KEYS for the write worker.", "GH-311")
        return
    own = [name for name in KEYS if not os.environ.get(name)]
    if own:
        yield Finding(
            "keys",
            "",
            State.WARN,
            f"{', '.join(own)}: not set, so this machine made its own in STATE_DIR.",
            "Set them, everywhere the same, before there is a second machine.",
            "GH-351",
        )
    else:
        yield ok("keys", "", "They are set and can be used.")


def clock(database: datetime, here: datetime) -> Finding:
    """Leases and looks go by the database's clock, signatures to AWS by this machine's."""
    return _apart("clock", "database", abs(here - database))


def aws_clock(account: str, aws: datetime, here: datetime) -> Finding:
    """AWS refuses what is signed more than five minutes apart from its own clock."""
    return _apart("clock", f"AWS {account}", abs(here - aws))


def _apart(check: str, where: str, apart: timedelta) -> Finding:
    if apart < CLOCK_WARN:
        return ok(check, where, "Agrees with this machine's.")
    state = State.FAIL if apart > CLOCK_FAIL else State.WARN
    text = f"It is {apart.total_seconds():.0f} s apart from this machine's."
    return Finding(check, where, state, text, "Let both keep time by NTP.", "GH-352")
