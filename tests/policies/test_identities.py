"""AWS identities: one adds, another confirms; who waited begins; no two for one name in IAM."""

import pytest

from accounts import people
from accounts.actors import Channel, of_client, system
from accounts.arns import PrincipalType
from accounts.models import EksUser, Holder, Principal, Service
from policies import lifecycle
from policies.access import identities, requests
from policies.models import Inquiry, Request
from tests import factories as f
from tests.policies.refusing import refused

pytestmark = pytest.mark.django_db
IAM = f"arn:aws:iam::{f.ACCOUNT}:"


def register(company, arn, by=None, **facts) -> Principal:
    if not {"service", "sharing", "person"} & set(facts):
        facts["person"] = company.ana
    return identities.register(arn, by=f.acting(by or company.ada), now=f.now(), **facts)


def test_what_cannot_be_registered_is_refused_with_the_remedy(company):
    service = Service.objects.create(
        name="nightly", purpose="p", first_owner=company.kim, second_owner=company.olu
    )
    linked = f"{IAM}role/aws-service-role/emr.amazonaws.com/AWSServiceRoleForEMR"
    gone = f.person("Gone Girl")
    people.leave(gone, by=system())
    rows = [
        ({"arn": "ana"}, "looks like", "bad_arn"),
        ({"arn": f"{IAM}role/{'p' * 400}/ana3"}, "a shorter path", "bad_arn"),
        ({"arn": f"{IAM}role/*"}, "Name one principal exactly", "bad_arn"),
        ({"arn": f"arn:aws:sts::{f.ACCOUNT}:assumed-role/a/b"}, "role’s own ARN", "bad_arn"),
        ({"arn": "arn:aws:iam::999999999999:role/x"}, "Add it first", "unknown_account"),
        ({"arn": company.ana_role.arn}, "Use that one", "known"),
        ({"arn": f"{IAM}role/people/ANA"}, "Use that one", "known"),
        ({"arn": f"{IAM}role/Ana"}, "Use that one", "known"),
        ({"arn": f"{IAM}role/other/path/ana"}, "Use that one", "known"),
        ({"arn": linked}, "belongs to AWS", "aws_managed"),
        ({"person": None}, "one person or one service", "holder"),
        ({"person": company.ana, "service": service}, "one person or one service", "holder"),
        ({"sharing": "public"}, "Choose one of them", "sharing"),
        ({"person": gone}, "Name somebody who does", "holder_left"),
        ({"sharing": "shared", "holders": (gone,)}, "Name somebody who does", "holder_left"),
        ({"sharing": "shared", "owner": gone}, "Name somebody who does", "holder_left"),
    ]
    for change, words, code in rows:
        with refused(words, code):
            register(company, **{"arn": f"{IAM}role/new", "person": company.ana, **change})


def test_only_administrators_add_confirm_and_reject(company):
    waiting = register(company, f"{IAM}role/new")
    for by in (
        f.acting(company.ana),
        f.acting(company.kim, Channel.ADMIN),
        f.acting(company.ira, Channel.ADMIN),
        of_client(1),
        system(),
    ):
        with refused("administrators"):
            identities.register(f"{IAM}role/x", by=by, now=f.now(), person=company.ana)
        with refused("administrators", "not_allowed"):
            identities.confirm(waiting, by=by, now=f.now())
        with refused("administrators", "not_allowed"):
            identities.reject(waiting, by=by, reason="no")


def test_whoever_added_holds_or_owns_it_does_not_confirm_it(company):
    service = Service.objects.create(
        name="nightly", purpose="p", first_owner=company.kim, second_owner=company.bo
    )
    cases = [
        (register(company, f"{IAM}role/a"), company.ada),
        (register(company, f"{IAM}role/b", person=company.bo), company.bo),
        (register(company, f"{IAM}role/c", sharing="shared", holders=(company.bo,)), company.bo),
        (register(company, f"{IAM}role/d", sharing="shared", owner=company.bo), company.bo),
        (register(company, f"{IAM}role/e", service=service), company.bo),
    ]
    for principal, person in cases:
        with refused("has to confirm it", "second_person"):
            identities.confirm(principal, by=f.acting(person), now=f.now())
    f.ruled(company, "portal_role", company.kim.email, roles=["administrator"])
    for principal, _person in cases[:4]:
        identities.confirm(principal, by=f.acting(company.kim), now=f.now())


def test_an_identity_is_decided_once(company):
    yes, no = register(company, f"{IAM}role/yes"), register(company, f"{IAM}role/no")
    identities.confirm(yes, by=f.acting(company.bo), now=f.now())
    identities.reject(no, by=f.acting(company.bo), reason="not hers")
    for principal in (yes, no):
        with refused("already been decided", "already_decided"):
            identities.confirm(principal, by=f.acting(company.bo), now=f.now())
        with refused("already been decided", "already_decided"):
            identities.reject(principal, by=f.acting(company.bo), reason="x")
    with refused("Use another one", "known"):
        register(company, f"{IAM}role/no")
    third = register(company, f"{IAM}role/third")
    with refused("Write a sentence", "text_missing"):
        identities.reject(third, by=f.acting(company.bo), reason=" ")


