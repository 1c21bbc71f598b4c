"""EMR Studio users: by policy in IAM mode, by mapping in Identity Center mode."""

import pytest
from botocore.exceptions import ClientError

from policies import clients
from policies.kinds import KINDS, BadTerms
from policies.models import Entitlement, Grant, Portfolio, Studio, Target
from policies.providers import PROVIDERS, places
from portal.views import progress
from tests import factories as f
from tests.journeys.test_honesty import end
from tests.journeys.test_main_line import granted as approved
from tests.world import PORTFOLIO

UUID = "90670e0f-6f6c-4a2f-9a0b-0123456789a"
SESSION = {one: f"arn:aws:iam::{f.ACCOUNT}:policy/studio-{one}" for one in ("basic", "advanced")}
ANA = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"


def granted(world, company, slug):
    """Ana's grant, approved and as far as passes bring it."""
    grant = approved(world, company, slug)
    world.settle()
    grant.refresh_from_db()
    return grant


@pytest.fixture
def sso(world, peopled):
    studio = Studio.objects.get()
    studio.auth_mode, studio.user_role_arn = "SSO", f"arn:aws:iam::{f.ACCOUNT}:role/studio-user"
    studio.basic_policy_arn, studio.advanced_policy_arn = SESSION["basic"], SESSION["advanced"]
    studio.intermediate_policy_arn = f"arn:aws:iam::{f.ACCOUNT}:policy/studio-intermediate"
    studio.save()
    order = {"account": f.ACCOUNT, "region": f.REGION}
    world.fake.post("/_fake/seed", {**order, "studios": [{"id": studio.studio_id, "mode": "SSO"}]})
    return studio


def mappings(world, studio):
    client = world.client("emr")
    rows = client.list_studio_session_mappings(StudioId=studio.studio_id)["SessionMappings"]
    return {one["IdentityId"]: one["SessionPolicyArn"] for one in rows}


def level(company, wanted):
    f.ruled(company, "entitlement", "notebooks", config={**f.STUDIO, "level": wanted})


def entered(world, company, identity):
    request = f.asked_as(company, company.ana, identity, "notebooks")
    world.answer()
    request.refresh_from_db()
    f.approved(request, company.kim)
    world.settle()
    return Grant.objects.get(item__request=request)


def said(world):
    policies = world.policies("ana").values()
    iam = world.client("iam")
    attached = iam.list_attached_role_policies(RoleName="ana")["AttachedPolicies"]
    documents = [*policies, *(_document(iam, one["PolicyArn"]) for one in attached)]
    return [one for document in documents for one in document["Statement"]]


def _document(iam, arn):
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def allowing(statements, action):
    return [one for one in statements if action in one["Action"]]


