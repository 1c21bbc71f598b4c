"""The asking form: whole or not at all, with every refusal beside its field."""

from datetime import timedelta

import pytest

from accounts.models import Principal
from policies.access import identities
from policies.models import Request
from tests import factories as f
from tests.portal import scenes

pytestmark = pytest.mark.django_db
SSO = (
    f"arn:aws:iam::{f.ACCOUNT}:role/aws-reserved/sso.amazonaws.com/"
    "AWSReservedSSO_Data_0123456789abcdef"
)


def filled(company, slug="templates", **changes):
    """What a browser sends for one access."""
    pk = company.entitlements[slug].pk
    data = {
        f"e{pk}-identity": str(company.ana_role.pk),
        "length": "days",
        "days": "30",
        "ends_on": "",
        "starts_on": "",
        "reason": "for the quarterly report",
        **changes,
    }
    return {name: value for name, value in data.items() if value is not None}


def identity(company, arn, confirm=True) -> Principal:
    """Another identity of Ana, added by Ada and confirmed by Bo."""
    added = identities.register(arn, by=f.acting(company.ada), now=f.now(), person=company.ana)
    if confirm:
        identities.confirm(added, by=f.acting(company.bo), now=f.now())
    return added


def test_asking_saves_one_request_and_shows_it(company, as_):
    answer = as_(company.ana).post("/catalogue/templates/", filled(company), follow=True)
    request = Request.objects.get()
    assert answer.redirect_chain == [(f"/requests/{request.ref}/", 302)]
    page = answer.content.decode()
    assert f"Your request {request.ref} is saved." in page
    assert "Waiting for Kim Manager (manager)." in page
    assert (request.days, request.reason) == (30, "for the quarterly report")
    assert request.items.get().principal == company.ana_role


def test_the_page_and_its_record_share_one_correlation_id(company, as_):
    client = as_(company.ana)
    answer = client.post("/catalogue/templates/", filled(company))
    assert Request.objects.get().correlation == answer.headers["X-Correlation-ID"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": "  "}, "Write a sentence: people decide by it."),
        ({"reason": "x" * 2001}, "at most 2000 characters"),
        ({"days": "91"}, "given for 1 to 90 days at a time; you asked for 91"),
        ({"days": ""}, "Fill this in."),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"length": "until", "ends_on": "2020-01-01"}, "lies before the first day"),
        ({"starts_on": "2020-01-01"}, "The first day is in the past."),
        ({"length": "until", "ends_on": "soon"}, "Enter a valid date."),
    ],
)
def test_a_mistake_is_told_beside_its_field_and_nothing_is_saved(company, as_, changes, words):
    answer = as_(company.ana).post("/catalogue/templates/", filled(company, **changes))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count(words) == 2, "once in the summary, once beside the field"
    assert "<title>Error: Templates – Gatehouse</title>" in page
    assert not Request.objects.exists()


def test_what_was_typed_survives_an_error(company, as_):
    answer = as_(company.ana).post("/catalogue/templates/", filled(company, days="500"))
    assert "for the quarterly report</textarea>" in answer.content.decode()


def test_the_last_day_alone_counts_when_it_was_chosen(company, as_):
    day = f.later(5).date()
    as_(company.ana).post(
        "/catalogue/templates/", filled(company, length="until", ends_on=day.isoformat())
    )
    request = Request.objects.get()
    assert (request.days, request.ends_on) == (None, day)


def test_choices_are_those_of_the_catalogue(company, as_):
    pk = company.entitlements["jobs"].pk
    client = as_(company.ana)
    stranger = {f"e{pk}-roles": ["sales", "root"]}
    assert client.post("/catalogue/jobs/", filled(company, "jobs", **stranger)).status_code == 422
    nothing = client.post("/catalogue/jobs/", filled(company, "jobs"))
    assert "Choose at least one." in nothing.content.decode()
    assert not Request.objects.exists()
    client.post("/catalogue/jobs/", filled(company, "jobs", **{f"e{pk}-roles": ["sales"]}))
    assert Request.objects.get().items.get().terms == {"roles": ["sales"]}


def test_an_identity_that_cannot_hold_it_is_shown_disabled_with_the_remedy(company, as_):
    sso = identity(company, SSO)
    client = as_(company.ana)
    page = client.get("/catalogue/jobs/").content.decode()
    assert f'value="{sso.pk}" disabled' in page
    assert "its permission set owns it" in page
    pk = company.entitlements["jobs"].pk
    forced = {f"e{pk}-identity": str(sso.pk), f"e{pk}-roles": ["sales"]}
    answer = client.post("/catalogue/jobs/", filled(company, "jobs", **forced))
    assert answer.status_code == 422
    assert not Request.objects.exists()


