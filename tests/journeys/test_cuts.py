"""What an end cuts off: a Deny for older sessions for as long as they live, and running jobs."""

import json
import time
from datetime import timedelta

import boto3
import pytest

from accounts.models import Event
from policies.access import decisions, grants
from policies.access.errors import Refused
from policies.access.requests import Wish, ask
from policies.models import Delivery, EndReason, Grant, Target
from tests import factories as f
from tests.journeys.test_honesty import end

CLUSTER = "0b0qvauoy3ch1nqodxxxxxxxx"
EXEC = f"arn:aws:iam::{f.ACCOUNT}:role/emr-exec-"


def seeded(world):
    """The virtual cluster the catalogue names, in the fake."""
    cluster = {"id": CLUSTER, "name": "jobs", "cluster": "main", "namespace": "jobs"}
    order = {"account": f.ACCOUNT, "region": f.REGION, "virtual_clusters": [cluster]}
    world.fake.post("/_fake/seed", order)


def session(world, role, name="ana@example.com"):
    """EMR on EKS as a session of an IAM role."""
    keys = world.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{f.ACCOUNT}:role/{role}", RoleSessionName=name
    )["Credentials"]
    return boto3.client(
        "emr-containers",
        region_name=f.REGION,
        endpoint_url=world.fake.aws,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def start(emr, role="sales", name="nightly"):
    return emr.start_job_run(
        virtualClusterId=CLUSTER,
        name=name,
        executionRoleArn=EXEC + role,
        releaseLabel="emr-6.9.0-latest",
        jobDriver={"sparkSubmitJobDriver": {"entryPoint": "s3://bucket/job.py"}},
        clientToken=name,
    )["id"]


def running(world):
    listed = world.client("emr-containers").list_job_runs(virtualClusterId=CLUSTER)["jobRuns"]
    return {one["id"] for one in listed if one["state"] == "RUNNING"}


def cutting(world, company, slug="jobs", cut="sessions", **terms):
    """A grant of Ana's whose end cuts, settled."""
    seeded(world)
    f.ruled(company, "entitlement", slug, cut=cut)
    request = f.asked(company, slug, **terms)
    world.answer()
    f.approved(request, company.kim)
    world.settle()
    return Grant.objects.get(item__request=request)


def also(world, company, **terms):
    """A second grant of Ana’s for jobs; that its end may interrupt the first is accepted."""
    wish = Wish(company.entitlements["jobs"], company.ana_role, terms)
    facts = {"by": f.acting(company.ana), "person": company.ana, "reason": "more work"}
    request = ask([wish], days=10, now=f.now(), **facts)
    world.answer()
    by = f.acting(company.kim)
    decisions.approve(request, f.shown(request), by=by, now=f.now(), collateral=True)
    return Grant.objects.get(item__request=request)


def denies(world, role="ana"):
    return [
        one
        for document in world.policies(role).values()
        for one in document["Statement"]
        if one["Effect"] == "Deny"
    ]


def wear_out(grant):
    """The time of the grant's cuts is over."""
    Delivery.objects.cuts().filter(grant=grant).update(
        wanted_from=f.now() - timedelta(hours=2), wanted_until=f.now() - timedelta(seconds=1)
    )


def test_an_end_with_a_cut_denies_older_sessions_and_then_takes_that_away(world, peopled):
    grant = cutting(world, peopled, roles=["sales"])
    assert denies(world) == []
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None
    (deny,) = denies(world)
    assert deny["Action"] == ["emr-containers:*"]
    (before,) = deny["Condition"]["DateLessThan"]["aws:TokenIssueTime"]
    assert grant.ended_at.strftime("%Y-%m-%dT%H:%M") == before[:16]
    assert before > grant.ended_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    cut = Delivery.objects.cuts().get(target__kind="principal_policy")
    assert (cut.state, cut.wanted_until) == ("seen", grant.ended_at + timedelta(hours=1))
    wear_out(grant)
    world.settle()
    cut.refresh_from_db()
    assert (denies(world), cut.state, cut.release) == ([], "released", "gone")
    assert [Event.objects.filter(what=f"grant.{one}").count() for one in ("cut", "gone")] == [1, 1]
    assert Event.objects.filter(what="grant.cut_gone").count() == 2
    assert world.policies("ana") == {}


def test_a_cut_lasts_as_long_as_the_roles_longest_session(world, peopled):
    world.client("iam").update_role(RoleName="ana", MaxSessionDuration=4 * 3600)
    grant = cutting(world, peopled, roles=["sales"])
    end(grant, peopled)
    grant.refresh_from_db()
    until = set(Delivery.objects.cuts().values_list("wanted_until", flat=True))
    assert until == {grant.ended_at + timedelta(hours=4)}


def test_an_end_without_a_cut_denies_nothing_and_cancels_nothing(world, peopled):
    grant = cutting(world, peopled, cut="none", roles=["sales"])
    job = start(session(world, "people/ana"))
    end(grant, peopled)
    world.settle()
    assert (denies(world), running(world)) == ([], {job})
    assert not Delivery.objects.cuts().exists()


def test_two_ends_are_one_statement_and_each_date_goes_in_its_own_time(world, peopled):
    first = cutting(world, peopled, roles=["sales"])
    second = also(world, peopled, roles=["ops"])
    world.settle()
    end(first, peopled)
    world.settle()
    wait_a_second(first)
    end(second, peopled)
    world.settle()
    (deny,) = denies(world)
    assert len(deny["Condition"]["DateLessThan"]["aws:TokenIssueTime"]) == 2
    wear_out(first)
    world.settle()
    (deny,) = denies(world)
    assert len(deny["Condition"]["DateLessThan"]["aws:TokenIssueTime"]) == 1


def wait_a_second(grant):
    """Dates in policies are whole seconds: the next end is to have another one."""
    grant.refresh_from_db()
    while f.now().replace(microsecond=0) <= grant.ended_at.replace(microsecond=0):
        pass


def test_only_the_persons_own_jobs_with_the_ended_roles_are_cancelled(world, peopled):
    grant = cutting(world, peopled, roles=["sales"])
    ops = also(world, peopled, roles=["ops"])
    ana, ben = session(world, "people/ana"), session(world, "people/ben", "ben@example.com")
    mine, kept = start(ana), start(ana, "ops", "other-role")
    theirs = start(ben, name="bens")
    end(grant, peopled)
    world.settle()
    assert running(world) == {kept, theirs}
    grant.refresh_from_db()
    assert grant.released_at is not None
    cut = Delivery.objects.cuts().get(target__kind="job_runs")
    assert (cut.state, cut.target.object) == ("seen", f"{CLUSTER}/{peopled.ana_role.arn}")
    time.sleep(1.1)  # what began in the very second of the end counts as begun before it
    later = start(ana, name="given-anew")
    Target.objects.filter(kind="job_runs").update(next_look_at=f.due())
    world.settle()
    assert running(world) == {kept, theirs, later}
    assert mine not in running(world)
    assert ops.ended_at is None


def test_jobs_that_other_living_access_covers_go_on(world, peopled):
    grant = cutting(world, peopled, roles=["sales"])
    also(world, peopled, roles=["sales"])
    job = start(session(world, "people/ana"))
    end(grant, peopled)
    world.settle()
    assert running(world) == {job}
    assert not Target.objects.filter(kind="job_runs").exists()


def test_jobs_of_a_shared_identity_are_never_cancelled(world, peopled):
    team = team_role(world, peopled)
    grant = given_to(world, peopled, team, collateral=True)
    job = start(session(world, "team"))
    grants.end(grant, by=f.acting(peopled.ada), reason=EndReason.REVOKED)
    world.settle()
    assert running(world) == {job}
    assert len(denies(world, "team")) == 1


def test_a_cut_that_hits_others_has_to_be_confirmed_separately(world, peopled):
    team = team_role(world, peopled)
    with pytest.raises(Refused, match="Confirm that separately") as caught:
        given_to(world, peopled, team, collateral=False)
    assert (caught.value.code, caught.value.field) == ("collateral_unconfirmed", "collateral")
    assert not Grant.objects.exists()


def team_role(world, company):
    world.role(world.client("iam"), "team", "/")
    seeded(world)
    f.ruled(company, "entitlement", "jobs", cut="sessions")
    return f.shared(company, company.ana, company.kim, owner=company.olu)


def given_to(world, company, principal, *, collateral):
    request = ask(
        [Wish(company.entitlements["jobs"], principal, {"roles": ["sales"]})],
        by=f.acting(company.ana),
        person=company.ana,
        reason="team jobs",
        days=10,
        now=f.now(),
    )
    world.answer()
    for who in (company.director, company.olu):
        decisions.approve(
            request,
            f.shown(request),
            by=f.acting(who if who is company.olu else company.ada),
            now=f.now(),
            collateral=collateral,
        )
    grant = Grant.objects.get(item__request=request)
    world.settle()
    return grant


def test_a_cut_of_one_person_needs_a_trust_that_tells_them_apart(world, peopled):
    seeded(world)
    f.ruled(peopled, "entitlement", "jobs", cut="person")
    request = f.asked(peopled, "jobs", roles=["sales"])
    world.answer()
    with pytest.raises(Refused, match=r"source identity.*GH-222"):
        f.approved(request, peopled.kim)


def test_a_cut_of_one_person_denies_their_source_identity_alone(world, peopled):
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{f.ACCOUNT}:root"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Condition": {"StringEquals": {"sts:SourceIdentity": peopled.ana.email}},
    }
    world.client("iam").update_assume_role_policy(
        RoleName="ana",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    grant = cutting(world, peopled, cut="person", roles=["sales"])
    end(grant, peopled)
    world.settle()
    (deny,) = denies(world)
    assert deny["Condition"]["StringEquals"] == {"aws:SourceIdentity": [peopled.ana.email]}
    wear_out(grant)
    world.settle()
    assert world.policies("ana") == {}


def test_a_grant_that_never_began_has_no_sessions_to_cut(world, peopled):
    seeded(world)
    f.ruled(peopled, "entitlement", "jobs", cut="sessions")
    request = f.asked_as(
        peopled,
        peopled.ana,
        peopled.ana_role,
        "jobs",
        terms={"roles": ["sales"]},
        starts_on=(f.now() + timedelta(days=3)).date(),
    )
    world.answer()
    f.approved(request, peopled.kim)
    end(Grant.objects.get(), peopled)
    world.settle()
    assert not Delivery.objects.cuts().exists()
    assert world.policies("ana") == {}


def test_a_cut_of_an_untagged_role_is_refused_when_asked(world, peopled):
    world.client("iam").untag_role(RoleName="ana", TagKeys=["gatehouse"])
    f.ruled(peopled, "entitlement", "templates", cut="sessions")
    request = f.asked(peopled)
    world.answer()
    with pytest.raises(Refused, match="gatehouse=managed"):
        f.approved(request, peopled.kim)
