"""What finds no room inline goes into managed policies of our own, and those go when empty."""

import json
import signal
import subprocess
import sys

import pytest

from policies.access import decisions, grants
from policies.access.errors import Refused
from policies.models import Delivery, EndReason, Installation, Key, Phase, Plan, Target
from policies.providers import managed, places
from tests import factories as f
from tests.journeys.test_death import environment
from tests.journeys.test_honesty import also, end, fault
from tests.journeys.test_main_line import granted


def filled(world, size, name="theirs"):
    """Somebody else's inline policy of `size` characters."""
    start = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",'
    start += '"Resource":"arn:aws:s3:::'
    document = start + "x" * (size - len(start) - len('"}]}')) + '"}]}'
    world.client("iam").put_role_policy(RoleName="ana", PolicyName=name, PolicyDocument=document)
    return name


def spilled(world):
    """{name: document} of the managed policies attached to Ana's role, by their default version."""
    iam = world.client("iam")
    attached = iam.list_attached_role_policies(RoleName="ana")["AttachedPolicies"]
    found = {}
    for one in attached:
        arn = one["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        found[one["PolicyName"]] = answer["PolicyVersion"]["Document"]
    return found


def made(world):
    """Customer managed policies there are, attached or not."""
    return world.client("iam").list_policies(Scope="Local")["Policies"]


def seen(grant):
    grant.refresh_from_db()
    return grant.seen_at is not None


def test_what_finds_no_room_inline_is_spilled_and_gone_when_it_ends(world, peopled):
    theirs = filled(world, 10_235)
    grant = granted(world, peopled, "jobs")
    world.settle()
    assert seen(grant), Target.objects.values()
    (name,) = spilled(world)
    key = Key.objects.get()
    assert (key.key, key.origin) == (f"managed:{name}", Key.Origin.MADE)
    assert set(world.policies("ana")) == {theirs}
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None
    assert (spilled(world), made(world), set(world.policies("ana"))) == ({}, [], {theirs})


def test_what_stands_inline_stays_there_and_only_the_new_goes_out(world, peopled):
    first = granted(world, peopled, "jobs")
    world.settle()
    inline = {n: d for n, d in world.policies("ana").items() if n.startswith("gatehouse-")}
    size = sum(len(json.dumps(d, separators=(",", ":"))) for d in inline.values())
    theirs = filled(world, 10_240 - size)
    second = also(world, peopled, "jobs", roles=["ops"])
    world.settle()
    assert seen(second)
    assert {n: d for n, d in world.policies("ana").items() if n != theirs} == inline
    (document,) = spilled(world).values()
    assert "emr-exec-ops" in json.dumps(document)
    end(first, peopled)
    world.settle()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.released_at is not None, second.ended_at) == (True, None)
    assert Delivery.objects.get(grant=first).release == Delivery.Release.GONE
    end(second, peopled)
    world.settle()
    assert (spilled(world), made(world), set(world.policies("ana"))) == ({}, [], {theirs})


def test_ten_changes_never_meet_the_limit_of_versions(world, peopled):
    filled(world, 10_235)
    first = granted(world, peopled, "jobs")
    world.settle()
    for _ in range(5):
        more = also(world, peopled, "jobs", roles=["ops"])
        world.settle()
        assert seen(more)
        end(more, peopled)
        world.settle()
    arn = made(world)[0]["Arn"]
    versions = world.client("iam").list_policy_versions(PolicyArn=arn)["Versions"]
    assert len(versions) == 4
    assert max(int(one["VersionId"].lstrip("v")) for one in versions) == 11
    assert not Plan.objects.exclude(outcome="applied").exists()
    end(first, peopled)
    world.settle()
    assert made(world) == []


def attach_foreign(world, count):
    iam = world.client("iam")
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for number in range(count):
        one = iam.create_policy(PolicyName=f"theirs-{number}", PolicyDocument=document)
        iam.attach_role_policy(RoleName="ana", PolicyArn=one["Policy"]["Arn"])


def test_where_nothing_more_can_be_attached_the_preview_says_so_with_the_figure(world, peopled):
    filled(world, 10_235)
    attach_foreign(world, 10)
    request = f.asked(peopled, "jobs", roles=["sales"])
    world.answer()
    with pytest.raises(Refused, match="10 of 10 used, 1 more needed"):
        decisions.approve(request, f.shown(request), by=f.acting(peopled.kim), now=f.now())
    assert made_by_us(world) == []


def made_by_us(world):
    return [one for one in made(world) if one["PolicyName"].startswith("gatehouse-")]


def test_attachments_that_filled_up_meanwhile_are_a_quota_with_its_figure(world, peopled):
    filled(world, 10_235)
    grant = granted(world, peopled, "jobs")
    attach_foreign(world, 10)
    world.settle()
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.STUCK, "quota")
    assert "PoliciesPerRole: 10" in target.outcome_text
    assert (seen(grant), made_by_us(world), Key.objects.count()) == (False, [], 0)


