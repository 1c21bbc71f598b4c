"""Rare turns of a pass: none of them says “gone” falsely, loses a wish or forgets what is ours."""

import json
from datetime import timedelta

import pytest

from policies import aws, clients, reconcile
from policies.access import decisions
from policies.models import AwsAccount, Delivery, Grant, Key, Phase, Plan, Target, wake
from policies.outcomes import Kind
from policies.providers import principal_policy
from policies.reconcile import lease
from tests import factories as f
from tests.journeys.test_honesty import ANA, also, end, events, fault
from tests.journeys.test_main_line import granted
from tests.promise.scene import shift
from tests.world import PORTFOLIO

ASSOCIATE = "AssociatePrincipalWithPortfolio"
DISSOCIATE = "DisassociatePrincipalFromPortfolio"


def associated_by_hand(world):
    world.client("servicecatalog").associate_principal_with_portfolio(
        PortfolioId=PORTFOLIO, PrincipalARN=ANA, PrincipalType="IAM"
    )


def test_a_row_edited_by_others_is_not_called_gone_while_it_still_gives_the_group(world, peopled):
    grant = granted(world, peopled, "kubernetes")
    world.settle()
    text = world.auth_map()["mapRoles"]
    edited = text.replace("aws-user:ana", "aws-user:somebody")
    assert edited != text
    # After the window of our own write: inside it a contrary reading proves nothing.
    Key.objects.update(window_until=f.now())
    world.set_auth_map({"mapRoles": edited})
    end(grant, peopled)
    world.settle(seconds=8)
    grant.refresh_from_db()
    assert (Target.objects.get().phase, grant.released_at) == (Phase.HELD, None)
    assert Target.objects.get().next_look_at is not None


def test_what_others_gave_before_we_ever_looked_is_released_as_theirs(world, peopled):
    associated_by_hand(world)
    grant = granted(world, peopled, "templates")
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert (grant.released_at is not None, ANA in world.principals()) == (True, True)
    assert Delivery.objects.get().release == Delivery.Release.FOUND


def test_a_write_is_sent_once_so_that_a_lost_answer_is_never_taken_for_a_refusal(world, peopled):
    """Applied without an answer; sent again it would be throttled, and look like others' doing."""
    grant = granted(world, peopled, "templates")
    fault(world, service="servicecatalog", operation=ASSOCIATE, kind="lose")
    fault(world, service="servicecatalog", operation=ASSOCIATE, kind="throttle")
    world.settle_once()
    assert Key.objects.get().origin == Key.Origin.MADE
    world.settle()
    end(grant, peopled)
    world.settle()
    assert ANA not in world.principals()
    assert Delivery.objects.get().release == Delivery.Release.GONE


@pytest.mark.parametrize("slug", ["templates", "jobs"])
def test_removing_what_is_gone_already_is_no_refusal(world, peopled, slug, monkeypatch):
    grant = granted(world, peopled, slug)
    world.settle()
    end(grant, peopled)
    once = before_writing(monkeypatch, lambda: removed_by_hand(world))
    world.settle(seconds=10)
    grant.refresh_from_db()
    assert once == [1]
    assert (Target.objects.get().phase, grant.released_at is not None) == (Phase.SETTLED, True)


def removed_by_hand(world):
    if ANA in world.principals():
        world.client("servicecatalog").disassociate_principal_from_portfolio(
            PortfolioId=PORTFOLIO, PrincipalARN=ANA, PrincipalType="IAM"
        )
    for name in world.policies("ana"):
        world.client("iam").delete_role_policy(RoleName="ana", PolicyName=name)


def before_writing(monkeypatch, deed):
    """`deed` happens once, between a pass's reading and its write."""
    original, calls = clients.writing, []

    def writing(*args, **kwargs):
        if not calls:
            calls.append(1)
            deed()
        return original(*args, **kwargs)

    monkeypatch.setattr(clients, "writing", writing)
    return calls


