"""Rows that not even an administrator takes out, and rows that an sso block maps already."""

from dataclasses import replace
from typing import Any

import pytest

from policies.documents.auth_map import Guard, untouchable
from policies.documents.auth_rows import Row, read, wanted_row
from policies.documents.auth_splice import splice
from policies.documents.auth_text import Refused
from policies.outcomes import Outcome
from policies.plan import Change, Reading
from policies.providers import PROVIDERS, Place, cluster_auth_map

ROLE = "arn:aws:iam::111122223333:role/"
DEV = f"{ROLE}dev"
PLACE = Place("cluster_auth_map", "111122223333", "us-east-1", "main", "k3f9")


@pytest.mark.parametrize(
    ("arn", "username", "groups", "guard"),
    [
        (DEV, "system:node:{{EC2PrivateDNSName}}", ["system:nodes"], Guard.NODES),
        (DEV, "SYSTEM:NODE:{{SessionName}}", [], Guard.NODES),
        (DEV, "x", ["system:bootstrappers"], Guard.GROUP),
        (DEV, "x", ["system:node-proxier"], Guard.GROUP),
        (DEV, "x", ["eks:kube-proxy-windows"], Guard.GROUP),
        (DEV, "bob", ["devs", "system:masters"], Guard.GROUP),
        (f"{ROLE}AWSServiceRoleForAmazonEMRContainers", "emr-containers", [], Guard.SERVICE),
        (f"{ROLE}aws-service-role/eks.amazonaws.com/X", "x", [], Guard.SERVICE),
        (DEV, "kubernetes-admin", [], Guard.CREATOR),
        (DEV, "eks:fargate", [], Guard.NAME),
        (DEV, "x", ["system:authenticated"], Guard.NAME),
        (f"{ROLE}KarpenterNodeRole-lake", "", [], Guard.NODE_ROLE),
        (f"{ROLE}eksctl-lake-nodegroup-a-NodeInstanceRole-1AB", "typo", [], Guard.NODE_ROLE),
        (f"{ROLE}AmazonEKSFargatePodExecutionRole", "typo", [], Guard.NODE_ROLE),
        (f"{ROLE}AmazonEKSAutoNodeRole", "typo", [], Guard.NODE_ROLE),
        (DEV, "dev", ["devs"], None),
        (f"{ROLE}AWSReservedSSO_Admin_0123456789abcdef", "admin", ["admins"], None),
        ("arn:aws:iam::111122223333:user/karpenternoderole", "x", [], None),
    ],
)
def test_the_clusters_own_rows_are_untouchable(
    arn: str, username: str, groups: list[str], guard: Guard | None
) -> None:
    section = "mapUsers" if ":user/" in arn else "mapRoles"
    row = Row(section, arn.lower(), username, tuple(groups))
    assert untouchable(row) is guard
    text = cluster_auth_map.auth_map.row_text(username, groups)
    assert cluster_auth_map.untouchable(PLACE, row.key, text) == (guard or "")


def test_what_is_no_row_in_effect_is_not_cut_out() -> None:
    assert cluster_auth_map.untouchable(PLACE, "~0123456789ab#1", "- hello")


@pytest.mark.parametrize(
    ("kind", "key", "free"),
    [
        ("portfolio_principals", f"IAM:{DEV}", True),
        (
            "portfolio_principals",
            f"IAM:{ROLE}aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
            False,
        ),
        ("portfolio_principals", "IAM_PATTERN:arn:aws:iam:::role/AWSServiceRoleFor*", False),
        ("principal_policy", "gatehouse-k3f9", True),
        ("principal_policy", "gatehouse-other", False),
        ("principal_policy", "team-inline", False),
    ],
)
def test_other_places_say_what_an_administrator_may_remove(kind: str, key: str, free: bool) -> None:
    place = replace(PLACE, kind=kind, object=DEV)
    assert (PROVIDERS[kind].untouchable(place, key, "{}") == "") is free


SSO = f"""- sso:
    permissionSetName: Admin
    accountID: "111122223333"
  username: a
- rolearn: {DEV}
"""
RESERVED = f"{ROLE}AWSReservedSSO_Admin_0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        SSO,
        SSO.replace("permissionSetName", "PERMISSIONSETNAME").replace('"', ""),
        SSO.replace("Admin", "ADMIN"),
        "[{sso: {permissionSetName: Admin, accountID: '111122223333', partition: aws}}]",
    ],
)
def test_a_role_that_an_sso_block_maps_gets_no_second_row(text: str) -> None:
    row = wanted_row(RESERVED, "x", [])
    with pytest.raises(Refused, match="sso entry maps"):
        splice({"mapRoles": text}, {row.key: row})


@pytest.mark.parametrize(
    "text",
    [
        SSO.replace("Admin", "Billing"),
        SSO.replace("111122223333", "999999999999", 1),
        SSO.replace("  username: a", "  rolearn: x"),
        SSO.replace("    permissionSetName: Admin\n", ""),
        SSO.replace("Admin", "Ad.in"),
        SSO + "- sso: null\n  rolearn: x\n- sso: text\n",
    ],
)
def test_an_sso_block_of_another_role_keeps_nobody_out(text: str) -> None:
    row = wanted_row(RESERVED.replace("Admin", "Other"), "x", [])
    assert splice(splice({"mapRoles": text}, {row.key: row}), {row.key: None}) == {"mapRoles": text}
    assert read(text).entries[0].maps_by_sso(RESERVED.lower()) is False or text.count("Admin") > 0


def test_put_back_text_that_is_another_row_is_refused() -> None:
    change = Change(
        f"role:{DEV}", None, '{"groups":[],"username":"x"}', original="- rolearn: other"
    )
    assert cluster_auth_map._own_row(change) is None


def test_a_cluster_that_ignores_the_map_is_sent_no_row() -> None:
    reading = Reading({}, {"data": {}, "uid": "u", "mode": "API"})
    given = Change(f"role:{DEV}", None, '{"groups":[],"username":"x"}')
    nobody: Any = None  # nothing may be called
    with pytest.raises(Outcome, match="GH-240") as caught:
        cluster_auth_map.apply(nobody, PLACE, reading, [given], [])
    assert list(caught.value.each) == [given.key]
