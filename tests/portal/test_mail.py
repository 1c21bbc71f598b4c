"""Notices become mail: true when sent, claimed by one worker, tried again later and later."""

from datetime import timedelta

import pytest
from django.core import mail

from accounts import actors, people
from accounts.models import Notice
from accounts.notices import tell
from policies.access import decisions, grants
from policies.models import Delivery, EndReason
from portal import tasks
from portal.mail import TOPICS
from tests import factories as f
from tests.portal import scenes

pytestmark = pytest.mark.django_db


def sent() -> list[str]:
    tasks.deliver(now=f.now() + timedelta(seconds=1))
    return [f"{one.to[0]}: {one.subject}" for one in mail.outbox]


def test_who_is_asked_gets_the_link_and_who_stands_by_gets_nothing(company):
    request = f.asked(company)
    assert sent() == ["kim.manager@example.com: Please decide: Ana Engineer asks for Templates"]
    assert f"/approvals/{request.ref}/" in mail.outbox[0].body


def test_a_decision_that_is_not_needed_any_more_is_not_asked_for(company):
    request = f.asked(company)
    decisions.decline(request, by=f.acting(company.ada), now=f.now(), why="duplicate")
    assert sent() == [f"ana.engineer@example.com: Request {request.ref}: declined"]
    assert not Notice.objects.filter(sent_at__isnull=True).exists()


def test_a_question_reaches_who_asked(company):
    request = f.asked(company)
    decisions.ask_back(request, by=f.acting(company.kim), now=f.now(), question="Which report?")
    assert sent() == [f"ana.engineer@example.com: A question about your request {request.ref}"]
    assert "Kim Manager asks: Which report?" in mail.outbox[0].body


def test_confirmed_is_said_only_while_it_is_so(company):
    grant = scenes.granted(company)
    Notice.objects.all().delete()
    tell(company.ana.pk, "access_confirmed", grant=grant.ref)
    assert sent() == [], "not seen in AWS"
    tell(company.ana.pk, "access_confirmed", grant=scenes.worker_saw(grant).ref)
    assert sent() == ["ana.engineer@example.com: Confirmed in AWS: Templates"]


@pytest.mark.parametrize(
    ("release", "subject"),
    [("gone", "Gone from AWS: Templates"), ("needed", "Ended: Templates")],
)
def test_gone_is_said_only_of_what_was_seen_gone(company, release, subject):
    grant = scenes.worker_saw(scenes.granted(company))
    Notice.objects.all().delete()
    grants.end(grant, by=actors.system(), reason=EndReason.EXPIRED)
    tell(company.ana.pk, "access_gone", grant=grant.ref)
    assert sent() == [], "not seen gone"
    scenes.worker_released(grant, Delivery.Release(release))
    tell(company.ana.pk, "access_gone", grant=grant.ref)
    assert sent() == [f"ana.engineer@example.com: {subject}"]


def test_a_first_sign_in_link_is_made_when_sent_and_stored_nowhere(company):
    tell(company.ana.pk, "sign_in_link")
    assert sent() == ["ana.engineer@example.com: Your first sign-in to Gatehouse"]
    assert "/account/password/reset/key/" in mail.outbox[0].body
    assert Notice.objects.get().facts == {}


def test_every_topic_that_verbs_use_has_words(company):
    request = f.previewed(f.asked(company))
    decisions.ask_back(request, by=f.acting(company.kim), now=f.now(), question="Why?")
    scenes.granted(company, "jobs", roles=["sales"])
    assert set(Notice.objects.values_list("topic", flat=True)) <= set(TOPICS)


def test_who_left_gets_no_mail(company):
    tell(company.olu.pk, "sign_in_link")
    people.leave(company.olu, by=actors.system())
    assert sent() == []
    assert not Notice.objects.filter(person=company.olu).exists()


def test_a_name_with_a_line_break_cannot_add_a_header(company):
    company.ana.name = "Ana\nBcc: all@example.com"
    company.ana.save()
    f.asked(company)
    assert "Ana Bcc: all@example.com" in sent()[0]


def test_a_try_that_fails_is_put_off_longer_and_longer(company, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nothing listens there
    tell(company.ana.pk, "sign_in_link")
    now = f.now() + timedelta(seconds=1)
    assert tasks.deliver(now=now) == 0
    notice = Notice.objects.get()
    assert (notice.attempts, notice.sent_at) == (1, None)
    assert notice.next_try_at == now + timedelta(seconds=30)
    assert tasks.deliver(now=now) == 0
    assert Notice.objects.get().attempts == 1, "not due yet"
    assert tasks.wait_after(1) == timedelta(seconds=60)
    assert tasks.wait_after(50) == timedelta(hours=6)


def test_of_two_workers_with_the_same_row_one_sends(company):
    tell(company.ana.pk, "sign_in_link")
    now = f.now() + timedelta(seconds=1)
    first, second = Notice.objects.get(), Notice.objects.get()
    assert [tasks._deliver(first, now), tasks._deliver(second, now)] == [True, False]
    assert len(mail.outbox) == 1


def test_the_task_is_known_to_the_worker_by_its_frozen_name():
    assert tasks.deliver_notices.name == "portal.deliver_notices"