def test_a_wish_raised_during_a_throttled_write_stays_due_at_once(world, peopled, monkeypatch):
    granted(world, peopled, "jobs")
    Target.objects.update(attempts=8, refused={"other": {"text": "1", "retry_at": None}})
    fault(world, service="iam", operation="PutRolePolicy", kind="throttle")
    before_writing(monkeypatch, lambda: wake(Target.objects.all()))
    world.settle_once()
    target = Target.objects.get()
    assert (target.phase, target.refused, target.attempts) == (Phase.DUE, {}, 0)
    assert target.next_look_at <= lease.database_now()
    world.settle()
    assert Target.objects.get().is_settled


def test_a_pass_that_breaks_is_stuck_in_words_and_comes_back_more_and_more_seldom(
    world, peopled, monkeypatch
):
    grant = granted(world, peopled, "jobs")
    target = Target.objects.get()
    due = target.next_look_at

    def broken(*_arguments):
        raise KeyError("a secret")

    with monkeypatch.context() as patch:
        patch.setattr(principal_policy, "desired", broken)
        with pytest.raises(KeyError):
            reconcile.converge(target.pk)
    target.refresh_from_db()
    assert (target.phase, target.outcome, target.attempts) == (Phase.STUCK, "permanent", 1)
    assert "KeyError" in target.outcome_text
    assert "secret" not in target.outcome_text
    assert (target.next_look_at > due, target.lease_until) == (True, None)
    world.settle()
    grant.refresh_from_db()
    assert grant.seen_at is not None


def test_a_write_role_that_cannot_be_assumed_is_stuck_not_waiting(world, peopled):
    granted(world, peopled, "jobs")
    read = world.client("iam")
    AwsAccount.objects.update(write_role_arn="arn:aws:iam::111122223333:role/not-there")
    assert read.list_role_policies(RoleName="ana")["PolicyNames"] == []
    world.settle(seconds=5)
    target = Target.objects.get()
    assert (target.phase, target.outcome, target.next_look_at) == (Phase.STUCK, "denied", None)
    assert not Key.objects.exists()


def test_two_refusals_keep_their_own_words(world, peopled):
    granted(world, peopled, "templates")
    for code in ("AccessDeniedException", "LimitExceededException"):
        fault(
            world,
            service="servicecatalog",
            operation=ASSOCIATE,
            kind="error",
            code=code,
            status=400,
        )
    target = Target.objects.get()
    Delivery.objects.create(
        grant=Grant.objects.get(),
        target=target,
        part={"arn": ANA.replace("people/ana", "people/ben"), "type": "IAM"},
    )
    world.settle_once()
    refused = Target.objects.get().refused
    assert {one["kind"] for one in refused.values()} == {"denied", "quota"}


def test_a_policy_still_listed_but_gone_is_read_as_gone(world, peopled, monkeypatch):
    """ListRolePolicies lags behind DeleteRolePolicy: the name is there, the document is not."""
    grant = granted(world, peopled, "jobs")
    world.settle()
    end(grant, peopled)
    lagging(monkeypatch, {"PolicyNames": list(world.policies("ana"))})
    world.settle(seconds=10)
    grant.refresh_from_db()
    assert (grant.released_at is not None, world.policies("ana")) == (True, {})


def lagging(monkeypatch, names):
    original = aws.Aws.pages

    def pages(self, service, operation, key, **arguments):
        found = original(self, service, operation, key, **arguments)
        return sorted({*found, *names.get(key, [])})

    monkeypatch.setattr(aws.Aws, "pages", pages)


def test_a_read_session_is_given_up_before_it_runs_out(world, peopled, monkeypatch):
    asked = []
    original = aws.Aws.call

    def call(self, service, operation, **arguments):
        if operation == "assume_role":
            asked.append(arguments["DurationSeconds"])
        return original(self, service, operation, **arguments)

    monkeypatch.setattr(aws.Aws, "call", call)
    world.client("iam").create_role(
        RoleName="gatehouse-read",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
    )
    AwsAccount.objects.update(read_role_arn="arn:aws:iam::111122223333:role/gatehouse-read")
    clients.reading("111122223333", "")
    assert asked[0] > clients._READ_SECONDS


def test_an_identity_of_the_same_name_at_another_path_is_not_the_one_meant(world, peopled):
    granted(world, peopled, "jobs")
    iam = world.client("iam")
    iam.delete_role(RoleName="ana")
    world.role(iam, "ana", "/others/")
    world.settle()
    target = Target.objects.get()
    assert (target.phase, target.outcome) == (Phase.STUCK, Kind.MISSING)
    assert world.policies("ana") == {}


