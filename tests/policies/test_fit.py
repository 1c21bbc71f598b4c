"""Fit before yes: what is granted and what was asked earlier keep their room; figures are told."""

import pytest

from accounts import actors
from accounts.models import Person
from policies import lifecycle
from policies.access import decisions, fit, grants, previews, requests
from policies.access.errors import Refused
from policies.models import Cut, EndReason, Entitlement, Grant, Inquiry, Request, Room
from policies.providers import places, portfolio_principals, principal_policy
from tests import factories as f
from tests.policies.test_concurrency import at_once

pytestmark = pytest.mark.django_db
PORTFOLIO = ("portfolio_principals", f.ACCOUNT, f.REGION, "port-spark00000000")


def seen(request: Request, *, others: int, limit: int = 100) -> Request:
    """The request after the read worker found `others` principals in the portfolio."""
    room = dict(zip(("kind", "account", "region", "object"), PORTFOLIO, strict=True))
    room |= {"basis": {"others": others, "limits": {"principals": limit}}}
    for inquiry in Inquiry.objects.filter(item__request=request, state=Inquiry.State.OPEN):
        preview = {"lines": [], "load": [], "fits": True, "problems": [], "rooms": [dict(room)]}
        previews.take(inquiry, unique_id="AROA1", preview=preview, by=actors.system())
    request.refresh_from_db()
    return request


def colleague(company, name: str, holder: Person | None = None):
    one = holder or f.person(name, company.kim)
    return one, f.identity(company, f"people/{name.split()[0].lower()}", one)


def asked_by_ben(company):
    ben, role = colleague(company, "Ben Analyst")
    return f.asked_as(company, ben, role)


def known_long_ago():
    """Too long ago to refuse who asks."""
    Room.objects.update(read_at=f.now() - 2 * fit.FRESH)


def approve(company, request):
    f.approved(request, company.kim)


def test_two_that_fit_alone_but_not_together_are_one_yes_and_one_figure(company):
    first = seen(f.asked(company), others=98)
    second = seen(asked_by_ben(company), others=98)
    known_long_ago()
    third = seen(f.asked_as(company, *colleague(company, "Cy Analyst")), others=98)
    approve(company, first)
    approve(company, second)
    with pytest.raises(Refused, match=r"100 of 100 used, 1 more needed \(GH-220\)") as caught:
        approve(company, third)
    assert caught.value.code == "does_not_fit"
    assert Grant.objects.count() == 2


def test_what_was_asked_earlier_keeps_its_room(company):
    seen(f.asked(company), others=99)
    second = asked_by_ben_before_anything_was_known(company)
    with pytest.raises(
        Refused, match=r"99 of 100 used, 1 more needed, 1 reserved by 1 open request \(GH-220\)"
    ):
        approve(company, second)


def asked_by_ben_before_anything_was_known(company):
    known_long_ago()
    return seen(asked_by_ben(company), others=99)


def test_what_was_asked_later_keeps_nobody_out(company):
    first = seen(f.asked(company), others=99)
    asked_by_ben_before_anything_was_known(company)
    approve(company, first)
    assert Grant.objects.count() == 1


def decline(company, request):
    decisions.decline(request, by=f.acting(company.kim), now=f.now(), why="not now")


def withdraw(company, request):
    requests.withdraw(request, by=f.acting(company.ana))


def leave(company, request):
    lifecycle.leave(company.ana, by=actors.system(), now=f.now())


@pytest.mark.parametrize("over", [decline, withdraw, leave])
def test_a_request_that_is_over_reserves_nothing(company, over):
    first = seen(f.asked(company), others=99)
    second = asked_by_ben_before_anything_was_known(company)
    over(company, first)
    approve(company, second)
    assert Grant.objects.get().item.request == second


def test_an_ended_grant_gives_its_room_back(company):
    approve(company, seen(f.asked(company), others=99))
    known_long_ago()
    second = seen(asked_by_ben(company), others=99)
    with pytest.raises(Refused, match="100 of 100 used"):
        approve(company, second)
    grants.end(Grant.objects.get(), by=f.acting(company.ana), reason=EndReason.GIVEN_BACK)
    approve(company, second)


