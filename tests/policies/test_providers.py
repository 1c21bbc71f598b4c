"""The pure half of providers: what parts fold into, what holds them, how full it gets."""

import json

from policies.plan import Change, Reading
from policies.providers import cluster_auth_map, portfolio_principals, principal_policy
from policies.providers.protocol import Place

ROLE = "arn:aws:iam::111122223333:role/people/ana"
PORTFOLIO = Place("portfolio_principals", "111122223333", "us-east-1", "port-1", "abcd1234")
POLICY = Place("principal_policy", "111122223333", "", ROLE, "abcd1234")
CLUSTER = Place("cluster_auth_map", "111122223333", "us-east-1", "main", "abcd1234")
OURS = "gatehouse-abcd1234"


def associated(name):
    return {"arn": f"arn:aws:iam::111122223333:role/{name}", "type": "IAM"}


def jobs(role):
    cluster = "arn:aws:emr-containers:us-east-1:111122223333:/virtualclusters/v1"
    arn = f"arn:aws:iam::111122223333:role/{role}"
    return {"statement": "emr_eks_jobs", "virtual_cluster": cluster, "execution_role": arn}


def member(group, username="aws-user:ana"):
    return {"arn": "arn:aws:iam::111122223333:role/ana", "username": username, "group": group}


def test_removals_come_first_so_that_what_they_free_can_be_used():
    groups = portfolio_principals.writes([Change("a", None, "1"), Change("b", "1", None)])
    assert [[one.key for one in group] for group in groups] == [["b"], ["a"]]


def test_others_principals_count_against_the_quota_and_ours_count_once():
    reading = Reading({"IAM:theirs": "associated", f"IAM:{associated('x')['arn']}": "associated"})
    parts = [associated("x"), associated("y")]
    basis = portfolio_principals.basis(reading, PORTFOLIO, parts, {})
    [load] = portfolio_principals.load(basis, PORTFOLIO, parts)
    assert (load.used, load.limit) == (3, 100)


def test_without_parts_there_is_no_policy_of_ours():
    assert principal_policy.desired(POLICY, []) == {}


def test_a_policy_holds_a_part_only_with_its_execution_role():
    state = principal_policy.desired(POLICY, [jobs("sales")])
    assert list(state) == [OURS]
    assert principal_policy.holds(state, POLICY, jobs("sales"))
    assert not principal_policy.holds(state, POLICY, jobs("ops"))


def test_others_policies_count_against_the_quota():
    parts = [jobs("sales")]
    used = [
        principal_policy.load({"inline": n, "attached": 0, "limits": {}}, POLICY, parts)[0].used
        for n in (0, 5000)
    ]
    assert used[1] == used[0] + 5000


def test_groups_of_one_arn_are_united_in_one_row():
    state = cluster_auth_map.desired(CLUSTER, [member("b"), member("a")])
    assert [json.loads(text)["groups"] for text in state.values()] == [["a", "b"]]


def test_a_row_holds_a_part_only_with_its_group_and_its_user_name():
    state = cluster_auth_map.desired(CLUSTER, [member("a")])
    assert cluster_auth_map.holds(state, CLUSTER, member("a"))
    assert not cluster_auth_map.holds(state, CLUSTER, member("b"))
    assert not cluster_auth_map.holds(state, CLUSTER, member("a", "aws-user:else"))
    assert not cluster_auth_map.holds({}, CLUSTER, member("a"))
