"""Cuts as rules and words: who may declare them, what each kind says remains, room in the plan."""

from datetime import timedelta

import pytest

from accounts import actors
from accounts.arns import PrincipalType
from accounts.models import Principal
from policies import lifecycle
from policies.access import cuts, decisions, grants, remaining
from policies.access.errors import Refused
from policies.kinds import KINDS, EndFacts
from policies.models import Cut, Delivery, EndReason, Entitlement, Grant, Target
from policies.plan import Change, Memory, Reading, Rules, next_step
from policies.providers import job_runs, places
from tests import factories as f
from tests.policies.refusing import refused

pytestmark = pytest.mark.django_db
IAM = f"arn:aws:iam::{f.ACCOUNT}:"
HOUR = 3600


@pytest.mark.parametrize("cut", ["person", "sessions"])
def test_kubernetes_access_has_nothing_to_cut(company, cut):
    with pytest.raises(Refused, match="cuts nothing"):
        f.ruled(company, "entitlement", "kubernetes", cut=cut)


def test_a_cut_is_one_of_three(company):
    with pytest.raises(Refused, match="none, person, sessions"):
        f.ruled(company, "entitlement", "jobs", cut="everything")


def test_a_cut_is_a_rule_with_two_people_and_a_version(company):
    before = company.entitlements["jobs"].version
    f.ruled(company, "entitlement", "jobs", cut="sessions")
    after = company.entitlements["jobs"]
    assert (after.cut, after.version) == (Cut.SESSIONS, before + 1)


def test_a_role_of_identity_center_cannot_be_cut_and_is_told_so_when_asked(company):
    f.ruled(company, "entitlement", "templates", cut="sessions")
    arn = f"{IAM}role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_D_0123"
    role = f.identity(company, arn, company.ana, sharing="personal")
    assert role.arn_type is PrincipalType.SSO_ROLE
    with refused("Identity Center", "cut_impossible"):
        f.asked_as(company, company.ana, role)


def cutting(company, slug="jobs", scope="sessions", seconds=2 * HOUR, **terms):
    """A living grant whose end cuts, without a fake AWS."""
    f.ruled(company, "entitlement", slug, cut=scope)
    request = f.previewed(f.asked(company, slug, **terms))
    for item in request.items.all():
        item.preview["cut"] = {"scope": scope, "seconds": seconds, "sessions": {}}
        item.save()
    f.approved(request, company.kim)
    grant = Grant.objects.get(item__request=request)
    Grant.objects.filter(pk=grant.pk).update(starts_at=f.now() - timedelta(hours=1))
    return grant


def test_until_it_is_known_what_an_end_cuts_nobody_can_say_yes(company):
    f.ruled(company, "entitlement", "jobs", cut="sessions")
    request = f.previewed(f.asked(company, "jobs", roles=["sales"]))
    with refused("What the end of this would cut", "no_preview"):
        f.approved(request, company.kim)


def ended(grant):
    grants.end(grant, by=actors.system(), reason=EndReason.REVOKED)
    return Grant.objects.get(pk=grant.pk)


def test_an_end_orders_one_deny_and_one_cancelling_for_as_long_as_a_session_lives(company):
    grant = ended(cutting(company, roles=["sales"]))
    ordered = {one.target.kind: one for one in Delivery.objects.cuts()}
    assert set(ordered) == {"principal_policy", "job_runs"}
    for one in ordered.values():
        assert one.wanted_from == grant.ended_at
        assert one.wanted_until == grant.ended_at + timedelta(hours=2)
        assert (one.lives(grant.ended_at), one.is_over(grant.ended_at)) == (True, False)
        assert (one.lives(one.wanted_until), one.is_over(one.wanted_until)) == (False, True)
        assert one.target.generation == 2 if one.target.kind == "principal_policy" else 1


def test_the_sweep_wakes_a_target_once_when_a_cut_is_over(company):
    ended(cutting(company, roles=["sales"]))
    target = Target.objects.get(kind="principal_policy")
    late = f.now() + timedelta(hours=3)
    assert lifecycle.release_cuts_due(now=f.now()) == 0
    assert (lifecycle.release_cuts_due(now=late), lifecycle.release_cuts_due(now=late)) == (2, 0)
    assert Target.objects.get(pk=target.pk).generation == target.generation + 1


def test_a_grant_keeps_the_cut_it_was_approved_with(company):
    grant = cutting(company, roles=["sales"])
    Entitlement.objects.update(cut=Cut.NONE)
    ended(grant)
    assert Delivery.objects.cuts().count() == 2


def test_the_confirmation_names_who_and_what_else_is_hit(company):
    other = cutting(company, roles=["sales"])
    f.ruled(company, "entitlement", "templates", cut="sessions")
    ben = f.person("Ben Analyst", company.kim)
    team = f.shared(company, company.ana, ben, owner=company.olu)
    alone = f.asked(company, "jobs", roles=["ops"]).items.get()
    assert cuts.collateral(alone) == [
        f"“Jobs” of {company.ana} ({other.ref}) would be interrupted until a new sign-in."
    ]
    together = f.asked_as(company, company.ana, team).items.get()
    (said,) = cuts.collateral(together)
    assert said.startswith(f"{ben} acts as this AWS identity")
    unhit = f.asked(company, "templates").items.get()
    assert cuts.collateral(unhit) == []  # another kind of actions


