"""Lists stay quick when tables grow, and find what is looked for."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import seals
from accounts.models import Event, Seal
from policies.access import decisions
from policies.models import Comment, Request, Target
from portal.admin import base
from tests import factories as f

pytestmark = pytest.mark.django_db

EVENTS = "/admin/accounts/event/"
PEOPLE = "/admin/accounts/person/"


def rows(client, page: str) -> int:
    return client.get(page).content.decode().count('<th class="field-')


def queries(client, page: str) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        client.get(page)
    return [one["sql"] for one in caught]


def test_more_rows_cost_no_more_queries(company, ada):
    before = queries(ada, PEOPLE)
    for number in range(12):
        f.person(f"More {number}", company.kim)
    assert len(queries(ada, PEOPLE)) == len(before)


def test_a_list_counts_no_further_than_it_must(company, ada, monkeypatch):
    monkeypatch.setattr(base, "MOST_ROWS", 3)
    counts = [sql for sql in queries(ada, PEOPLE) if "COUNT(" in sql]
    assert counts
    assert all("LIMIT 3" in sql for sql in counts)


def test_a_row_shows_the_newest_of_what_belongs_to_it(company, ada, monkeypatch):
    monkeypatch.setattr(base, "MOST_RELATED", 2)
    request = f.asked(company)
    for number in range(3):
        Comment.objects.create(request=request, by=company.ana, text=f"remark {number}")
    text = ada.get(f"/admin/policies/request/{request.pk}/change/").content.decode()
    assert [number for number in range(3) if f"remark {number}" in text] == [1, 2]
    assert "Older rows" in text


def test_events_are_found_by_object_person_and_correlation(company, ada):
    request = f.asked(company)
    about = Event.objects.filter(object_kind="request", object_id=request.ref)
    assert rows(ada, f"{EVENTS}?q=request+{request.ref}") == about.count() > 0
    concerning = Event.objects.filter(person_id=str(company.ira.pk))
    assert rows(ada, f"{EVENTS}?q=person+{company.ira.pk}") == concerning.count() > 0
    together = Event.objects.filter(correlation=request.correlation)
    assert rows(ada, f"{EVENTS}?q={request.correlation}") == together.count() > 0
    assert rows(ada, f"{EVENTS}?q=nothing") == 0


def test_events_are_filtered_by_what_channel_and_actor(company, ada):
    f.asked(company)
    for query, wanted in (
        ("what=request.asked", Event.objects.filter(what="request.asked")),
        ("channel=page", Event.objects.filter(channel="page")),
        ("actor_kind=person", Event.objects.filter(actor_kind="person")),
    ):
        assert rows(ada, f"{EVENTS}?{query}") == wanted.count() > 0, query


def test_an_event_shows_its_reason_and_who_it_was(company, ada):
    request = f.asked(company)
    event = Event.objects.get(what="request.asked", object_id=request.ref)
    text = ada.get(f"{EVENTS}{event.pk}/change/").content.decode()
    assert "for the quarterly report" in text
    assert "Ana Engineer" in text


def test_a_seal_shows_its_events_and_an_event_its_position(company, ada):
    event = Event.objects.order_by("pk").first()
    page = f"{EVENTS}{event.pk}/change/"
    assert "waits for the sealer" in ada.get(page).content.decode()
    seals.seal_waiting()
    assert "waits for the sealer" not in ada.get(page).content.decode()
    text = ada.get("/admin/accounts/seal/1/change/").content.decode()
    newest = Event.objects.order_by("-pk").first()
    assert newest.object_id in text
    assert Seal.objects.get().digest in text


def test_requests_and_targets_are_filtered_by_state_and_phase(company, ada):
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    assert Request.objects.get().state == "approved"
    assert rows(ada, "/admin/policies/request/?state__exact=approved") == 1
    assert rows(ada, "/admin/policies/request/?state__exact=open") == 0
    assert rows(ada, f"/admin/policies/request/?q={request.ref.lower()}") == 1
    assert Target.objects.get().phase == "due"
    assert rows(ada, "/admin/policies/target/?phase__exact=due") == 1
    assert rows(ada, "/admin/policies/target/?phase__exact=stuck") == 0
