"""From aws-auth to access entries: the entry first, the row after, and a reason for what stays."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Event
from policies.access import moves
from policies.documents import auth_moves
from policies.models import Cluster, Delivery, Grant, Target
from portal.views import progress
from tests import factories as f
from tests.journeys.test_access_entries import entries, finding, turned
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted
from tests.world import NODE_ROW

ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
BOSS = f"""- rolearn: arn:aws:iam::{f.ACCOUNT}:role/boss
  username: boss
  groups: [system:masters]
- rolearn: arn:aws:iam::{f.ACCOUNT}:role/bob
  username: bob
  groups: [viewers]
- rolearn: arn:aws:iam::{f.ACCOUNT}:role/odd
  username: "{{{{AccessKeyID}}}}"
"""
AS = ("--as", "ada.admin@example.com", "--reason", "entries only")


def told(*arguments):
    out = StringIO()
    call_command("migrate_auth_map", "main", "--json", *arguments, stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def mapped(world, peopled):
    """Ana by a row of ours, beside nodes, administrators and others' people."""
    world.set_auth_map({"mapRoles": NODE_ROW + BOSS, "mapAccounts": "- '444455556666'\n"})
    grant = granted(world, peopled, "kubernetes")
    world.settle()
    turned(world, peopled, "API_AND_CONFIG_MAP")
    return grant


def test_what_moves_and_why_the_rest_stays(mapped, world):
    before = world.auth_map()
    found = told("--dry-run")
    why = {one["key"].rpartition("/")[2]: one["why"] for one in found["rows"]}
    assert found["mode"] == "API_AND_CONFIG_MAP"
    assert [one["key"] for one in found["rows"] if one["moves"]] == [
        f"role:arn:aws:iam::{f.ACCOUNT}:role/ana"
    ]
    assert "EC2_LINUX" in why["nodes"]
    assert "access policy" in why["boss"]
    assert "not managed here" in why["bob"]
    assert "{{AccessKeyID}}" in why["odd"]
    assert "no counterpart" in why["account:444455556666"]
    assert (world.auth_map(), entries(world)) == (before, {})


def test_the_entry_comes_before_the_row_goes_and_it_goes_on_where_it_stopped(
    mapped, world, peopled
):
    with pytest.raises(CommandError, match=f"not done it yet for {mapped.ref}"):
        told(*AS, "--seconds", "0")
    assert "role/ana" in world.auth_map()["mapRoles"]
    cluster, ada = Cluster.objects.get(slug="main"), f.acting(peopled.ada)
    assert moves.take_rows(cluster, by=ada, why="too early") == []
    world.settle()
    assert entries(world) == {ANA: ("aws-user:ana", ["emr-users"], {})}
    assert "role/ana" in world.auth_map()["mapRoles"], "until the entry was seen"
    with pytest.raises(CommandError, match="not done it yet"):
        told(*AS, "--seconds", "0")
    world.settle()
    assert told(*AS)["rows"]
    assert "role/ana" not in world.auth_map()["mapRoles"]
    assert world.auth_map()["mapRoles"].startswith(NODE_ROW)
    assert entries(world) == {ANA: ("aws-user:ana", ["emr-users"], {})}
    mapped.refresh_from_db()
    assert (mapped.ended_at, mapped.released_at) == (None, None)
    assert Event.objects.filter(what="grant.moved").count() == 2
    page = progress.access(mapped, reader=peopled.ana, now=f.now())
    assert page.mark.tone == "good", "confirmed where it is now, whatever it was before"
    assert [one.name for one in page.places] == ["main"]
    end(mapped, peopled)
    world.settle()
    mapped.refresh_from_db()
    assert mapped.released_at is not None, Target.objects.values("kind", "outcome_text")
    assert entries(world) == {}


@pytest.mark.parametrize(("mode", "words"), [("CONFIG_MAP", "never goes back"), ("API", "ignores")])
def test_modes_in_which_nothing_can_move(world, peopled, mode, words):
    if mode == "API":
        turned(world, peopled, mode)
    with pytest.raises(CommandError, match=words):
        told(*AS)
    assert not Delivery.objects.exists()


def test_only_an_administrator_moves_anything(mapped, world):
    with pytest.raises(CommandError, match="is not an administrator here"):
        told("--as", "ana.engineer@example.com", "--reason", "mine")
    with pytest.raises(CommandError, match="Say who does it and why"):
        told()
    with pytest.raises(CommandError, match="Known are: main"):
        call_command("migrate_auth_map", "other", "--dry-run")
    assert Grant.objects.get().deliveries.count() == 1


def test_what_stands_on_a_row_stays_while_its_entry_is_not_seen_yet(world, peopled):
    f.ruled(peopled, "entitlement", "cluster", config=f.EKS)
    grant = granted(world, peopled, "cluster")
    world.settle()
    turned(world, peopled, "API_AND_CONFIG_MAP")
    cluster, key = Cluster.objects.get(slug="main"), f"role:arn:aws:iam::{f.ACCOUNT}:role/ana"
    assert moves.give_entries(cluster, [key], by=f.acting(peopled.ada), why="entries") == [grant]
    Target.objects.filter(kind="cluster_access_entries").update(next_look_at=None)
    Target.objects.filter(kind="principal_policy").update(next_look_at=f.due())
    world.settle()
    assert finding(world), "taken away while the entry is not seen yet"


def test_access_that_has_not_begun_holds_nobody_up(mapped, world, peopled):
    later = f.now() + timedelta(days=5)
    Grant.objects.update(starts_at=later, started_at=None)
    with pytest.raises(CommandError, match="not done it yet"):
        told(*AS, "--seconds", "0")  # the row is on its way out, its entry is not waited for
    world.settle()
    told(*AS, "--seconds", "0")
    rows = Delivery.objects.filter(target__kind="cluster_auth_map")
    assert {one.state for one in rows} == {Delivery.State.RELEASED}
    assert Delivery.objects.filter(target__kind="cluster_access_entries").exists()


STAYS = [
    ({"username": "ana", "groups": ["system:masters"]}, "access policy"),
    ({"username": "ana", "groups": ["eks:dashboards"]}, ""),
    ({"username": "ana", "groups": ["team-{{SessionName}}"]}, "made at each sign-in"),
    ({"username": "eks:ana", "groups": []}, "belongs to the cluster"),
    ({"username": "{{SessionName}}", "groups": ["viewers"]}, ""),
    ({"username": "{{AccessKeyID}}", "groups": ["viewers"]}, "made at each sign-in"),
    ({"username": "system:node:{{EC2PrivateDNSName}}", "groups": []}, "EC2_LINUX"),
]


@pytest.mark.parametrize(("row", "why"), STAYS)
def test_what_stands_in_a_rows_way(row, why):
    key = "role:arn:aws:iam::111122223333:role/x"
    [move] = auth_moves.moves({key: json.dumps(row)}, {key: "arn:aws:iam::111122223333:role/x"})
    assert why in move.why
    assert move.moves == (not why)


def test_a_dry_run_writes_no_row_here_either(world, peopled):
    turned(world, peopled, "API_AND_CONFIG_MAP")
    before = list(Target.objects.values_list("kind", "object"))
    told("--dry-run")
    assert list(Target.objects.values_list("kind", "object")) == before