def test_an_identity_of_somebody_who_left_meanwhile_is_not_confirmed(company):
    waiting = register(company, f"{IAM}role/kim", person=company.kim)
    lifecycle.leave(company.kim, by=system(), now=f.now())
    with refused("does not work here now", "holder_left"):
        identities.confirm(waiting, by=f.acting(company.bo), now=f.now())


def test_the_same_name_in_another_account_or_of_a_user_is_another_identity(company):
    f.account("444455556666", "Other")
    arns = [f"{IAM}user/ana", "arn:aws:iam::444455556666:role/people/ana", f"{IAM}role/ana2"]
    assert [register(company, arn).arn for arn in arns] == arns


def test_a_rejected_name_may_come_back_under_another_path(company):
    first = register(company, f"{IAM}role/wrong/nia")
    identities.reject(first, by=f.acting(company.bo), reason="path is wrong")
    assert register(company, f"{IAM}role/people/nia").type == PrincipalType.IAM_ROLE


def test_until_two_administrators_exist_an_identity_is_confirmed_at_once():
    f.account()
    ana = f.person("Ana")
    one = identities.register(f"{IAM}role/ana", by=system(), now=f.now(), person=ana)
    assert (one.confirmed_by, Principal.objects.usable().get()) == (None, one)


def waiting_for(company, person, slug="templates", **terms) -> Request:
    return f.asked_as(company, person, None, slug, terms=terms)


def test_a_waiting_request_begins_when_the_identity_is_confirmed(company):
    nia = f.person("Nia New", company.kim)
    request = waiting_for(company, nia)
    assert (request.state, Inquiry.objects.count()) == ("waiting_identity", 0)
    added = register(company, f"{IAM}role/nia", person=nia)
    request.refresh_from_db()
    assert request.state == "waiting_identity"
    identities.confirm(added, by=f.acting(company.bo), now=f.now())
    request.refresh_from_db()
    assert (request.state, request.items.get().principal) == ("open", added)
    assert request.steps.get().candidates.filter(person=company.kim, why="manager").exists()
    f.approved(f.previewed(request), company.kim)


def test_a_waiting_request_begins_with_a_shared_identity_and_asks_its_owner_too(company):
    nia = f.person("Nia New", company.kim)
    request = waiting_for(company, nia)
    f.shared(company, nia, owner=company.olu)
    request.refresh_from_db()
    assert request.state == "open"
    whos = request.steps.order_by("position").values_list("who", flat=True)
    assert list(whos) == ["manager", "identity_owner"]


def test_a_waiting_request_goes_on_waiting_for_an_identity_that_fits(company):
    f.account("444455556666", "Other")
    nia = f.person("Nia New", company.kim)
    request = waiting_for(company, nia, "jobs", roles=["sales"])
    f.identity(company, "arn:aws:iam::444455556666:role/nia", nia)
    sso = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_Data_0123456789abcdef"
    f.identity(company, sso, nia)
    request.refresh_from_db()
    assert request.state == "waiting_identity"
    fitting = f.identity(company, "nia", nia)
    request.refresh_from_db()
    assert (request.state, request.items.get().principal) == ("open", fitting)


def test_what_was_given_an_identity_cannot_be_asked_for_a_second_time(company):
    nia = f.person("Nia New", company.kim)
    waiting_for(company, nia)
    added = f.identity(company, "nia", nia)
    with refused("already been asked for", "already_asked"):
        f.asked_as(company, nia, added)


def test_a_waiting_request_that_was_taken_back_stays_closed(company):
    nia = f.person("Nia New", company.kim)
    request = waiting_for(company, nia)
    requests.withdraw(request, by=f.acting(nia))
    f.identity(company, "nia", nia)
    request.refresh_from_db()
    assert (request.state, Inquiry.objects.count()) == ("withdrawn", 0)


def test_two_identities_of_one_name_never_share_a_kubernetes_user_name(company):
    f.account("444455556666", "Other")
    others = [
        f.identity(company, "arn:aws:iam::444455556666:role/ana", company.kim),
        f.identity(company, f"{IAM}user/ana", company.kim),
        f.identity(company, "arn:aws:iam::444455556666:user/ana", company.kim),
    ]
    f.asked(company, "kubernetes", groups=["viewers"])
    for one in others:
        f.asked_as(company, company.kim, one, "kubernetes", terms={"groups": ["viewers"]})
    names = list(EksUser.objects.order_by("pk").values_list("username", flat=True))
    assert names[0] == "aws-user:ana"
    assert len({name.lower() for name in names}) == 4


def test_a_shared_identity_remembers_who_held_it_and_since_when(company):
    role = f.shared(company, company.ana)
    lifecycle.leave(company.ana, by=system(), now=f.now())
    row = Holder.objects.get(principal=role)
    assert row.until_at >= row.from_at
    assert not Principal.objects.held_by(company.ana).filter(sharing="shared").exists()
