"""One correlation id, from a request to its event, its task, its plan and every log line."""

import json
import logging
import re
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client

from accounts import context
from accounts.models import Event
from policies import tasks
from policies.models import Plan, Target
from portal import trail
from portal.logs import JsonFormatter
from tests import factories as f

GIVEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("header", "sent", "taken"),
    [
        ("X-Correlation-ID", GIVEN, GIVEN),
        ("X-Request-ID", GIVEN, GIVEN),
        ("X-Request-ID", str(uuid.UUID(GIVEN)).upper(), GIVEN),
        ("X-Request-ID", "0" * 31, None),
        ("X-Request-ID", GIVEN + "0", None),
        ("X-Request-ID", 'x" onload="', None),
        ("X-Request-ID", "g" * 32, None),
        ("X-Request-ID", "", None),
    ],
)
def test_an_id_from_outside_is_taken_when_well_formed_and_answered_with(header, sent, taken):
    answer = Client().get("/healthz", headers={header: sent})
    told = answer["X-Correlation-ID"]
    assert re.fullmatch("[0-9a-f]{32}", told)
    assert (told == taken) if taken else told != sent
    if header == "X-Request-ID":
        assert answer["X-Request-ID"] == told
    else:
        assert "X-Request-ID" not in answer


def test_each_request_has_its_own_id_and_leaves_none_behind():
    ids = {Client().get("/healthz")["X-Correlation-ID"] for _ in range(3)}
    assert len(ids) == 3
    assert context.correlation() == ""
    assert context.facts() == {}


@pytest.fixture
def told() -> Iterator[list[dict]]:
    """What our own handler would have written, line by line."""
    found: list[dict] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(json.loads(self.format(record)))

    listener, root = Listener(), logging.getLogger()
    listener.setFormatter(JsonFormatter())
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.INFO)
    yield found
    root.setLevel(level)
    root.removeHandler(listener)


@pytest.mark.django_db
def test_a_log_line_of_a_request_carries_its_id_even_when_the_page_is_not_there(told):
    Client().get("/demo/nothing", headers={"X-Request-ID": GIVEN})
    refused = [one for one in told if one["logger"] == "django.request"]
    assert [one["correlation"] for one in refused] == [GIVEN]


def test_a_line_says_what_is_bound_and_blots_out_addresses(told):
    with context.bound(GIVEN, task="policies.converge", target=7):
        logging.getLogger("x").warning("duplicate key (email)=(ana.engineer@example.com) exists")
        try:
            raise ValueError("kim@example.com /account/password/reset/key/1-abc-def/")
        except ValueError:
            logging.getLogger("x").exception("broke")
    first, second = told
    assert (first["correlation"], first["task"], first["target"]) == (
        GIVEN,
        "policies.converge",
        "7",
    )
    assert "ana" not in first["message"]
    assert "kim@" not in second["exception"]
    assert "abc-def" not in second["exception"]
    assert "ValueError" in second["exception"]


def test_a_message_takes_the_id_along():
    headers: dict[str, str] = {}
    with context.bound(GIVEN):
        trail.send_along(headers=headers)
    assert headers == {trail.HEADER: GIVEN}
    new: dict[str, str] = {}
    trail.send_along(headers=new)
    assert re.fullmatch("[0-9a-f]{32}", new[trail.HEADER])


@pytest.mark.parametrize(
    ("sent", "taken"), [(GIVEN, GIVEN), ("no id", None), (None, None), (7, None)]
)
def test_a_task_takes_the_id_of_its_message_up_and_puts_it_down(sent, taken):
    tasks.converge.push_request(id="t-1", **{trail.HEADER: sent})
    try:
        trail.take_up(task_id="t-1", task=tasks.converge, args=[7])
        found, facts = context.correlation(), dict(context.facts())
        trail.put_down(task_id="t-1")
    finally:
        tasks.converge.pop_request()
    assert re.fullmatch("[0-9a-f]{32}", found)
    assert taken is None or found == taken
    assert facts == {"task": "policies.converge", "task_id": "t-1", "target": "7"}
    assert (context.correlation(), dict(context.facts())) == ("", {})


def test_one_id_leads_from_the_deciding_page_to_the_plan_though_the_message_was_lost(
    world, peopled, told
):
    request = f.asked(peopled, "templates")
    world.answer()
    request.refresh_from_db()
    client = Client()
    client.force_login(peopled.kim)
    effects = {f"effect-{pk}": effect for pk, effect in f.shown(request).items()}
    client.post(f"/approvals/{request.ref}/approve/", effects, headers={"X-Correlation-ID": GIVEN})
    target = Target.objects.get()
    assert target.correlation == GIVEN
    Target.objects.update(hurried_at=None)
    tasks.converge.apply([target.pk])  # as the sweep sends it: with another id, or none
    ended = [one for one in told if one["logger"] == "celery.app.trace"]
    assert (ended[0]["task"], ended[0]["target"]) == ("policies.converge", str(target.pk))
    plan = Plan.objects.get()
    assert plan.correlation == GIVEN
    written = [one for one in told if one["logger"] == "policies.reconcile.writing"]
    assert {(one["plan"], one["correlation"]) for one in written} == {(plan.ref, GIVEN)}
    events = Event.objects.filter(correlation=GIVEN).values_list("what", flat=True)
    assert {"request.approved", "grant.made", "target.planned", "target.written"} <= set(events)


@pytest.mark.django_db
def test_outside_of_requests_each_actor_begins_an_id_of_its_own(company):
    from accounts.actors import system

    assert system().correlation != system().correlation
    with context.bound(GIVEN):
        assert system().correlation == GIVEN
        assert f.acting(company.ana).correlation == GIVEN
