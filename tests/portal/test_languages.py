"""Every text of every page and mail is marked for translation."""

import re

import html5lib
import pytest
from django.core import mail

from accounts.notices import tell
from policies.access import decisions, grants
from policies.models import Delivery, EndReason, Phase
from portal import tasks
from portal.templatetags.portal import words as translated
from tests import factories as f
from tests.portal import pseudo, scenes

pytestmark = pytest.mark.django_db
SPOKEN = ("title", "alt", "placeholder", "aria-label")
SILENT = {"script", "style", "code", "time"}
# Names of people, things and addresses: data, not words of ours.
DATA = (
    "Gatehouse", "UTC", "Folder",
    "Ana Engineer", "Kim Manager", "Olu Owner", "Ada Admin", "Bo Admin",
    "Dora Director", "Ira Auditor", "Data", "Templates", "Jobs", "Kubernetes", "Start kit",
    "What templates is for.", "What jobs is for.", "What kubernetes is for.", "Lake",
    "Snapshots", "Onboarding", "What lake is for.", "What snapshots is for.",
    "What onboarding is for.", "Cluster", "What cluster is for.", "Notebooks",
    "What notebooks is for.", "emr-users", "What folder is for.",
    "viewers", "emr-exec-sales", "emr-exec-ops", "for the quarterly report", "because",
    "adds ana", "principals", "arn", "type", "statement", "virtual_cluster", "execution_role",
    "ana", "GH-105", "GH-108",
)  # fmt: skip


def unmarked(html: str) -> list[str]:
    """Visible words of a page that no translation could reach."""
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    said: list[str] = []
    _gather(tree.find("head/title"), said)
    _gather(tree.find("body"), said)
    whole = " ".join(said)
    assert whole.count(pseudo.OPENING) == whole.count(pseudo.CLOSING), whole
    text = pseudo.outside(whole)
    for one in sorted(DATA, key=len, reverse=True):
        text = text.replace(one, " ")
    return [word for word in text.split() if pseudo.words(word) and not _is_reference(word)]


def _gather(element, said: list[str]) -> None:
    if element.tag not in SILENT:
        said += [element.get(name) for name in SPOKEN if element.get(name)]
        said.append(element.text or "")
        for child in element:
            _gather(child, said)
    said.append(element.tail or "")


def _is_reference(word: str) -> bool:
    return word.strip(",:.")[:2] in {"R-", "G-", "L-", "P-"}


@pytest.fixture
def spoken(settings):
    with pseudo.spoken(settings):
        yield


@pytest.fixture
def scene(db, spoken):
    """Made in the pseudo language, so that sentences kept in the database are marked, too."""
    company = f.company()
    seen = scenes.worker_saw(scenes.granted(company))
    stuck = scenes.granted(company, "kubernetes", groups=["viewers"])
    scenes.target_is(stuck, Phase.STUCK, "denied")
    waiting = f.asked(company, "jobs", roles=["sales"])
    scenes.bundle(company)
    return company, seen, stuck, waiting


def test_the_check_itself_finds_an_unmarked_word():
    page = "<title>⟦Ok⟧</title><body><p>⟦Marked %s⟧ forgotten <a title='tip'>⟦x⟧</a></p></body>"
    assert unmarked(page) == ["forgotten", "tip"]


def test_every_page_is_marked(scene, as_):
    company, seen, stuck, waiting = scene
    paths = {
        company.ana: [
            "/", "/catalogue/", "/catalogue/?q=zz", "/catalogue/jobs/", "/requests/",
            "/catalogue/packages/start/", f"/requests/{waiting.ref}/", "/requests/?status=open",
            f"/requests/{stuck.item.request.ref}/", f"/requests/{waiting.ref}/withdraw/",
            f"/access/{seen.ref}/", f"/access/{stuck.ref}/", f"/access/{seen.ref}/end/",
            "/account/logout/", "/nothing-here/",
        ],
        company.kim: [
            "/approvals/", f"/approvals/{waiting.ref}/", "/team/", "/", "/catalogue/jobs/"
        ],
        company.ada: ["/approvals/?all=1", f"/approvals/{waiting.ref}/"],
        None: [
            "/account/login/", "/account/signup/", "/account/inactive/",
            "/account/password/reset/", "/account/password/reset/done/",
            "/account/password/reset/key/1-no/", "/account/password/reset/key/done/",
        ],
    }  # fmt: skip
    found = {}
    for person, some in paths.items():
        for path in some:
            if left := unmarked(as_(person).get(path).content.decode()):
                found[f"{path} for {person}"] = left
    assert found == {}


def test_every_answer_to_a_form_is_marked(scene, as_):
    company, seen, _stuck, waiting = scene
    ana, kim = as_(company.ana), as_(company.kim)
    answers = [
        ana.post("/catalogue/jobs/", {}),
        ana.post("/catalogue/templates/", {"length": "days", "days": "400", "reason": "because"}),
        kim.post(f"/approvals/{waiting.ref}/approve/"),
        kim.post(f"/approvals/{waiting.ref}/decline/"),
        as_(None).post("/account/login/", {"login": "x@example.com", "password": "y"}),
        as_(None).post("/account/login/", {}),
        ana.post(f"/access/{seen.ref}/end/", {"why": "because"}, follow=True),
        kim.post(f"/approvals/{waiting.ref}/ask_back/", {"ask_back-why": "because"}, follow=True),
        ana.post(f"/requests/{waiting.ref}/answer/", {}),
        ana.post(f"/requests/{waiting.ref}/withdraw/", follow=True),
    ]
    assert [unmarked(one.content.decode()) for one in answers] == [[] for _one in answers]


def test_every_mail_is_marked(scene, settings):
    company, seen, _stuck, waiting = scene
    decisions.ask_back(waiting, by=f.acting(company.kim), now=f.now(), question="because")
    tell(company.ana.pk, "access_confirmed", grant=seen.ref)
    tell(company.ana.pk, "sign_in_link")
    tasks.deliver(now=f.later(1))
    grants.end(seen, by=f.acting(company.ana), reason=EndReason.GIVEN_BACK)
    scenes.worker_released(seen, Delivery.Release.GONE)
    tell(company.ana.pk, "access_gone", grant=seen.ref)
    tasks.deliver(now=f.later(2))
    assert len(mail.outbox) >= 6
    for letter in mail.outbox:
        body = re.sub(r"https?://[^\s⟧]+", "", letter.body)
        assert unmarked(f"<title>⟦x⟧</title><p>{letter.subject} {body}</p>") == []


def test_words_of_the_pure_rooms_are_translated_when_shown(spoken):
    assert translated("Nothing to do.") == "⟦Nothing to do.⟧"
