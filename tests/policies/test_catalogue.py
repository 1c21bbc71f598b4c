"""Applying a catalogue file: the first one, the same one again, a changed one, and back."""

import json

import pytest
import yaml
from django.db import transaction

from accounts.models import EksUser, Event, Holder, Person, Principal, Version
from policies import lifecycle
from policies.access import rules
from policies.access.catalogue import state
from policies.models import AwsAccount, Bundle, Cluster, Entitlement, ManagedRole, Proposal
from tests import factories as f
from tests.policies import catalogue_run as run

pytestmark = pytest.mark.django_db


@pytest.fixture
def example(db):
    """The database after the example file."""
    ran = run.apply(run.EXAMPLE)
    assert ran.code == 0, ran.error


def test_the_example_makes_a_whole_company_of_an_empty_database(db):
    ran = run.apply(run.EXAMPLE)
    assert (ran.code, ran.error) == (0, "")
    assert "changes made." in ran.said
    ana = Person.objects.get_by_natural_key("ana@example.com")
    assert ana.manager is not None
    assert ana.manager.email == "kim@example.com"
    assert EksUser.objects.get(principal__person=ana).username == "ana"
    assert Holder.objects.count() == 2
    account = AwsAccount.objects.get()
    assert account.write_role_arn.endswith("gatehouse-write")
    assert Cluster.objects.get(slug="lab").region == "eu-west-1"
    assert Cluster.objects.get(slug="analytics").region == account.region
    assert set(Bundle.objects.get().entitlements.all()) == set(Entitlement.objects.all())


def test_the_first_file_makes_the_first_administrators_and_ends_bootstrap(example):
    administrators = Person.objects.holding_role("administrator")
    assert sorted(one.email for one in administrators) == ["ada@example.com", "bo@example.com"]
    assert rules.in_bootstrap() is False
    assert set(Proposal.objects.values_list("state", "bootstrap")) == {("accepted", True)}
    assert not Principal.objects.filter(confirmed_at__isnull=True).exists()


def test_the_first_file_is_recorded_as_the_systems_command_under_one_correlation(example):
    events = Event.objects.all()
    assert set(events.values_list("actor_kind", "channel")) == {("system", "command")}
    assert events.values("correlation").distinct().count() == 1
    assert events.filter(what="estate.changed", object_kind="catalogue").count() == 1
    text = json.dumps(list(events.values("before", "after", "object_id")))
    assert "Ana Engineer" not in text
    assert "@example.com" not in text


def test_the_same_file_again_does_nothing_and_leaves_no_event(example):
    before = run.everything()
    ran = run.apply(run.EXAMPLE, *run.ADA)
    assert ran.code == 0
    assert run.NOTHING in ran.said
    assert run.everything() == before


def test_a_dry_run_shows_the_difference_and_changes_nothing(db):
    before = run.everything()
    ran = run.apply(run.EXAMPLE, "--dry-run")
    assert ran.code == 0
    assert "+ person ana@example.com" in ran.said
    assert "nothing was changed" in ran.said
    assert run.everything() == before
    assert rules.in_bootstrap() is True


def test_an_export_of_the_example_applies_with_no_difference(example, tmp_path):
    before = run.everything()
    ran = run.apply(run.written(tmp_path, run.export().encode()), *run.ADA, "--json")
    assert json.loads(ran.said) == {"ok": True, "dry_run": False, "changes": [], "left_alone": {}}
    assert run.everything() == before


def test_an_export_makes_the_same_company_in_an_empty_database(db, tmp_path):
    with transaction.atomic():
        run.apply(run.EXAMPLE)
        first, exported = state.read(), run.export()
        assert AwsAccount.objects.get().external_id not in exported
        transaction.set_rollback(True)
    assert not Person.objects.get_queryset().exists()
    ran = run.apply(run.written(tmp_path, exported.encode()))
    assert (ran.code, ran.error) == (0, "")
    assert state.read() == first


def test_an_export_after_somebody_left_still_applies_with_no_difference(company, tmp_path):
    for person in (company.kim, company.olu):
        lifecycle.leave(person, by=f.acting(company.ada), now=f.now())
    before = run.everything()
    path = run.written(tmp_path, run.export().encode())
    ran = run.apply(path, "--as", company.ada.email, "--reason", "tests", "--json")
    assert (ran.code, ran.error) == (0, "")
    assert json.loads(ran.said)["changes"] == []
    assert run.everything() == before


