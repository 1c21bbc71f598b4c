"""The banners in a real browser: they come and go by themselves, readable at both ends of width."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe

from policies.models import Beat
from tests import factories as f
from tests.portal import scenes, test_browser
from tests.portal.test_browser import shoot, window

browser = test_browser.browser
pytestmark = test_browser.pytestmark
WRITER = "AWS will be changed when our worker returns"


def away() -> None:
    scenes.worker_heard_of(f.now() - timedelta(minutes=9))


@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_banners_are_accessible_and_fit(company, browser, live_server, as_, scheme, width):
    grant = scenes.granted(company)
    waiting = f.previewed(f.asked(company, "jobs", roles=["sales"]))
    away()
    paths = {
        company.ana: ["/", f"/requests/{waiting.ref}/", f"/access/{grant.ref}/"],
        company.kim: [f"/approvals/{waiting.ref}/"],
        company.ada: ["/", f"/requests/{waiting.ref}/", "/admin/"],
    }
    found = {}
    for person, addresses in paths.items():
        size = {"width": width, "height": 900}
        page = window(
            browser, live_server, person, as_, color_scheme=scheme, viewport=size, bypass_csp=True
        )
        for path in addresses:
            page.goto(path)
            shoot(page, f"silence/{person.email.split('.')[0]}{path}", scheme, width)
            if person == company.ada:
                assert page.locator('.alert[role="status"]').is_visible()
            if path != "/admin/":
                assert page.locator('#silence[role="status"] .notice').first.is_visible()
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[f"{path} scrolls sideways"] = wide
            results = Axe().run(page)
            if results.violations_count:
                found[path] = results.generate_report()
        page.context.close()
    assert found == {}


def test_a_worker_that_stops_shows_in_an_open_page_and_its_return_too(
    company, browser, live_server, as_
):
    grant = scenes.granted(company)
    scenes.worker_heard_of(f.now())
    page = window(browser, live_server, company.ana, as_)
    page.goto(f"/requests/{grant.item.request.ref}/")
    assert page.get_by_text(WRITER).count() == 0
    away()
    region = page.locator("#silence[role=status]")
    region.get_by_text(WRITER).wait_for(timeout=30_000)
    scenes.heard_of(Beat.WRITE_WORKER, f.now())
    region.get_by_text(WRITER).wait_for(state="detached", timeout=30_000)


def test_without_javascript_the_banner_is_on_the_page(company, browser, live_server, as_):
    scenes.granted(company)
    away()
    page = window(browser, live_server, company.ana, as_, java_script_enabled=False)
    page.goto("/")
    assert WRITER in page.locator("#silence[role=status]").inner_text()
