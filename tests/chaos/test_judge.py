"""The judge can say no: each thing that must not be is shown to it once, and it names it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos import places
from tests.chaos.judge import Case, Fault, Held, Said, judge
from tests.chaos.ledger import Ledger, Right, united
from tests.chaos.places import HOME, Holder, Place

AT = datetime(2030, 1, 1, tzinfo=UTC)
EARLIER = AT - timedelta(minutes=1)
ANA, BEN = Holder("p001", HOME), Holder("p003", HOME)
MAP = Place("cluster", HOME, "cluster-00", "cluster-00")
SHOP = Place("portfolio", HOME, "port-0", "portfolio-00")
GROUPS = frozenset({"etl"})
SEEN, GONE = Said(seen=True, seen_events=1), Said(True, True, 1, 1)


def right(ref: str, holder: Holder = ANA, what: frozenset[str] = GROUPS, **rest) -> Right:
    return Right(ref, holder, MAP, what, **rest)


def well() -> Case:
    """Ana has etl, Ben had it; a stranger's row and text stand as they were left."""
    return Case(
        rights=[right("G-1"), right("G-2", BEN, over_at=EARLIER, how="revoked")],
        held={
            MAP: Held({ANA.arn: [GROUPS]}, {"mapRoles": "# by hand\n"}),
            SHOP: Held({}, {"arn:stranger": "associated"}),
        },
        others={MAP: {"mapRoles": "# by hand\n"}, SHOP: {"arn:stranger": "associated"}},
        said={"G-1": SEEN, "G-2": GONE},
        settled=[("1", 1), ("1", 2), ("2", 1)],
        reported={"mark": True},
        at=AT,
    )


def faults(case: Case) -> list[Fault]:
    return [one.fault for one in judge(case)]


def held(case: Case, place: Place, **changes) -> Case:
    return replace(case, held={**case.held, place: replace(case.held[place], **changes)})


def said(case: Case, ref: str, words: Said) -> Case:
    return replace(case, said={**case.said, ref: words})


def test_where_all_is_well_nothing_is_found():
    assert judge(well()) == []


def test_a_grant_that_aws_does_not_hold_is_lost_and_its_claim_a_lie():
    assert faults(held(well(), MAP, entries={})) == [Fault.LOST, Fault.LIED]


def test_one_group_short_is_lost():
    case = replace(well(), rights=[right("G-1", what=GROUPS | {"viewers"}), *well().rights[1:]])
    assert faults(case) == [Fault.LOST, Fault.LIED]


def test_what_is_over_and_still_there_is_found():
    case = held(well(), MAP, entries={ANA.arn: [GROUPS], BEN.arn: [GROUPS]})
    [finding] = judge(case)
    assert (finding.fault, "still has ['etl']" in finding.text) == (Fault.LOST, True)


def test_more_than_the_union_is_found():
    case = held(well(), MAP, entries={ANA.arn: [GROUPS | {"viewers"}]})
    assert faults(case) == [Fault.LOST]


def test_what_another_living_grant_needs_may_stay():
    ended = right("G-3", over_at=EARLIER, how="expired")
    case = replace(well(), rights=[*well().rights, ended])
    assert judge(said(case, "G-3", GONE)) == []


def test_a_second_entry_is_a_double():
    assert faults(held(well(), MAP, entries={ANA.arn: [GROUPS, GROUPS]})) == [Fault.DOUBLED]


def test_a_statement_said_twice_is_a_double():
    assert faults(held(well(), MAP, twice=["says twice"])) == [Fault.DOUBLED]


@pytest.mark.parametrize(
    ("ref", "words", "expected"),
    [
        ("G-1", Said(), [Fault.LOST]),
        ("G-1", Said(seen=True), [Fault.LOST]),
        ("G-1", Said(seen=True, seen_events=2), [Fault.DOUBLED]),
        ("G-1", GONE, [Fault.LIED]),
        ("G-2", SEEN, [Fault.LOST]),
        ("G-2", Said(True, True, 1, 2), [Fault.DOUBLED]),
        ("G-2", Said(gone=True), [Fault.LOST]),
    ],
)
def test_what_the_portal_says_is_held_against_what_was_decided(ref, words, expected):
    assert faults(said(well(), ref, words)) == expected


def test_a_grant_that_the_portal_has_forgotten_is_lost():
    assert faults(replace(well(), said={"G-1": SEEN})) == [Fault.LOST]


def test_a_generation_settled_twice_is_a_double():
    assert faults(replace(well(), settled=[("1", 1), ("1", 1)])) == [Fault.DOUBLED]


@pytest.mark.parametrize(
    ("place", "foreign"),
    [
        (MAP, {"mapRoles": "# by hand \n"}),
        (MAP, {}),
        (SHOP, {}),
        (SHOP, {"arn:stranger": "associated", "arn:other": "associated"}),
    ],
)
def test_what_others_wrote_is_compared_byte_for_byte(place, foreign):
    assert faults(held(well(), place, foreign=foreign)) == [Fault.FOREIGN]


def test_something_overwritten_and_not_reported_is_found():
    assert faults(replace(well(), reported={"mark": False})) == [Fault.FOREIGN]


def test_the_union_takes_living_rights_alone_and_unites_what_they_give():
    rights = [
        right("G-1"),
        right("G-2", what=frozenset({"viewers"})),
        right("G-3", what=frozenset({"late"}), over_at=AT + timedelta(seconds=1)),
        right("G-4", what=frozenset({"over"}), over_at=AT),
    ]
    assert united(rights, AT) == {MAP: {ANA.arn: {"etl", "viewers", "late"}}}


def test_a_right_that_ended_twice_ended_the_first_time():
    ledger = Ledger()
    ledger.add([right("G-1")])
    ledger.over(ledger.rights["G-1"], AT, "expired")
    ledger.over(ledger.rights["G-1"], EARLIER, "left")
    ledger.over(ledger.rights["G-1"], AT, "revoked")
    assert (ledger.rights["G-1"].over_at, ledger.rights["G-1"].how) == (EARLIER, "left")


def test_a_world_is_the_same_for_the_same_numbers_and_fits_its_quotas():
    estate = places.laid_out(40, 2000)
    assert estate == places.laid_out(40, 2000)
    assert len(estate.places) == 40
    assert len(set(estate.places)) == 40
    for account in places.ACCOUNTS:
        crowd = sum(one.account == account for one in estate.holders)
        assert min(crowd, places.CROWD) + places.STRANGERS <= 100
