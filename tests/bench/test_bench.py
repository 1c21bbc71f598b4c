"""The bench itself: its rows are what the verbs make, its count of needed calls is right."""

import pytest
from django.forms.models import model_to_dict

from policies.models import Delivery, Grant, Key, Target
from tests import factories as f
from tests.bench import bursts, decided, report, stale, tally
from tests.bench.bursts import MAP, POLICY, PORTFOLIO, Burst
from tests.bench.decided import Want
from tests.bench.place import Place
from tests.bench.report import Row
from tests.world import PORTFOLIO as SPARK

# Who, when and by what number: what two grants cannot have in common.
OWN = {"id", "item", "person", "principal", "principal_unique_id", "effect", "correlation", "ref"}
OWN |= {"grant", "target", "object", "parts", "part", "sentence", "key", "plan", "hurried_at"}
COUNTS = {
    "looks",
    "lease_token",
    "scanned_at",
    "foreign_digest",
}  # how it came about, which is no part of where it stands


def shape(row) -> dict:
    """A row's values; moments as whether they are set."""
    values = model_to_dict(row) | {
        one: getattr(row, one) for one in ("seen_at",) if hasattr(row, one)
    }
    moments = {name for name in values if name.endswith(("_at", "_until")) or name == "at"}
    return {
        name: bool(value) if name in moments else value
        for name, value in values.items()
        if name not in OWN | COUNTS
    }


@pytest.mark.parametrize(
    ("kind", "there", "role"),
    [(PORTFOLIO, SPARK, "bob"), (POLICY, "", "bob"), (MAP, "main", "bob")],
)
def test_rows_made_in_bulk_are_those_that_a_pass_leaves(world, peopled, kind, there, role):
    bob, nodes = (f"arn:aws:iam::{f.ACCOUNT}:role/{name}" for name in ("bob", "nodes"))
    if kind == PORTFOLIO:
        world.client("servicecatalog").disassociate_principal_from_portfolio(
            PortfolioId=SPARK, PrincipalARN=bob
        )
    decided.decide([Want(kind, f.ACCOUNT, there or bob, role)])
    decided.identify(f.ACCOUNT)
    world.settle()
    real = Target.objects.get()
    assert real.is_settled
    elsewhere = {PORTFOLIO: "port-other00000000", POLICY: nodes, MAP: "other"}[kind]
    bulk = decided.settled([Want(kind, f.ACCOUNT, elsewhere, "nodes")])[0]
    bulk.refresh_from_db()
    for model, at in ((Target, "pk"), (Delivery, "target"), (Key, "target")):
        one, other = (model.objects.get(**{at: row.pk}) for row in (real, bulk))
        if model is Key and kind != PORTFOLIO:
            one.text = other.text = ""  # names in it differ
        assert shape(one) == shape(other)
    grants = [Grant.objects.get(deliveries__target=row) for row in (real, bulk)]
    assert shape(grants[0]) == shape(grants[1])


@pytest.mark.parametrize("kind", [PORTFOLIO, POLICY, MAP])
def test_a_burst_makes_the_calls_it_needs_and_no_other(world, peopled, kind):
    result, made = bursts.run(Place(world.fake), Burst(kind, 6, 2))
    assert result.counted == result.needed == result.least, result
    assert [one.what for one in made].count("write") == 2


def test_a_map_takes_as_many_calls_for_many_rows_as_for_one(world, peopled):
    counted = {
        grants: bursts.run(Place(world.fake), Burst(MAP, grants, 1))[0].counted
        for grants in (1, 40)
    }
    assert counted[1] == counted[40] == 10


def test_needed_calls_are_pages_writes_two_looks_and_a_session_for_each_plan():
    assert tally.needed_for(PORTFOLIO, [1]) == 1 + 1 + 1 + 2
    assert tally.needed_for(PORTFOLIO, [1_000]) == 1 + 1_000 + 1 + 2 * 50
    assert tally.needed_for(PORTFOLIO, [600, 400]) == (1 + 600 + 1) + (30 + 400 + 1) + 2 * 50
    assert tally.needed_for(POLICY, [1]) == 3 + 1 + 1 + 2 * 4
    assert tally.needed_for(MAP, [1_000]) == tally.needed_for(MAP, [1]) == 2 + 2 + 1 + 2 * 2


def test_the_back_off_step_is_the_one_that_ends_after_the_lag():
    steps = {lag: stale.step(lag) for lag in (0, 0.5, 1, 2, 5, 10)}
    assert steps == {0: 0, 0.5: 1, 1: 1, 2: 1, 5: 4, 10: 8}


def test_what_a_busy_machine_hides_is_not_judged():
    assert stale.judged(1.5, 1.0, most=2.0) is True
    assert stale.judged(9.0, 3.0, most=2.0) is False
    assert stale.judged(9.0, 1.0, most=2.0) is None


def test_a_missed_must_shows_in_the_table():
    rows = [Row("one", "< 1", "2", False, 3), Row("two", "told", "4", None, 5)]
    lines = report.table(rows).splitlines()
    assert [line.split()[-2] for line in lines[2:]] == ["MISSED", "–"]


def test_a_watcher_calls_a_false_seen_false(world, peopled):
    """Somebody marks a delivery seen that AWS does not hold: the bench must notice."""
    decided.decide([Want(PORTFOLIO, f.ACCOUNT, SPARK, "ana")])
    watcher = stale.Watcher(Place(world.fake))
    target = Target.objects.get()
    watcher(target.pk)
    assert (watcher.claims, watcher.false) == (0, [])
    Delivery.objects.update(state=Delivery.State.SEEN, seen_at=f.now())
    watcher(target.pk)
    assert (watcher.claims, len(watcher.false)) == (1, 1)