def test_a_grant_that_starts_later_has_its_room_already(company):
    starting = f.asked_as(company, company.ana, company.ana_role, starts_on=f.later(10).date())
    approve(company, seen(starting, others=99))
    known_long_ago()
    second = seen(asked_by_ben(company), others=99)
    with pytest.raises(Refused, match="100 of 100 used, 1 more needed"):
        approve(company, second)


def test_what_is_known_to_be_full_is_refused_when_asked(company):
    seen(f.asked(company), others=99)
    with pytest.raises(Refused, match="1 reserved by 1 open request"):
        asked_by_ben(company)
    assert Request.objects.count() == 1


def test_what_was_read_long_ago_refuses_nobody_who_asks(company):
    seen(f.asked(company), others=99)
    known_long_ago()
    assert asked_by_ben(company).is_open


def test_something_that_needs_nothing_more_fits_a_full_place(company):
    approve(company, seen(f.asked(company), others=99))
    again = seen(f.asked(company), others=99)
    approve(company, again)
    assert Grant.objects.count() == 2


def test_what_did_not_fit_is_looked_at_again_when_room_may_have_come_free(company):
    first = seen(f.asked(company), others=99)
    second = asked_by_ben_before_anything_was_known(company)
    second.items.update(preview={**second.items.get().preview, "fits": False})
    assert not Inquiry.objects.filter(state=Inquiry.State.OPEN).exists()
    withdraw(company, first)
    assert Inquiry.objects.get(state=Inquiry.State.OPEN).item.request == second


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(3))
def test_two_approvers_at_once_cannot_give_the_last_room_twice(company, attempt):
    first = seen(f.asked(company), others=99)
    second = asked_by_ben_before_anything_was_known(company)
    # The earlier request's share is what its own approval uses; here both race for it.
    raised = at_once(
        *(
            lambda request=request, who=who: decisions.approve(
                request, f.shown(request), by=f.acting(who), now=f.now()
            )
            for request, who in ((first, company.ada), (second, company.bo))
        )
    )
    assert raised[0] is None
    assert isinstance(raised[1], Refused), raised
    assert Grant.objects.get().item.request == first


PRINCIPAL = f"arn:aws:iam::{f.ACCOUNT}:role/ana"
JOB = {
    "statement": "emr_eks_jobs",
    "virtual_cluster": "arn:aws:emr-containers:us-east-1:111122223333:/virtualclusters/vc1",
    "execution_role": "arn:aws:iam::111122223333:role/exec-1",
}


def loads(basis, *parts, arn=PRINCIPAL):
    place = places.place("principal_policy", f.ACCOUNT, "", arn)
    return [(one.used, one.limit) for one in principal_policy.load(basis, place, parts)]


@pytest.mark.parametrize(
    ("inline", "attached", "limits", "told"),
    [
        (0, 0, {}, [(906, 10_240), (0, 10)]),
        (9_334, 0, {}, [(10_240, 10_240), (0, 10)]),
        (10_239, 3, {}, [(10_239, 10_240), (4, 10)]),
        (10_239, 10, {"attached": 20}, [(10_239, 10_240), (11, 20)]),
        (500, 0, {"inline": 500}, [(500, 500), (1, 10)]),
    ],
)
def test_the_load_of_an_identity_counts_others_and_what_spills(inline, attached, limits, told):
    basis = {"inline": inline, "attached": attached, "limits": limits}
    assert loads(basis, JOB) == told


def test_a_portfolios_load_counts_an_association_once():
    place = places.place(*PORTFOLIO)
    part = {"type": "IAM", "arn": PRINCIPAL}
    basis = {"others": 99, "limits": {}}
    assert [(one.used, one.limit) for one in portfolio_principals.load(basis, place, [part])] == [
        (100, 100)
    ]


def test_room_is_kept_for_the_cut_that_an_end_may_need(company):
    job = {"roles": ["sales"]}
    plain = fit.wanted(f.asked(company, "jobs", **job).items.all())
    withdraw(company, Request.objects.get())
    Entitlement.objects.filter(slug="jobs").update(cut=Cut.SESSIONS)
    company.entitlements["jobs"].refresh_from_db()
    cutting = fit.wanted(f.asked(company, "jobs", **job).items.all())
    where = ("principal_policy", f.ACCOUNT, "", company.ana_role.arn)
    assert len(cutting[where]) == len(plain[where]) + 1
    assert ("job_runs",) in {one[:1] for one in cutting}