def test_saying_yes_with_the_confirmation_is_enough(company):
    cutting(company, roles=["sales"])
    request = f.previewed(f.asked(company, "jobs", roles=["ops"]))
    item = request.items.get()
    item.preview["cut"] = {"scope": "sessions", "seconds": HOUR, "sessions": {}}
    item.save()
    with refused("GH-221", "collateral_unconfirmed"):
        f.approved(request, company.kim)
    by = f.acting(company.kim)
    decisions.approve(request, f.shown(request), by=by, now=f.now(), collateral=True)
    assert Grant.objects.count() == 2


FACTS = [EndFacts(2 * HOUR), EndFacts(2 * HOUR, cuts_sessions=True, cuts_jobs=True)]
HOURS = {  # hours until each thing that remains is over; None: until somebody ends it
    ("portfolio", False): [1, 2, None],
    ("portfolio", True): [1, None],
    ("execution_roles", False): [1, 2, None],
    ("execution_roles", True): [1],
    ("snapshot_repository", False): [1, 2, None],
    ("snapshot_repository", True): [1, None],
    ("cross_account_s3", False): [1, 2],
    ("cross_account_s3", True): [1],
    ("eks_user", False): [None, None],
    ("eks_user", True): [None, None],
    ("emr_studio", False): [1, 2, None],
    ("emr_studio", True): [1, None],
    ("template", False): [1, 2],
    ("template", True): [1],
    ("job_role", False): [1, 2, None],
    ("job_role", True): [1, None],
    ("aws_auth", False): [None, None],
    ("aws_auth", True): [None, None],
}


@pytest.mark.parametrize("facts", FACTS, ids=["uncut", "cut"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_says_what_remains_and_until_when(company, kind, facts):
    at = f.now()
    said = KINDS[kind].remains(Entitlement.objects.get(kind=kind), at, facts)
    hours = [one.until and (one.until - at).total_seconds() / HOUR for one in said]
    assert hours == HOURS[kind, facts.cuts_sessions]
    assert all(str(one.text).endswith(".") for one in said)


def test_only_a_cut_that_was_seen_counts_as_one(company):
    grant = ended(cutting(company, roles=["sales"]))
    assert remaining.facts(grant) == EndFacts(2 * HOUR)
    Delivery.objects.cuts().update(state=Delivery.State.SEEN)
    assert remaining.facts(grant) == EndFacts(2 * HOUR, cuts_sessions=True, cuts_jobs=True)


def test_what_remains_is_said_until_it_is_over(company):
    grant = cutting(company, roles=["sales"])
    assert remaining.of(grant, now=f.now()) == []
    grant = ended(grant)
    assert len(remaining.of(grant, now=grant.ended_at)) == 3
    assert len(remaining.of(grant, now=grant.ended_at + timedelta(minutes=90))) == 2
    assert len(remaining.of(grant, now=grant.ended_at + timedelta(hours=3))) == 1


RUN = '{"began":"2026-01-01T10:00:00+00:00","role":"arn:exec"}'
ORDER = {"before": "2026-01-01T10:00:01Z", "execution_roles": ["arn:exec"]}


@pytest.mark.parametrize(
    ("change", "cleared"),
    [
        ({}, True),
        ({"before": "2026-01-01T10:00:00Z"}, False),
        ({"execution_roles": ["arn:other"]}, False),
    ],
)
def test_a_run_is_cleared_only_by_an_order_for_its_role_and_time(change, cleared):
    place = places.place("job_runs", f.ACCOUNT, f.REGION, f"vc1/{IAM}role/ana")
    state, part = {"run:1": RUN}, {**ORDER, **change}
    assert (job_runs.clears(state, place, [part]) == {"run:1"}) is cleared
    assert job_runs.holds(state, place, part) is not cleared
    assert job_runs.clears(state, place, []) == frozenset()


STS = f"arn:aws:sts::{f.ACCOUNT}:assumed-role/"


@pytest.mark.parametrize(
    ("arn", "created_by", "theirs"),
    [
        (f"{IAM}role/people/ana", f"{STS}ana/s", True),
        (f"{IAM}role/people/ana", f"{STS}ana2/s", False),
        (f"{IAM}role/people/ana", f"{STS}people/ana", False),
        (f"{IAM}role/people/ana", "arn:aws:sts::999900001111:assumed-role/ana/s", False),
        (f"{IAM}user/team/ana", f"{IAM}user/team/ana", True),
        (f"{IAM}user/ana", f"{IAM}user/anabel", False),
        (f"{IAM}role/ana", "", False),
    ],
)
def test_a_run_is_somebodys_by_role_name_or_exact_user(arn, created_by, theirs):
    assert job_runs.began(arn, created_by) is theirs


def test_keys_to_be_cleared_are_removed_although_nobody_made_them():
    now, there = f.now(), {"run:1": RUN, "run:2": RUN}
    rules = Rules(clearing=frozenset({"run:1"}))
    step = next_step(Memory(), Reading(there), {}, now=now, rules=rules)
    assert step.changes == (Change("run:1", RUN, None),)
    assert next_step(Memory(), Reading(there), {}, now=now, rules=Rules()).changes == ()


def test_an_iam_user_has_no_role_sessions_to_cut(company):
    item = f.asked(company, "jobs", roles=["sales"]).items.get()
    item.principal = Principal(
        arn=f"{IAM}user/ana", type=PrincipalType.IAM_USER, sharing="personal", account=f.ACCOUNT
    )
    found = cuts.parts({"scope": "sessions", "sessions": {}}, item, "2026-01-01T00:00:00Z")
    assert [one.kind for one in found] == ["job_runs"]