def test_a_raised_quota_of_attachments_is_believed(world, peopled):
    filled(world, 10_235)
    attach_foreign(world, 10)
    world.fake.post("/_fake/limits", {"name": "AttachedPoliciesPerRoleQuota", "value": 20})
    grant = granted(world, peopled, "jobs")
    world.settle()
    assert seen(grant)


@pytest.mark.parametrize("operation", ["CreatePolicy", "AttachRolePolicy"])
@pytest.mark.parametrize("kind", ["lose", "drop", "throttle"])
def test_a_lost_or_slowed_step_of_a_spill_is_settled_by_reading(world, peopled, operation, kind):
    filled(world, 10_235)
    grant = granted(world, peopled, "jobs")
    fault(world, service="iam", operation=operation, kind=kind, times=1)
    world.settle(seconds=40)
    assert seen(grant), Target.objects.values()
    assert len(made_by_us(world)) == len(spilled(world)) == 1


@pytest.mark.parametrize("operation", ["DetachRolePolicy", "DeletePolicy"])
@pytest.mark.parametrize("kind", ["lose", "drop"])
def test_a_lost_step_of_a_removal_leaves_nothing_behind(world, peopled, operation, kind):
    filled(world, 10_235)
    grant = granted(world, peopled, "jobs")
    world.settle()
    fault(world, service="iam", operation=operation, kind=kind, times=1)
    end(grant, peopled)
    world.settle(seconds=40)
    grant.refresh_from_db()
    assert grant.released_at is not None
    assert made(world) == []


def test_stale_reads_never_fake_a_spill(world, peopled):
    filled(world, 10_235)
    fault(world, service="iam", kind="stale", seconds=8)
    grant = granted(world, peopled, "jobs")
    world.settle_once()
    world.settle_once()
    assert not seen(grant)
    world.settle(seconds=40)
    assert seen(grant)
    assert len(made_by_us(world)) == 1


def test_a_policy_of_our_name_that_is_not_attached_is_completed_not_trusted(world, peopled):
    filled(world, 10_235)
    grant = granted(world, peopled, "jobs")
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    world.client("iam").create_policy(
        PolicyName=f"gatehouse-{Installation.current()}-role-ana-1",
        Path="/gatehouse/",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    world.settle()
    assert seen(grant)
    (document,) = spilled(world).values()
    assert "s3:ListBucket" not in json.dumps(document)


@pytest.mark.processes
@pytest.mark.parametrize("operation", ["create_policy", "attach_role_policy"])
def test_kill_nine_inside_a_spill_settles(world, peopled, operation):
    filled(world, 10_235)
    grant = granted(world, peopled, "jobs")
    die_after(Target.objects.get(), operation)
    assert len(made_by_us(world)) == 1
    assert len(spilled(world)) == (operation == "attach_role_policy")
    world.settle(seconds=60)
    assert seen(grant), Target.objects.values()
    end(grant, peopled)
    world.settle(seconds=60)
    assert made(world) == []


@pytest.mark.processes
def test_kill_nine_between_detach_and_delete_leaves_nothing_behind(world, peopled):
    filled(world, 10_235)
    grant = granted(world, peopled, "jobs")
    world.settle()
    grants.end(grant, by=f.acting(peopled.ana), reason=EndReason.GIVEN_BACK)
    die_after(Target.objects.get(), "detach_role_policy")
    assert (len(made_by_us(world)), spilled(world)) == (1, {})
    world.settle(seconds=60)
    grant.refresh_from_db()
    assert grant.released_at is not None
    assert made(world) == []


def die_after(target, operation):
    """A worker process makes a pass and is killed with -9 right after AWS applied `operation`."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.journeys.crash", str(target.pk), operation],
        env={**environment(), "LEASE_SECONDS": "6"},
        check=False,
        capture_output=True,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()


def test_a_pass_over_an_identity_that_spills_nothing_reads_one_call_more(world, peopled):
    granted(world, peopled, "jobs")
    world.fake.delete("/_fake/calls")
    world.settle_once()
    calls = [one["operation"] for one in world.fake.get("/_fake/calls")["calls"]]
    assert calls.count("ListAttachedRolePolicies") == 1
    assert not {"GetPolicy", "GetPolicyVersion", "GetAccountSummary"} & set(calls)


def test_roles_named_alike_but_for_their_path_share_no_managed_policy(world, peopled):
    pairs = [
        managed.key(places.place("principal_policy", f.ACCOUNT, "", f"arn:aws:iam::1:{one}"), 1)
        for one in ("role/ana", "user/ana", "role/ana-1")
    ]
    assert len(set(pairs)) == 3
