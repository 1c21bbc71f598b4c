"""aws-auth from wish to settled: few requests, nobody's row lost, every byte back in the end."""

import json
import random

import pytest

from policies import clients, outcomes
from policies.access import grants
from policies.documents import auth_map
from policies.models import Delivery, EndReason, Key, Phase, Plan, Target, wake
from policies.providers import cluster_auth_map
from policies.reconcile import lease, retries
from tests import factories as f
from tests.journeys.test_main_line import granted
from tests.world import NODE_ROW

ROLE = f"arn:aws:iam::{f.ACCOUNT}:role/"
FOREIGN = NODE_ROW.replace("\n", "\r\n") + "".join(
    f"-   rolearn: {ROLE}Team{n} # since 20{n}\r\n    username: 'u{n}'\r\n"
    + (f'    groups: [a, "b{n}"]\r\n\r\n' if n % 3 else "    note: by hand\r\n  # between\r\n")
    for n in range(10, 75)
)
MAP = {
    "mapRoles": FOREIGN + "# the end",
    "mapUsers": "''",
    "mapAccounts": "- 012345670123\n",
    "teamNote": "\tkeep \n",
}


def requests(world):
    """Every request so far to the cluster: (method, status)."""
    asked = world._kube("GET", "/_fake/requests")["requests"]
    return [(one["method"], one["status"]) for one in asked]


def forget_requests(world):
    world._kube("DELETE", "/_fake/requests")


def fault(world, kind, **order):
    world._kube("POST", "/_fake/faults", {"kind": kind, "cluster": "main", **order})


def burst(grant, number):
    """The grant's delivery, `number` times: to as many roles."""
    first = grant.deliveries.get()
    first.part = {**first.part, "arn": f"{ROLE}burst0"}
    first.save()
    Delivery.objects.bulk_create(
        Delivery(
            grant=grant,
            target=first.target,
            part={**first.part, "arn": f"{ROLE}burst{n}", "username": f"b:{n}"},
        )
        for n in range(1, number)
    )


def end(grant, company):
    grants.end(grant, by=f.acting(company.ana), reason=EndReason.GIVEN_BACK)


def kubernetes(world, peopled, groups=("viewers",)):
    return granted(world, peopled, "kubernetes")


def test_a_burst_of_a_hundred_rows_is_one_write_and_leaves_every_byte(world, peopled):
    world.set_auth_map({**MAP})
    grant = kubernetes(world, peopled)
    burst(grant, 100)
    for given in (True, False):
        if not given:
            end(grant, peopled)
        forget_requests(world)
        world.settle(seconds=60)
        made = requests(world)
        assert len(made) <= 5, made
        assert [one for one in made if one[0] != "GET"] == [("PATCH", 200)]
        assert Target.objects.get().phase == Phase.SETTLED
        text = world.auth_map()["mapRoles"]
        assert text.count("/burst") == (100 if given else 0)
        assert text.startswith(MAP["mapRoles"])
    assert world.auth_map() == MAP


def test_twenty_writes_of_others_between_ours_lose_nothing_on_either_side(
    world, peopled, monkeypatch
):
    """A foreign writer gets in between reading and writing, twenty times running."""
    monkeypatch.setattr(retries, "LONGEST_CONFLICT_SECONDS", 0.5)
    world.set_auth_map({**MAP})
    grant = kubernetes(world, peopled)
    burst(grant, 20)
    original, calls = clients.writing, []

    def write_after_another(*args, **kwargs):
        if len(calls) < 20:
            calls.append(f"- rolearn: {ROLE}other{len(calls)} # new\n")
            world.set_auth_map({"mapRoles": FOREIGN + "".join(calls)})
        return original(*args, **kwargs)

    monkeypatch.setattr(clients, "writing", write_after_another)
    world.settle(seconds=120)
    grant.refresh_from_db()
    text = world.auth_map()["mapRoles"]
    assert (len(calls), grant.seen_at is not None) == (20, True)
    assert text.startswith(FOREIGN + "".join(calls))
    assert text.count("/burst") == 20
    end(grant, peopled)
    world.settle(seconds=60)
    assert world.auth_map() == {**MAP, "mapRoles": FOREIGN + "".join(calls)}


@pytest.mark.parametrize(("attempts", "longest"), [(0, 0.1), (3, 0.8), (40, 5.0)])
def test_a_conflict_is_tried_again_soon_and_never_after_minutes(company, attempts, longest):
    conflict = outcomes.Outcome(outcomes.Kind.CONFLICT, "somebody wrote")
    now = lease.database_now()
    target = Target(kind="cluster_auth_map", attempts=attempts)
    waits = [
        (retries.waiting(target, now, conflict)["next_look_at"] - now).total_seconds()
        for _ in range(50)
    ]
    assert longest * 0.49 <= min(waits) < max(waits) <= longest


def test_who_is_asked_to_wait_waits_as_long(company):
    asked = outcomes.Outcome(outcomes.Kind.THROTTLED, "slowly", retry_after=40)
    now = lease.database_now()
    values = retries.waiting(Target(kind="cluster_auth_map"), now, asked)
    assert (values["next_look_at"] - now).total_seconds() == 40