def test_giving_what_aws_does_not_find_is_refused(world, peopled):
    granted(world, peopled, "templates")
    code = "ResourceNotFoundException"
    fault(world, service="servicecatalog", operation=ASSOCIATE, kind="error", code=code, status=400)
    world.settle_once()
    assert Plan.objects.get().outcome == Plan.Outcome.REFUSED
    assert Target.objects.get().outcome == Kind.MISSING


def test_a_role_that_lost_its_tag_is_not_written(world, peopled):
    """Its owner withdrew it from the portal between the approval and the write."""
    granted(world, peopled, "jobs")
    world.client("iam").untag_role(RoleName="ana", TagKeys=["gatehouse"])
    world.settle()
    assert world.policies("ana") == {}
    assert Target.objects.get().outcome == Kind.DENIED


@pytest.mark.parametrize("slug", ["jobs", "kubernetes"])
def test_a_refused_write_that_takes_ended_access_away_is_tried_for_ever(world, peopled, slug):
    """Two grants share a key; when one ends the key stays, so nothing is “removed”."""
    ending = granted(world, peopled, slug)
    also(world, peopled, slug, **{"jobs": {"roles": ["ops"]}}.get(slug, {"groups": ["viewers"]}))
    world.settle()
    end(ending, peopled)
    deny_writes(world, slug)
    world.settle(seconds=8)
    target = Target.objects.get()
    assert (target.phase, target.next_look_at is not None) == (Phase.STUCK, True)
    shift(timedelta(seconds=900 * 0.05))
    world.settle()
    ending.refresh_from_db()
    assert ending.released_at is not None
    assert Target.objects.get().phase == Phase.SETTLED


def deny_writes(world, slug):
    if slug == "jobs":
        fault(world, service="iam", operation="PutRolePolicy", kind="deny", times=1)
    else:
        order = {"kind": "error", "status": 403, "reason": "Forbidden", "on": "write"}
        world._kube("POST", "/_fake/faults", order)


def test_a_web_clock_that_runs_ahead_loses_no_grant(world, peopled):
    """Decided “in the future” of the database: begun all the same, so it is given at once."""
    request = f.asked(peopled)
    world.answer()
    ahead = f.now() + timedelta(minutes=5)
    decisions.approve(request, f.shown(request), by=f.acting(peopled.kim), now=ahead)
    world.settle()
    assert Grant.objects.get().seen_at is not None


def test_what_was_given_again_before_its_removal_landed_is_still_ours_to_end(world, peopled):
    """The removal never arrived; when somebody asks again, what stands there is as wanted."""
    first = granted(world, peopled, "templates")
    world.settle()
    end(first, peopled)
    fault(world, service="servicecatalog", operation=DISSOCIATE, kind="drop")
    world.settle_once()
    shift(timedelta(seconds=600 * 0.05))
    second = also(world, peopled, "templates")
    world.settle()
    assert Key.objects.get().origin == Key.Origin.MADE
    end(second, peopled)
    world.settle()
    assert ANA not in world.principals()
    assert Delivery.objects.get(grant=second).release == Delivery.Release.GONE


def test_what_others_took_away_and_put_back_after_its_end_is_theirs(world, peopled):
    grant = granted(world, peopled, "templates")
    world.settle()
    removed_by_hand(world)
    end(grant, peopled)
    shift(timedelta(seconds=600 * 0.05))
    world.settle()
    associated_by_hand(world)
    wake(Target.objects.all())
    world.settle()
    assert ANA in world.principals()


def test_a_lost_change_of_a_row_is_made_again_and_not_taken_for_others_doing(world, peopled):
    granted(world, peopled, "kubernetes")
    world.settle()
    more = also(world, peopled, "kubernetes", groups=["viewers"])
    world._kube("POST", "/_fake/faults", {"kind": "drop", "on": "write"})
    world.settle(seconds=30)
    more.refresh_from_db()
    assert (Target.objects.get().phase, more.seen_at is not None) == (Phase.SETTLED, True)
    assert events("target.held") == 0