def test_somebody_elses_identity_cannot_be_named(company, as_):
    arn = f"arn:aws:iam::{f.ACCOUNT}:role/people/kim"
    other = identities.register(arn, by=f.acting(company.ada), now=f.now(), person=company.kim)
    identities.confirm(other, by=f.acting(company.bo), now=f.now())
    pk = company.entitlements["templates"].pk
    forced = filled(company, **{f"e{pk}-identity": str(other.pk)})
    assert as_(company.ana).post("/catalogue/templates/", forced).status_code == 422
    assert not Request.objects.exists()


def test_without_an_identity_the_request_waits_and_says_for_whom(company, as_):
    new = f.person("Nia New", company.kim)
    client = as_(new)
    page = client.get("/catalogue/templates/").content.decode()
    assert "Ada Admin or Bo Admin adds it" in page
    pk = company.entitlements["templates"].pk
    data = filled(company, **{f"e{pk}-identity": None})
    page = client.post("/catalogue/templates/", data, follow=True).content.decode()
    assert "waiting for an AWS identity" in page
    assert "Waiting for the AWS identity of Nia New: Ada Admin or Bo Admin adds it." in page


def test_asking_twice_is_refused_in_words(company, as_):
    client = as_(company.ana)
    client.post("/catalogue/templates/", filled(company))
    answer = client.post("/catalogue/templates/", filled(company))
    assert answer.status_code == 422
    assert "has already been asked for and is not decided yet" in answer.content.decode()
    assert Request.objects.count() == 1


def test_a_package_asks_for_everything_at_once_or_for_nothing(company, as_):
    scenes.bundle(company)
    client = as_(company.ana)
    jobs, templates = (company.entitlements[one].pk for one in ("jobs", "templates"))
    data = filled(company, **{f"e{jobs}-identity": str(company.ana_role.pk)})
    assert client.post("/catalogue/packages/start/", data).status_code == 422
    assert not Request.objects.exists()
    data[f"e{jobs}-roles"] = ["sales"]
    assert client.post("/catalogue/packages/start/", data).status_code == 302
    asked = Request.objects.get().items.values_list("entitlement", flat=True)
    assert set(asked) == {jobs, templates}


def test_a_manager_asks_for_a_direct_report(company, as_):
    client = as_(company.kim)
    page = client.get(f"/catalogue/templates/?for={company.ana.pk}").content.decode()
    assert "Ask for this for Ana Engineer" in page
    client.post("/catalogue/templates/", filled(company, **{"for": str(company.ana.pk)}))
    request = Request.objects.get()
    assert (request.person, request.asked_by) == (company.ana, company.kim)


@pytest.mark.parametrize("named", ["olu", "nobody"])
def test_nobody_asks_for_somebody_elses_reports(company, as_, named):
    pk = str(company.olu.pk) if named == "olu" else "x"
    answer = as_(company.kim).post("/catalogue/templates/", filled(company, **{"for": pk}))
    assert answer.status_code == 404
    assert not Request.objects.exists()


def test_search_finds_by_name_and_by_description(company, as_):
    client = as_(company.ana)
    found = client.get("/catalogue/?q=kubern").content.decode()
    assert "/catalogue/kubernetes/" in found
    assert "/catalogue/jobs/" not in found
    assert "Nothing is called “zebra”" in client.get("/catalogue/?q=zebra").content.decode()


def test_access_never_outlasts_the_contract(company, as_):
    company.ana.contract_ends_on = (f.now() + timedelta(days=3)).date()
    company.ana.save()
    answer = as_(company.ana).post("/catalogue/templates/", filled(company))
    assert "access cannot last longer" in answer.content.decode()


@pytest.mark.parametrize("chosen", ["0", "-1", "x", "9" * 19, "9" * 5000])
def test_asking_for_nobody_known_is_a_404(company, as_, chosen):
    assert as_(company.kim).get(f"/catalogue/templates/?for={chosen}").status_code == 404


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("sales/daily/", ""),
        ("", "This field is required."),
        ("../", "each ending in “/”"),
        ("${aws:username}/", "each ending in “/”"),
        ("x" * 201 + "/", "each ending in “/”"),
    ],
)
def test_a_templates_value_is_written_freely_and_refused_at_its_field(company, as_, value, words):
    name = f"e{company.entitlements['folder'].pk}-folder"
    sent = filled(company, "folder", **{name: value})
    answer = as_(company.ana).post("/catalogue/folder/", sent, follow=True)
    assert words in answer.content.decode()
    assert Request.objects.count() == (not words)
    if not words:
        assert Request.objects.get().items.get().terms == {"folder": ["sales/daily/"]}
    else:
        assert f'id="id_{name}_error"' in answer.content.decode()
