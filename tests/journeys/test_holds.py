"""What stands between a plan and AWS: a freeze, a restored database, the brake."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models.functions import Now

from accounts import actors
from accounts.audit import record
from accounts.models import Event
from policies import brake
from policies.access import operations
from policies.access.errors import Refused
from policies.models import (
    EVERYTHING,
    Delivery,
    Freeze,
    Grant,
    Installation,
    Key,
    Phase,
    Plan,
    Seen,
    Target,
    account_scope,
    target_scope,
    wake,
)
from policies.plan import Change
from policies.reconcile import restored
from tests import factories as f
from tests.journeys.test_drift import ANA, scan, take_out
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted


@pytest.fixture(autouse=True)
def _own_marks(settings, tmp_path):
    settings.STATE_DIR = tmp_path


def frozen(company, scope):
    return operations.freeze(scope, by=f.acting(company.ada), why="something is odd")


@pytest.mark.parametrize("scope", ["everything", "account", "target"])
def test_frozen_targets_are_read_and_not_written(world, peopled, scope):
    granted(world, peopled, "templates")
    target = Target.objects.get()
    where = {
        "everything": EVERYTHING,
        "account": account_scope(target.account),
        "target": target_scope(target),
    }[scope]
    freeze = frozen(peopled, where)
    world.settle()
    target.refresh_from_db()
    assert (target.phase, target.outcome) == (Phase.HELD, "frozen")
    assert [one["key"] for one in target.pending] == [f"IAM:{ANA}"]
    assert (ANA in world.principals(), Plan.objects.count()) == (False, 0)
    operations.lift(freeze, by=f.acting(peopled.bo), why="looked at")
    world.settle()
    assert ANA in world.principals()
    assert Target.objects.get().pending == []


def test_a_freeze_elsewhere_stops_nothing_here(world, peopled):
    frozen(peopled, account_scope("999988887777"))
    granted(world, peopled, "templates")
    world.settle()
    assert ANA in world.principals()


def test_only_administrators_freeze_and_lift_and_only_once(peopled):
    for stranger in (peopled.ana, peopled.kim, peopled.ira):
        with pytest.raises(Refused):
            operations.freeze(EVERYTHING, by=f.acting(stranger), why="I can")
    freeze = frozen(peopled, EVERYTHING)
    with pytest.raises(Refused):
        frozen(peopled, EVERYTHING)
    with pytest.raises(Refused):
        operations.lift(freeze, by=f.acting(peopled.kim), why="I can")
    operations.lift(freeze, by=f.acting(peopled.ada), why="over")
    with pytest.raises(Refused):
        operations.lift(freeze, by=f.acting(peopled.ada), why="again")


def test_a_restored_database_starts_frozen_and_shows_what_would_change(world, peopled):
    granted(world, peopled, "templates")
    world.settle()
    Installation.objects.update(fingerprint="another database")
    take_out(world)
    Key.objects.update(window_until=Now() - timedelta(seconds=1))
    wake([Target.objects.get()])
    operations.set_repair(
        Target.objects.get(), "at_once", 1, by=f.acting(peopled.ada), why="ours alone"
    )
    world.settle()
    assert Freeze.objects.get().restored
    target = Target.objects.get()
    assert (target.outcome, len(target.pending)) == ("frozen", 1)
    assert ANA not in world.principals()
    operations.lift(Freeze.objects.get(), by=f.acting(peopled.ada), why="as it should be")
    world.settle()
    assert ANA in world.principals()
    assert Freeze.objects.count() == 1


def test_a_database_that_knows_less_than_the_mark_was_restored(db):
    f.person("Somebody")
    assert restored.freeze_if_so() is False
    restored.keep_mark()
    mark = next((settings.STATE_DIR / "marks").iterdir())
    mark.write_text(str(int(mark.read_text()) + 5))
    assert restored.freeze_if_so() is True
    assert Event.objects.filter(what="freeze.begun").count() == 1
    assert restored.freeze_if_so() is False


def test_ordinary_life_never_looks_like_a_restore(db, django_db_blocker):
    assert restored.freeze_if_so() is False
    for name in ("One", "Two"):
        f.person(name)
        restored.keep_mark()
        assert restored.freeze_if_so() is False
    assert not Freeze.objects.exists()


@pytest.mark.parametrize(
    ("removals", "gives", "keys", "stops"),
    [
        (25, 0, 1000, False),
        (26, 0, 1000, True),
        (0, 26, 1000, True),
        (25, 25, 1000, False),
        (10, 0, 19, False),
        (10, 0, 20, False),
        (11, 0, 20, True),
        (1, 0, 1, False),
    ],
)
def test_the_brake_counts_what_nobody_ordered(removals, gives, keys, stops):
    changes = [Change(f"r{n}", "x", None) for n in range(removals)]
    changes += [Change(f"g{n}", None, "x") for n in range(gives)]
    limits = brake.Limits(25, 50)
    assert (brake.check(changes, frozenset(), keys, limits) is not None) is stops
    ordered = {change.key for change in changes}
    assert brake.check(changes, ordered, keys, limits) is None


def many(world, company, number):
    """Ana's grants to `number` shared roles' associations, given and seen."""
    iam = world.client("iam")
    grants = []
    for n in range(number):
        world.role(iam, f"crew{n}", "/")
        role = f.identity(company, f"crew{n}", company.ana)
        request = f.asked_as(company, company.ana, role)
        world.answer()
        f.approved(request, company.kim)
        grants.append(Grant.objects.get(item__request=request))
    world.settle()
    Key.objects.update(window_until=Now() - timedelta(seconds=1))
    return grants


def test_a_list_that_comes_back_empty_is_not_believed_at_once(world, peopled):
    """All our associations seem gone: putting all of them back is asked about first."""
    Installation.objects.update(brake_changes=3)
    grants = many(world, peopled, 4)
    target = Target.objects.get()
    operations.set_repair(target, "at_once", 1, by=f.acting(peopled.ada), why="ours alone")
    for grant in grants:
        take_out(world, grant.principal.arn)
    scan(world)
    target.refresh_from_db()
    assert (target.phase, target.outcome, len(target.pending)) == (Phase.HELD, "brake", 4)
    shown = operations.pending_digest(target.pending)
    with pytest.raises(Refused):
        operations.let_go(target, shown, by=f.acting(peopled.kim), why="I can")
    with pytest.raises(Refused):
        operations.let_go(target, "0" * 64, by=f.acting(peopled.ada), why="an old page")
    operations.let_go(target, shown, by=f.acting(peopled.ada), why="somebody emptied it")
    world.settle()
    assert {grant.principal.arn for grant in grants} <= world.principals()


def test_ends_that_people_ordered_pass_however_many(world, peopled):
    Installation.objects.update(brake_changes=1)
    grants = many(world, peopled, 3)
    for grant in grants:
        end(grant, peopled)
    world.settle()
    assert not {grant.principal.arn for grant in grants} & world.principals()


def test_keys_that_nothing_accounts_for_are_not_swept_away(world, peopled):
    """As after a restore of half a database: keys of ours, but no ended grant ordered this."""
    Installation.objects.update(brake_changes=1)
    many(world, peopled, 3)
    Seen.objects.all().delete()
    Delivery.objects.all().delete()
    wake([Target.objects.get()])
    world.settle()
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.HELD, "brake")
    assert len(world.principals()) == 4


def test_the_record_outside_a_transaction_is_refused(transactional_db):
    with pytest.raises(RuntimeError):
        record("freeze.begun", by=actors.system(), about=("freeze", EVERYTHING))