def test_an_export_leaves_out_what_ended_and_who_is_gone(example, tmp_path):
    by = f.acting(Person.objects.get_by_natural_key("ada@example.com"))
    olu = Person.objects.get_by_natural_key("olu@example.com")
    rules.propose("entitlement", "nightly-jobs", None, by=by, reason="tests")
    bo = f.acting(Person.objects.get_by_natural_key("bo@example.com"))
    rules.accept(Proposal.objects.get(state="open"), by=bo)
    lifecycle.leave(olu, by=by, now=f.now())
    exported = yaml.safe_load(run.export())
    assert [one["slug"] for one in exported["entitlements"]] == [
        "analytics-kubernetes",
        "spark-templates",
    ]
    assert exported["bundles"][0]["entitlements"] == ["analytics-kubernetes", "spark-templates"]
    assert "owner" not in exported["entitlements"][0]
    assert "fallback" not in exported["approval_policies"][0]
    ran = run.apply(run.written(tmp_path, run.export().encode()), *run.ADA)
    assert (ran.code, run.NOTHING in ran.said) == (0, True)


def test_what_the_file_does_not_name_is_left_alone_and_said_so(example, tmp_path):
    ran = run.apply(run.written(tmp_path, "version: 1\n"), *run.ADA)
    assert ran.code == 0
    assert "left alone" in ran.said
    assert "clusters: analytics, lab" in ran.said
    assert Person.objects.present().count() == 8


def test_a_field_that_is_left_out_stays_and_a_written_null_clears_it(example, tmp_path):
    text = """
        version: 1
        people:
          - email: tomo@example.com
            name: Tomo T. Contractor
            department: null
            contract_ends_on: null
    """
    ran = run.apply(run.written(tmp_path, text), *run.ADA)
    assert ran.code == 0, ran.error
    tomo = Person.objects.get_by_natural_key("tomo@example.com")
    assert tomo.name == "Tomo T. Contractor"
    assert tomo.contract_ends_on is None
    assert tomo.manager is not None


def test_facts_change_at_once_and_are_recorded_with_who_and_why(example, tmp_path):
    text = """
        version: 1
        roles:
          - slug: sales
            name: Jobs on sales data, all regions
            account: 111122223333
            arn: arn:aws:iam::111122223333:role/emr/emr-exec-sales
    """
    ran = run.apply(run.written(tmp_path, text), *run.ADA)
    assert ran.code == 0, ran.error
    assert ManagedRole.objects.get(slug="sales").name == "Jobs on sales data, all regions"
    event = Event.objects.get(what="estate.changed", actor_kind="person", object_kind="role")
    assert event.channel == "command"
    assert (event.before, event.after) == (
        {"name": "Jobs on sales data"},
        {"name": "Jobs on sales data, all regions"},
    )
    summary = Event.objects.get(object_kind="catalogue", actor_kind="person")
    assert summary.note.text == "tests"


def test_people_move_with_their_history_and_managers_may_trade_places(example, tmp_path):
    text = """
        version: 1
        people:
          - {email: kim@example.com, name: Kim Manager, manager: ana@example.com}
          - {email: ana@example.com, name: Ana Engineer, manager: dora@example.com}
    """
    ran = run.apply(run.written(tmp_path, text), *run.ADA)
    assert ran.code == 0, ran.error
    kim = Person.objects.get_by_natural_key("kim@example.com")
    assert kim.manager is not None
    assert kim.manager.email == "ana@example.com"
    assert Version.objects.filter(subject="person", subject_id=str(kim.pk)).count() == 2


def test_somebody_whose_state_becomes_left_leaves_with_a_receipt(company, tmp_path):
    text = f"""
        version: 1
        people:
          - {{email: {company.ana.email}, name: Ana Engineer, state: left}}
    """
    path = run.written(tmp_path, text)
    ran = run.apply(path, "--as", company.ada.email, "--reason", "left on Friday")
    assert ran.code == 0, ran.error
    company.ana.refresh_from_db()
    assert company.ana.state == "left"
    assert company.ana.receipts.count() == 1


def test_json_tells_programs_every_change_with_its_line_and_status(db):
    answer = json.loads(run.apply(run.EXAMPLE, "--json", "--dry-run").said)
    assert (answer["ok"], answer["dry_run"]) == (True, True)
    first = answer["changes"][0]
    assert first["section"] == "accounts"
    assert (first["key"], first["action"], first["status"]) == ("111122223333", "add", "done")
    lines = run.EXAMPLE.read_text().splitlines()
    assert "number: 111122223333" in lines[first["line"] - 1]
    assert answer["changes"][-1]["rule"] == "portal_role"


def test_head_of_the_company_may_be_their_own_manager(db, tmp_path):
    text = """
        version: 1
        people:
          - {email: a@example.com, name: A, employee_number: "1", manager: a@example.com}
    """
    assert run.apply(run.written(tmp_path, text)).code == 0
    head = Person.objects.get()
    assert head.manager == head
