"""The numbers: who gets them, that Prometheus can read them, that they are true and cheap."""

import math
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import notices
from policies.models import Beat, Phase, Target, calls
from portal import metrics
from portal.metrics.text import COUNTER, Family, gauge, render
from tests import factories as f
from tests.portal import scenes

TOKEN = "a-token-of-thirty-two-characters!"
SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (?P<value>\S+)'
)
GROWING = ("policies_target", "policies_request", "accounts_notice", "accounts_event")


def parsed(text: str) -> dict[str, float]:
    """Samples by name and labels; every line must be one Prometheus takes, HELP and TYPE first."""
    found: dict[str, float] = {}
    told: set[str] = set()
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# "):
            word, name, _rest = line[2:].split(" ", 2)
            assert word in {"HELP", "TYPE"}
            told.add(f"{word} {name}")
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert {f"HELP {match['name']}", f"TYPE {match['name']}"} <= told, line
        key = match["name"] + (f"{{{match['labels']}}}" if match["labels"] else "")
        assert key not in found, line
        found[key] = float(match["value"])
    return found


def read(token: str = TOKEN) -> dict[str, float]:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parsed(answer.content.decode())


@pytest.fixture
def token(settings) -> None:
    settings.METRICS_TOKEN = TOKEN


@pytest.mark.django_db
@pytest.mark.parametrize(
    "shown",
    ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN],
)
def test_who_shows_another_token_finds_nothing(token, shown):
    answer = Client().get("/metrics", headers={"Authorization": shown})
    assert answer.status_code == 404
    assert "gatehouse_" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}"])
def test_without_a_token_set_nobody_gets_them_from_this_machine_neither(settings, shown):
    settings.METRICS_TOKEN = ""
    answer = Client(REMOTE_ADDR="127.0.0.1").get("/metrics", headers={"Authorization": shown})
    assert answer.status_code == 404


@pytest.mark.django_db
def test_an_empty_installation_tells_zero_and_what_was_never_heard_of(token):
    Beat.objects.all().delete()
    found = read()
    assert found["gatehouse_unsettled_oldest_seconds"] == 0
    assert found['gatehouse_targets{phase="stuck",outcome=""}'] == 0
    assert found["gatehouse_notices_waiting"] == 0
    assert found['gatehouse_requests_waiting{state="open"}'] == 0
    assert found["gatehouse_sweep_age_seconds"] == math.inf
    assert found['gatehouse_worker_age_seconds{queue="read"}'] == math.inf
    assert found['gatehouse_worker_age_seconds{queue="write"}'] == math.inf


@pytest.mark.django_db
def test_the_numbers_are_those_of_the_database(token, company):
    settled = scenes.worker_saw(scenes.granted(company))
    stuck = scenes.granted(company, "kubernetes", groups=["viewers"])
    scenes.target_is(stuck, Phase.STUCK, "quota", "LimitExceeded")
    since = f.now() - timedelta(hours=1)
    Target.objects.filter(deliveries__grant=stuck).update(unsettled_since=since)
    Target.objects.filter(deliveries__grant=settled).update(unsettled_since=None)
    f.asked(company, "jobs", roles=["sales"])
    scenes.heard_of(Beat.SWEEP, f.now() - timedelta(seconds=500))
    scenes.heard_of(Beat.WRITE_WORKER, f.now())
    before = read()["gatehouse_notices_waiting"]
    notices.tell(company.ana.pk, "request_declined", ref="R-0000000")
    calls.add("a:1", "iam", "ok", 3)
    calls.add("b:2", "iam", "ok", 4)
    calls.add("b:2", "iam", "throttled", 1)
    found = read()
    assert found['gatehouse_targets{phase="stuck",outcome="quota"}'] == 1
    assert not any('phase="settled"' in name for name in found)
    assert 3600 <= found["gatehouse_unsettled_oldest_seconds"] < 3900
    assert found['gatehouse_requests_waiting{state="open"}'] == 1
    assert 500 <= found["gatehouse_sweep_age_seconds"] < 800
    assert found['gatehouse_worker_age_seconds{queue="write"}'] < 60
    assert found["gatehouse_notices_waiting"] == before + 1
    assert found['gatehouse_aws_calls_total{service="iam",outcome="ok"}'] == 7
    assert found['gatehouse_aws_calls_total{service="iam",outcome="throttled"}'] == 1


@pytest.mark.django_db
def test_no_number_needs_a_scan_of_a_table_that_grows(company):
    with CaptureQueriesContext(connection) as captured:
        metrics.page()
    asked = [one["sql"] for one in captured if one["sql"].startswith("SELECT")]
    assert len(asked) <= 12
    scanned = [line for sql in asked for line in explained(sql) if scans(line)]
    assert scanned == []


def explained(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            return [row[0] for row in cursor.fetchall()]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[3] for row in cursor.fetchall()]


def scans(line: str) -> bool:
    """Whether the plan's line walks through all rows; a partial index holds few of them."""
    if connection.vendor == "postgresql":
        return any(f"Seq Scan on {table}" in line for table in GROWING)
    partial = ("notice_waiting", "target_unsettled")
    whole = any(line.startswith(f"SCAN {table}") for table in GROWING)
    return whole and not any(index in line for index in partial)


def test_the_search_for_scans_finds_one(db):
    assert any(scans(line) for line in explained('SELECT reason FROM "policies_request"'))


def test_labels_and_help_are_escaped():
    family = Family(
        "gatehouse_x_total", COUNTER, "one\nline \\ only", {(("why", 'a"b\\c\nd'),): 1.5}
    )
    text = render([family, gauge("gatehouse_y", "y", math.inf)])
    assert text == (
        "# HELP gatehouse_x_total one\\nline \\\\ only\n"
        "# TYPE gatehouse_x_total counter\n"
        'gatehouse_x_total{why="a\\"b\\\\c\\nd"} 1.5\n'
        "# HELP gatehouse_y y\n# TYPE gatehouse_y gauge\ngatehouse_y +Inf\n"
    )
    assert len(parsed(text)) == 2