def test_a_broken_section_keeps_only_its_own_rows_waiting(world, peopled):
    broken = {"mapRoles": NODE_ROW, "mapUsers": "a: b: c"}
    world.set_auth_map(broken)
    grant = kubernetes(world, peopled)
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None
    assert world.auth_map()["mapUsers"] == "a: b: c"
    torn = world.auth_map()["mapRoles"] + "- rolearn: {{x\n"
    world.set_auth_map({"mapRoles": torn})
    end(grant, peopled)
    world.settle(seconds=5)
    grant.refresh_from_db()
    target = Target.objects.get()
    assert (target.phase, target.outcome, grant.released_at) == (Phase.STUCK, "malformed", None)
    assert target.next_look_at is not None
    assert world.auth_map()["mapRoles"] == torn
    world.set_auth_map({"mapRoles": torn.removesuffix("- rolearn: {{x\n")})
    Target.objects.update(next_look_at=lease.database_now())
    world.settle()
    grant.refresh_from_db()
    assert (grant.released_at is not None, world.auth_map()) == (True, broken)


def test_one_row_that_is_refused_keeps_no_other_row_waiting(world, peopled):
    theirs = f"- rolearn: {ROLE}burst1\n- rolearn: {ROLE}BURST1\n"
    world.set_auth_map({"mapRoles": NODE_ROW, "mapUsers": theirs.replace("rolearn", "userarn")})
    grant = kubernetes(world, peopled)
    burst(grant, 5)
    world.settle(seconds=10)
    target = Target.objects.get()
    assert world.auth_map()["mapRoles"].count("/burst") == 4
    assert list(target.refused) == [f"role:{ROLE}burst1"]
    assert (target.phase, "stands in mapUsers too" in target.outcome_text) == (Phase.STUCK, True)
    end(grant, peopled)
    world.settle(seconds=10)
    assert world.auth_map()["mapRoles"] == NODE_ROW


def test_a_row_others_changed_inside_our_window_is_not_written_over(world, peopled):
    grant = kubernetes(world, peopled)
    world.settle()
    Key.objects.update(window_until=f.later(1))
    edited = world.auth_map()["mapRoles"].replace("aws-user:ana", "aws-user:somebody")
    world.set_auth_map({"mapRoles": edited})
    end(grant, peopled)
    world.settle_once()
    assert world.auth_map()["mapRoles"] == edited
    Key.objects.update(window_until=lease.database_now())
    Target.objects.update(next_look_at=lease.database_now())
    world.settle(seconds=3)
    assert (Target.objects.get().phase, world.auth_map()["mapRoles"]) == (Phase.HELD, edited)


ROW = f"- rolearn: {ROLE}ana # by mail\n  username: 'aws-user:ana'\n  groups: [old]\n  note: x\n"


def test_what_a_write_replaced_is_kept_in_its_own_bytes_and_written_again(world, peopled):
    grant = kubernetes(world, peopled)
    target = Target.objects.get()
    world.set_auth_map({"mapRoles": NODE_ROW + ROW + "# end\n"})
    text = auth_map.row_text("aws-user:ana", ["old"])
    Key.objects.create(target=target, key=f"role:{ROLE}ana", origin=Key.Origin.ADOPTED, text=text)
    world.settle()
    kept = Key.objects.get()
    assert kept.replaced == ROW.rstrip("\n")
    assert Plan.objects.get().changes[0]["original"] == kept.replaced
    # Putting back: the wish is what the kept text means; its bytes are what is written.
    part = {"arn": f"{ROLE}ana", "username": "aws-user:ana", "group": "old"}
    grant.deliveries.update(part=part)
    wake([target])
    world.settle()
    assert world.auth_map()["mapRoles"] == NODE_ROW + ROW + "# end\n"


def test_a_lost_change_that_never_arrived_is_made_again(world, peopled):
    grant = kubernetes(world, peopled)
    world.settle()
    part = grant.deliveries.get().part
    Delivery.objects.create(
        grant=grant, target=Target.objects.get(), part={**part, "group": "viewers"}
    )
    wake([Target.objects.get()])
    fault(world, "drop", on="write")
    world.settle(seconds=20)
    assert Target.objects.get().phase == Phase.SETTLED, Target.objects.values()
    row = json.loads(Key.objects.get().text)
    assert row["groups"] == ["emr-users", "viewers"]


def test_a_cluster_that_ignores_the_map_is_given_no_row_but_rows_are_taken_out(world, peopled):
    grant = kubernetes(world, peopled)
    world.settle()
    world.client("eks").update_cluster_config(
        name="main", accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"}
    )
    world.client("eks").update_cluster_config(
        name="main", accessConfig={"authenticationMode": "API"}
    )
    request = f.asked(peopled, "kubernetes", groups=["emr-users"])
    world.answer()
    assert "ignores aws-auth" in json.dumps(request.items.get().preview)
    end(grant, peopled)
    world.settle()
    assert world.auth_map() == {"mapRoles": NODE_ROW}


def test_without_a_map_none_is_made(world, peopled):
    kubernetes(world, peopled)
    world._kube("POST", "/_fake/clusters", {"name": "main", "data": None})
    world.settle(seconds=30)
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.STUCK, "missing")
    assert world.auth_map() == {}


def test_the_last_writer_and_the_rows_bytes_come_with_the_reading(world, peopled):
    place = cluster_auth_map.Place(
        "cluster_auth_map", f.ACCOUNT, f.REGION, "main", "x", {"cluster": "main"}
    )
    world.set_auth_map({"mapRoles": FOREIGN})
    reading = cluster_auth_map.read(clients.reading(f.ACCOUNT, f.REGION), place)
    assert reading.writer.startswith("kubectl-edit, 20")
    chosen = random.choice(range(11, 75))
    assert reading.originals[f"role:{ROLE}Team{chosen}".lower()].startswith(
        f"-   rolearn: {ROLE}Team{chosen} # since 20{chosen}\r\n"
    )
