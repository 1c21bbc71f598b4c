"""What is read from AWS at the end is read right: rows, statements, bytes of others, figures."""

import json

import pytest

from tests.chaos import sight, storm
from tests.chaos.measure import MEGABYTE, flatness
from tests.chaos.options import SMALL, Options, read
from tests.chaos.places import HEAD, HOME, role_arn

ANA, EVE = role_arn(HOME, "p001"), role_arn(HOME, "by-hand-7")
OURS = f"""- "rolearn": "{ANA}"
  "username": "aws-user:p001"
  "groups":
  - "etl"
  - "viewers"
"""
THEIRS = f"""# Zoë 7
- rolearn: {EVE}
  username: 'by-hand-7'   # Zoë 7
  groups: ["viewers",  "etl"]
"""
HEADED = HEAD.format(account=HOME)


def map_of(text: str) -> sight.Held:
    return sight.auth_map({"mapRoles": text, "mapAccounts": "[]\n"}, {ANA})


def test_our_rows_are_read_and_the_bytes_of_others_are_left_over():
    held = map_of(HEADED + OURS + THEIRS)
    assert held.entries == {ANA: [{"etl", "viewers"}]}
    assert held.foreign == {"mapRoles": HEADED + THEIRS, "mapAccounts": "[]\n"}


def test_two_rows_of_one_identity_are_two_entries():
    assert len(map_of(OURS + THEIRS + OURS).entries[ANA]) == 2


def test_a_comment_that_vanished_is_seen():
    short = THEIRS.replace("   # Zoë 7", "")
    assert map_of(HEADED + short).foreign["mapRoles"] != HEADED + THEIRS


def statement(*roles: str, sid: str = "A") -> dict:
    condition = {"ArnEquals": {"emr-containers:ExecutionRoleArn": list(roles)}}
    return {"Sid": sid, "Effect": "Allow", "Action": [sight.START], "Condition": condition}


def policy(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_the_roles_that_jobs_may_use_are_read_from_every_statement():
    texts = {"gatehouse-1": policy(statement("x"), statement("y", "z")), "team-1": "{ }"}
    held = sight.policies(ANA, texts, {"team-1"})
    assert (held.entries, held.foreign) == ({ANA: [{"x", "y", "z"}]}, {"team-1": "{ }"})
    assert held.twice == []


def test_a_statement_twice_and_a_policy_twice_are_seen():
    twice = policy(statement("x"), statement("x", sid="B"))
    assert len(sight.policies(ANA, {"gatehouse-1": twice}, set()).twice) == 1
    texts = {"gatehouse-1": policy(statement("x")), "gatehouse-2": policy(statement("x"))}
    assert len(sight.policies(ANA, texts, set()).entries[ANA]) == 2


def test_a_policy_that_gives_nothing_is_still_an_entry():
    """An empty shell of ours that nobody needs has to be found, too."""
    assert sight.policies(ANA, {"gatehouse-1": policy()}, set()).entries == {ANA: [frozenset()]}


def test_associations_of_strangers_are_no_business_of_ours():
    stranger = role_arn(HOME, "stranger-1")
    held = sight.portfolio([ANA, EVE, stranger], {EVE})
    assert held.entries.keys() == {ANA, EVE}
    assert held.foreign.keys() == {EVE, stranger}


def test_memory_that_grows_is_not_flat():
    steady = [50 * MEGABYTE] * 10 + [100 * MEGABYTE] * 90
    assert flatness(steady) == (100 * MEGABYTE, 100 * MEGABYTE, True)
    assert not flatness([number * MEGABYTE for number in range(100, 200)])[2]
    assert not flatness(steady[:5])[2], "too few samples prove nothing"


@pytest.mark.parametrize(
    ("sorts", "never"),
    [
        (storm.AWS, set()),
        (storm.AWS, storm.READS_ONLY),
        (storm.KUBE, storm.WRITES_ONLY),
        (storm.KUBE, storm.READS_ONLY),
    ],
)
def test_all_sorts_of_faults_together_meet_the_share_asked_for(sorts, never):
    spared = 1.0
    for name, weight in sorts.items():
        spared *= 1.0 if name in never else 1 - storm.share(0.2, weight)
    assert 0.2 <= round(1 - spared, 6) < 0.23


def test_sizes_and_options():
    assert read([]).grants == Options().grants == 2000
    chosen = read(["--small", "--grants", "7", "--seed", "3"])
    assert (chosen.grants, chosen.seed, chosen.targets) == (7, 3, SMALL.targets)
    assert chosen.is_small
    assert not read([]).is_small
    assert read([]).seed