def test_one_yes_gives_policy_and_portfolio_and_its_end_takes_both(world, peopled):
    grant = granted(world, peopled, "notebooks")
    assert grant.seen_at is not None, Target.objects.values()
    statements = said(world)
    [own] = allowing(statements, "elasticmapreduce:OpenEditorInConsole")[:1]
    assert own["Condition"] == {
        "StringEquals": {"elasticmapreduce:ResourceTag/creatorUserId": ["${aws:userId}"]}
    }
    passed = {
        resource: one["Condition"]["StringEquals"]["iam:PassedToService"]
        for one in allowing(statements, "iam:PassRole")
        for resource in one["Resource"]
    }
    role = f"arn:aws:iam::{f.ACCOUNT}:role/"
    assert passed == {
        f"{role}studio-service": ["elasticmapreduce.amazonaws.com"],
        f"{role}emr-service": ["elasticmapreduce.amazonaws.com"],
        f"{role}emr-machines": ["ec2.amazonaws.com"],
    }
    everywhere = [one for one in allowing(statements, "s3:GetObject") if one["Resource"] == ["*"]]
    assert [one["Condition"] for one in everywhere] == [
        {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": ["true"]}}
    ]
    assert not allowing(statements, "elasticmapreduce:RunJobFlow")
    assert ANA in world.principals()
    page = progress.access(grant, reader=peopled.ana, now=f.now())
    assert len(page.places) == 2, "one line for a policy's many statements, one for the portfolio"
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert (said(world), ANA in world.principals()) == ([], False)
    assert grant.released_at is not None


def test_levels_and_what_is_shared_are_what_the_rule_says(peopled):
    entitlement = Entitlement.objects.get(slug="notebooks")

    def parts(**changed):
        entitlement.config = {**f.STUDIO, **changed}
        return KINDS["emr_studio"].parts(entitlement, peopled.ana_role, {})

    def actions(placed):
        return {one for part in placed for one in part.body.get("actions", [])}

    basic, advanced = parts(level="basic"), parts(level="advanced")
    assert actions(basic) < actions(parts()) < actions(advanced)
    assert {part.kind for part in basic} == {"principal_policy"}
    assert "creatorUserId" not in str(parts(shared=True))
    everything = parts(templates="everything", reason="no launch role")
    assert ["s3:GetObject"] in [
        part.body["actions"] for part in everything if part.body.get("resources") == ["*"]
    ]
    launch = str(parts(templates="launch_role"))
    assert ("cf-templates" not in launch, "servicecatalog:provisioning" not in launch) == (1, 1)
    risks = KINDS["emr_studio"].risk(entitlement, {})
    assert risks == []
    entitlement.config = {**f.STUDIO, "templates": "everything", "reason": "no launch role"}
    assert "High risk" in KINDS["emr_studio"].risk(entitlement, {})[0]


def test_an_identity_center_user_is_mapped_and_taken_off_again(world, peopled, sso):
    user = f.identity(peopled, f"arn:aws:identitystore:::user/{UUID}b", peopled.ana)
    level(peopled, "basic")
    grant = entered(world, peopled, user)
    assert grant.seen_at is not None, Target.objects.values()
    assert mappings(world, sso) == {f"{UUID}b": SESSION["basic"]}
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert (mappings(world, sso), grant.released_at is not None) == ({}, True)


def test_the_highest_living_level_wins_and_the_lower_one_comes_back(world, peopled, sso):
    user = f.identity(peopled, f"arn:aws:identitystore:::user/{UUID}b", peopled.ana)
    level(peopled, "basic")
    low = entered(world, peopled, user)
    f.ruled(peopled, "entitlement", "more", **_rule(peopled))
    peopled.entitlements["more"] = Entitlement.objects.get(slug="more")
    request = f.asked_as(peopled, peopled.ana, user, "more")
    world.answer()
    f.approved(f.Request.objects.get(pk=request.pk), peopled.kim)
    world.settle()
    high = Grant.objects.get(item__request=request)
    assert mappings(world, sso) == {f"{UUID}b": SESSION["advanced"]}
    low.refresh_from_db()
    assert (low.seen_at is not None, high.seen_at is not None) == (True, True)
    end(high, peopled)
    world.settle()
    high.refresh_from_db()
    assert (mappings(world, sso), high.released_at is not None) == (
        {f"{UUID}b": SESSION["basic"]},
        True,
    )


def _rule(company):
    current = f.rulebook.SUBJECTS["entitlement"].current("notebooks")
    return {**current, "name": "More", "config": {**f.STUDIO, "level": "advanced"}}


def test_anothers_mapping_stays_and_counts(world, peopled, sso):
    client = world.client("emr")
    theirs = {"StudioId": sso.studio_id, "IdentityType": "USER", "IdentityId": f"{UUID}c"}
    client.create_studio_session_mapping(**theirs, SessionPolicyArn=SESSION["basic"])
    user = f.identity(peopled, f"arn:aws:identitystore:::user/{UUID}b", peopled.ana)
    level(peopled, "basic")
    grant = entered(world, peopled, user)
    load = grant.item.preview["load"]
    assert [(one["used"], one["limit"]) for one in load] == [(2, 100), (0, 5)]
    end(grant, peopled)
    world.settle()
    assert mappings(world, sso) == {f"{UUID}c": SESSION["basic"]}


def test_a_mapping_that_went_meanwhile_is_gone_all_the_same(world, peopled, sso):
    user = f.identity(peopled, f"arn:aws:identitystore:::user/{UUID}b", peopled.ana)
    level(peopled, "basic")
    grant = entered(world, peopled, user)
    client, who = world.client("emr"), {"IdentityType": "USER", "IdentityId": f"{UUID}b"}
    client.delete_studio_session_mapping(StudioId=sso.studio_id, **who)
    with pytest.raises(ClientError, match="does not exist"):
        client.delete_studio_session_mapping(StudioId=sso.studio_id, **who)
    end(grant, peopled)
    world.settle()
    grant.refresh_from_db()
    assert grant.released_at is not None


def test_a_studio_that_is_not_there_is_missing(world, peopled, sso):
    Studio.objects.update(studio_id="es-NONE")
    place = places.place("studio_sessions", f.ACCOUNT, f.REGION, "es-NONE")
    reader = clients.reading(f.ACCOUNT, f.REGION)
    assert "does not exist" in PROVIDERS["studio_sessions"].read(reader, place).missing


@pytest.mark.parametrize(
    ("mode", "arn", "words"),
    [
        ("IAM", f"arn:aws:identitystore:::user/{UUID}b", "knows IAM identities only"),
        ("SSO", ANA, "with your Identity Center user"),
        ("IAM", "arn:aws:iam::444455556666:role/ana", "ask with one of it"),
    ],
)
def test_who_cannot_enter_that_way_is_told_how(company, mode, arn, words):
    policy = SESSION["basic"]
    Studio.objects.update(auth_mode=mode, intermediate_policy_arn=policy)
    f.account("444455556666", "Other")
    identity = company.ana_role if arn == ANA else f.identity(company, arn, company.ana)
    with pytest.raises(BadTerms, match=words):
        KINDS["emr_studio"].parts(company.entitlements["notebooks"], identity, {})


def test_a_portfolio_of_another_account_is_no_place_for_the_identity(company):
    f.account("444455556666", "Other")
    Portfolio.objects.update(account="444455556666")
    with pytest.raises(BadTerms, match="of another account than the Studio"):
        KINDS["emr_studio"].parts(company.entitlements["notebooks"], company.ana_role, {})


def test_the_user_role_itself_is_given_what_everybody_needs(company):
    role = f"arn:aws:iam::{f.ACCOUNT}:role/studio-user"
    Studio.objects.update(
        auth_mode="SSO", user_role_arn=role, intermediate_policy_arn=SESSION["basic"]
    )
    identity = f.shared(company, company.olu, name="studio-user", owner=company.olu)
    placed = KINDS["emr_studio"].parts(company.entitlements["notebooks"], identity, {})
    assert {part.kind for part in placed} == {"principal_policy", "portfolio_principals"}
    assert "elasticmapreduce:CreateStudioPresignedUrl" not in str(placed)
    assert PORTFOLIO in {part.object for part in placed}
