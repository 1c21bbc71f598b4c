"""Who may open what: every route for every role. A route without a row here fails."""

import pytest
from django.urls import URLPattern, get_resolver

from accounts import actors, people
from tests import factories as f
from tests.pages import PageClient
from tests.portal import scenes

pytestmark = pytest.mark.django_db

OPEN, OK, GONE, MOVED, BAD, POST_ONLY = "open", 200, 404, 302, 422, 405
ROLES = ("ana", "kim", "olu", "ada", "ira", "stranger")
EVERYBODY = dict.fromkeys(ROLES, OK)
READERS = {**EVERYBODY, "olu": GONE, "stranger": GONE}  # named on it, administrators, auditors
HOLDER_AND_ABOVE = {**EVERYBODY, "stranger": GONE}
OWN = {**dict.fromkeys(ROLES, GONE), "ana": OK}

# Route name → what GET answers each role; OPEN: the same for everybody, signed in or not.
TABLE = {
    "home": EVERYBODY,
    "access": HOLDER_AND_ABOVE,
    "access_end": HOLDER_AND_ABOVE,
    "catalogue": EVERYBODY,
    "package": EVERYBODY,
    "entitlement": EVERYBODY,
    "requests": EVERYBODY,
    "request": READERS,
    "request_answer": dict.fromkeys(ROLES, POST_ONLY),
    "request_withdraw": OWN,
    "approvals": EVERYBODY,
    # Kim is asked, Ada stands by; Ana and Ira may read it, on the request's own page.
    "approval": {**READERS, "ana": MOVED, "ira": MOVED},
    "approval_decide": dict.fromkeys(ROLES, POST_ONLY),
    "team": EVERYBODY,
    "account_login": {"anonymous": OK, **dict.fromkeys(ROLES, MOVED)},
    "account_logout": {"anonymous": MOVED, **EVERYBODY},
    "account_inactive": OPEN,
    "account_signup": {"anonymous": OK, **dict.fromkeys(ROLES, MOVED)},
    "account_reset_password": OPEN,
    "account_reset_password_done": OPEN,
    "account_reset_password_from_key": OPEN,
    "account_reset_password_from_key_done": OPEN,
    "demo_sign_in": {"anonymous": POST_ONLY, **dict.fromkeys(ROLES, POST_ONLY)},
    "healthz": OPEN,
    "readyz": OPEN,
    # Without the bearer token it is not there, for administrators neither.
    "metrics": {"anonymous": GONE, **dict.fromkeys(ROLES, GONE)},
}


@pytest.fixture
def scene(company):
    """Ana's living grant, and another request of hers that waits for Kim."""
    given = scenes.granted(company)
    waiting = f.previewed(f.asked(company, "jobs", roles=["sales"]))
    scenes.bundle(company)
    company.stranger = f.person("Zoe Stranger", company.director)
    return company, given, waiting


def addresses(scene) -> dict[str, str]:
    company, grant, waiting = scene
    return {
        "home": "/",
        "access": f"/access/{grant.ref}/",
        "access_end": f"/access/{grant.ref}/end/",
        "catalogue": "/catalogue/",
        "package": "/catalogue/packages/start/",
        "entitlement": "/catalogue/templates/",
        "requests": "/requests/",
        "request": f"/requests/{waiting.ref}/",
        "request_answer": f"/requests/{waiting.ref}/answer/",
        "request_withdraw": f"/requests/{waiting.ref}/withdraw/",
        "approvals": "/approvals/",
        "approval": f"/approvals/{waiting.ref}/",
        "approval_decide": f"/approvals/{waiting.ref}/approve/",
        "team": "/team/",
        "account_login": "/account/login/",
        "account_logout": "/account/logout/",
        "account_inactive": "/account/inactive/",
        "account_signup": "/account/signup/",
        "account_reset_password": "/account/password/reset/",
        "account_reset_password_done": "/account/password/reset/done/",
        "account_reset_password_from_key": "/account/password/reset/key/1-no-key/",
        "account_reset_password_from_key_done": "/account/password/reset/key/done/",
        "demo_sign_in": f"/demo/sign-in/{company.ana.pk}/",
        "healthz": "/healthz",
        "readyz": "/readyz",
        "metrics": "/metrics",
    }


def expected(name: str, role: str) -> int:
    row = TABLE[name]
    if row == OPEN:
        return OK
    return row.get(role, MOVED)


def test_every_route_of_the_pages_has_a_row():
    found = {one.name for one in get_resolver().url_patterns if isinstance(one, URLPattern)}
    assert found == set(TABLE), "add the route to TABLE and to addresses()"


@pytest.mark.parametrize("role", ROLES)
def test_every_route_answers_each_role_as_the_table_says(scene, as_, role):
    client = as_(getattr(scene[0], role))
    answers = {name: client.get(path).status_code for name, path in addresses(scene).items()}
    assert answers == {name: expected(name, role) for name in TABLE}


def test_the_anonymous_get_the_sign_in_page_and_nothing_else(scene, as_):
    for name, path in addresses(scene).items():
        answer = as_(None).get(path)
        assert answer.status_code == expected(name, "anonymous"), name
        if TABLE[name] != OPEN and "anonymous" not in TABLE[name]:
            assert answer.headers["Location"] == f"/account/login/?next={path}"


POSTS = {
    "access_end": {"ana": MOVED, "kim": MOVED, "olu": MOVED, "ada": MOVED, "ira": BAD},
    "request_answer": {"ana": BAD},
    "request_withdraw": {"ana": MOVED},
    "approval_decide": {"kim": BAD, "ada": BAD},  # BAD: without the effects it is refused
}


@pytest.mark.parametrize("role", [*ROLES, "anonymous"])
@pytest.mark.parametrize("name", POSTS)
def test_only_the_right_people_can_post(scene, as_, name, role):
    client = as_(getattr(scene[0], role, None))
    path = addresses(scene)[name]
    answer = client.post(path, {"text": "because"} if name != "request_answer" else {})
    if role == "anonymous":
        assert answer.headers["Location"].startswith("/account/login/")
    else:
        assert answer.status_code == POSTS[name].get(role, GONE)


def test_a_leaver_is_signed_out_by_leaving(scene, as_):
    company = scene[0]
    client = as_(company.stranger)
    assert client.get("/").status_code == OK
    people.leave(company.stranger, by=actors.system())
    assert client.get("/").headers["Location"] == "/account/login/?next=/"


def test_a_post_without_the_token_of_our_page_is_refused_and_explained(company):
    client = PageClient(enforce_csrf_checks=True)
    client.force_login(company.ana)
    answer = client.post("/catalogue/templates/", {"reason": "x"})
    assert answer.status_code == 403
    assert "This form has grown too old" in answer.content.decode()


@pytest.mark.parametrize("path", ["/access/G-0000000/", "/requests/x/", "/approvals/R-0000000/"])
def test_what_does_not_exist_looks_like_what_is_not_yours(company, as_, path):
    answer = as_(company.ana).get(path)
    assert answer.status_code == GONE
    assert "There is nothing here" in answer.content.decode()
