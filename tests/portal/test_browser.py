"""In a real browser: accessible in both schemes and at both ends of width, silent console."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from policies.access import decisions
from policies.models import Grant, Phase
from tests import factories as f
from tests.portal import scenes

CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not os.path.exists(CHROMIUM), reason=f"needs {CHROMIUM}"),
]
SHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread; our ORM calls here are plain ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def scene(company):
    """One of everything pages can show."""
    seen = scenes.worker_saw(scenes.granted(company))
    stuck = scenes.granted(company, "kubernetes", groups=["viewers"])
    scenes.target_is(stuck, Phase.STUCK, "quota", "LimitExceeded")
    scenes.bundle(company)
    checking = f.asked(company, "jobs", roles=["sales"])
    ready = f.previewed(f.asked(company, "jobs", roles=["ops"]))
    return company, seen, stuck, checking, ready


def window(browser: Browser, live_server: Any, person: Any, as_: Any, **options: Any) -> Page:
    """A page of a fresh context, signed in as `person`."""
    context: BrowserContext = browser.new_context(base_url=live_server.url, **options)
    if person is not None:
        session = as_(person).cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return context.new_page()


def addresses(scene: Any) -> dict[Any, list[str]]:
    company, seen, stuck, checking, ready = scene
    return {
        None: ["/account/login/", "/account/password/reset/", "/account/signup/"],
        company.ana: [
            "/",
            "/catalogue/",
            "/catalogue/jobs/",
            "/catalogue/packages/start/",
            "/requests/",
            f"/requests/{stuck.item.request.ref}/",
            f"/access/{seen.ref}/",
            f"/access/{seen.ref}/end/",
            "/nothing-here/",
        ],
        company.kim: [
            "/approvals/",
            f"/approvals/{checking.ref}/",
            f"/approvals/{ready.ref}/",
            "/team/",
        ],
    }


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(scene, browser, live_server, as_, settings, scheme, width):
    settings.DEMO = True
    found = {}
    for person, paths in addresses(scene).items():
        size = {"width": width, "height": 900}
        page = window(
            browser, live_server, person, as_, color_scheme=scheme, viewport=size, bypass_csp=True
        )
        for path in paths:
            page.goto(path)
            shoot(page, path, scheme, width)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[f"{path} scrolls sideways"] = wide
            results = Axe().run(page)
            if results.violations_count:
                found[path] = results.generate_report()
        page.context.close()
    assert found == {}


def test_the_console_stays_silent_on_every_page(scene, browser, live_server, as_):
    said: list[str] = []
    for person, paths in addresses(scene).items():
        page = window(browser, live_server, person, as_)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in paths:
            page.goto(path, wait_until="networkidle")
        page.context.close()
    # The one address that does not exist answers 404, which the console tells.
    assert [one for one in said if "404 (Not Found)" not in one] == []
    assert len(said) == 1


def test_a_first_page_weighs_less_than_100_kb(scene, browser, live_server, as_):
    page = window(browser, live_server, scene[0].ana, as_)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())))
    page.goto("/", wait_until="networkidle")
    assert 10_000 < sum(sizes) < 100_000


def test_an_open_page_follows_by_itself_until_it_was_seen(company, browser, live_server, as_):
    request = f.previewed(f.asked(company))
    decisions.approve(request, f.shown(request), by=f.acting(company.kim), now=f.now())
    page = window(browser, live_server, company.ana, as_)
    page.goto(f"/requests/{request.ref}/")
    page.get_by_text("being applied").first.wait_for()
    scenes.worker_saw(Grant.objects.get())
    page.get_by_text("confirmed in AWS").first.wait_for(timeout=15_000)
    page.get_by_text("This part follows by itself.").wait_for(state="detached")
    assert page.locator("#status").inner_text() == "This page was brought up to date."


def test_an_approver_gets_the_button_when_aws_has_been_read(company, browser, live_server, as_):
    request = f.asked(company)
    page = window(browser, live_server, company.kim, as_)
    page.goto(f"/approvals/{request.ref}/")
    page.get_by_label("Reason").fill("typed while waiting")
    assert page.get_by_role("button", name="Approve this").count() == 0
    f.previewed(request)
    page.get_by_role("button", name="Approve this").wait_for(timeout=15_000)
    assert page.get_by_label("Reason").input_value() == "typed while waiting"
    page.get_by_role("button", name="Approve this").click()
    page.get_by_text("AWS is changed next, and read back.").wait_for()
    assert Grant.objects.count() == 1


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_asking_by_keyboard_and_mending_an_error(company, browser, live_server, as_, script):
    page = window(browser, live_server, company.ana, as_, java_script_enabled=script)
    page.goto("/catalogue/jobs/")
    page.get_by_label("emr-exec-sales").check()
    page.get_by_role("button", name="Ask for it").press("Enter")
    page.get_by_role("heading", name="There is a problem").wait_for()
    focused = page.locator(".error-summary:focus")
    assert focused.count() == 1, "the summary has the focus"
    page.get_by_label("What do you need it for?").fill("to run the nightly job")
    page.get_by_role("button", name="Ask for it").press("Enter")
    page.get_by_text("is saved.").wait_for()
    assert page.url.startswith(f"{live_server.url}/requests/R-")


def shoot(page: Page, path: str, scheme: str, width: int) -> None:
    if SHOTS:
        name = path.strip("/").replace("/", "-") or "home"
        page.screenshot(path=f"{SHOTS}/{name}-{scheme}-{width}.png", full_page=True)
