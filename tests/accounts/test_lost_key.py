"""seal_audit: sealing by hand, and the one way on when the signing key is lost."""

import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Event, Seal
from tests import factories as f
from tests.accounts import sealing
from tests.accounts.sealing import found

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, SECOND = sealing.public("first"), sealing.public("second")
GO_ON = ("--without-handover", "--as", "ada.admin@example.com", "--reason", "the disk is lost")


@pytest.fixture(autouse=True)
def _sealed(settings):
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("first")]
    f.company()
    out = io.StringIO()
    call_command("seal_audit", stdout=out)
    assert out.getvalue() == f"{Event.objects.count()} events sealed.\n"


def test_a_lost_key_is_replaced_on_record_and_remarked_on_for_ever(settings):
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second")]
    with pytest.raises(CommandError, match="GH-311"):
        call_command("seal_audit")
    call_command("seal_audit", *GO_ON)
    event = Event.objects.get(what="audit_key.replaced")
    assert event.note.text == "the disk is lost"
    seal = Seal.objects.latest("number")
    assert (seal.key, seal.last_position) == (SECOND, event.sealed.position)
    assert [one.code for one in found({FIRST}).findings] == ["seal.key"]
    report = found({FIRST, SECOND})
    assert report.findings == []
    assert "without a handover" in report.remarks[0]


def test_while_the_key_is_here_nothing_is_replaced():
    with pytest.raises(CommandError, match="nothing was lost"):
        call_command("seal_audit", *GO_ON)
    assert Seal.objects.count() == 1
    assert not Event.objects.filter(what="audit_key.replaced").exists()


def test_a_retired_key_is_not_taken_back(settings):
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second"), sealing.secret("first")]
    call_command("seal_audit")
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("first")]
    with pytest.raises(CommandError, match="does not come back"):
        call_command("seal_audit", *GO_ON)
    assert Seal.objects.count() == 2


@pytest.mark.parametrize(
    "options",
    [
        ("--without-handover",),
        ("--without-handover", "--as", "ada.admin@example.com"),
        ("--without-handover", "--as", "ana.engineer@example.com", "--reason", "because"),
    ],
)
def test_only_an_administrator_with_a_reason_replaces_a_key(settings, options):
    settings.AUDIT_SIGNING_KEYS = [sealing.secret("second")]
    with pytest.raises(CommandError):
        call_command("seal_audit", *options)
    assert Seal.objects.count() == 1
