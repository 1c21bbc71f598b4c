"""When no worker is heard of, or nothing was swept, pages say so: to whom, since when."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from policies.models import Beat, Installation
from portal import silence
from tests import factories as f
from tests.portal import scenes

pytestmark = pytest.mark.django_db

WRITER = "AWS will be changed when our worker returns (since "
READER = "What AWS holds is read again when our reading worker returns (since "
SWEEP = "No sweep since "


def ago(seconds: int):
    return f.now() - timedelta(seconds=seconds)


@pytest.fixture
def scene(company):
    """Ana's living grant, and a request of hers that waits for Kim; all workers at work."""
    grant = scenes.granted(company)
    waiting = f.previewed(f.asked(company, "jobs", roles=["sales"]))
    scenes.worker_heard_of(f.now())
    return company, grant, waiting


def region(page: str, how: str) -> str:
    """What stands in the place for banners, which is there before it is filled."""
    return page.split(f'<div id="silence" {how}>')[1].split("</div>")[0].strip()


def affected(scene, as_) -> dict[str, str]:
    """My access, the request page, an access, and the page of who decides."""
    company, grant, waiting = scene
    ana, kim = as_(company.ana), as_(company.kim)
    mine = ["/", f"/requests/{waiting.ref}/", f"/access/{grant.ref}/"]
    pages = {path: ana.get(path).content.decode() for path in mine}
    path = f"/approvals/{waiting.ref}/"
    return {**pages, path: kim.get(path).content.decode()}


def test_while_all_are_at_work_nothing_is_said(scene, as_):
    for path, page in affected(scene, as_).items():
        assert "worker returns" not in page, path
        assert region(page, 'role="status"') == "", path


def test_a_write_worker_away_for_a_minute_is_told_on_every_affected_page(scene, as_):
    gone = ago(61)
    scenes.heard_of(Beat.WRITE_WORKER, gone)
    scenes.heard_of(Beat.SWEEP, gone)
    at = timezone.localtime(gone).strftime("%H:%M</time>)")
    for path, page in affected(scene, as_).items():
        told = region(page, 'role="status"')
        assert "Your decision is saved; " + WRITER in told, path
        assert at in told, path
        assert "Runbook GH-321" in told, path
        assert READER not in page, path


def test_less_than_a_minute_is_not_away(scene, as_):
    scenes.worker_heard_of(ago(50))
    assert not any("worker returns" in page for page in affected(scene, as_).values())


def test_a_worker_of_the_read_queue_alone_is_no_write_worker(scene, as_):
    scenes.worker_heard_of(ago(300))
    scenes.heard_of(Beat.READ_WORKER, f.now())
    for path, page in affected(scene, as_).items():
        assert WRITER in page, path
        assert READER not in page, path


def test_a_silent_read_worker_is_told_only_where_a_decision_waits_for_it(scene, as_):
    scenes.heard_of(Beat.READ_WORKER, ago(61))
    told = {path for path, page in affected(scene, as_).items() if READER in page}
    assert told == {f"/requests/{scene[2].ref}/", f"/approvals/{scene[2].ref}/"}
    assert not any(WRITER in page for page in affected(scene, as_).values())


def test_a_worker_of_an_older_version_is_heard_by_its_sweep(scene, as_):
    Beat.objects.filter(name=Beat.WRITE_WORKER).delete()
    assert not any(WRITER in page for page in affected(scene, as_).values())


def test_a_worker_that_never_came_is_away_since_the_first_day(scene, as_):
    Beat.objects.all().delete()
    Installation.current()
    Installation.objects.update(created_at=ago(3600))
    assert all(WRITER in page for page in affected(scene, as_).values())
    assert silence.now().sweep is not None


def test_a_new_installation_is_given_its_first_minute(scene, as_):
    Beat.objects.all().delete()
    Installation.current()
    Installation.objects.update(created_at=f.now())
    assert silence.now() == silence.Silence()


def test_a_worker_that_stops_shows_in_the_living_part_and_goes_again(scene, as_):
    company, grant, _ = scene
    client, path = as_(company.ana), f"/requests/{grant.item.request.ref}/"
    version = client.get(path).context["part_version"]
    part = {"headers": {"HX-Request": "true"}}
    assert client.get(f"{path}?was={version}", **part).status_code == 204
    scenes.worker_heard_of(ago(61))
    stopped = client.get(f"{path}?was={version}", **part)
    html = stopped.content.decode()
    assert stopped.status_code == 200
    assert WRITER in region(html, 'hx-swap-oob="innerHTML"')
    version = html.split("was=")[1][:16]
    assert client.get(f"{path}?was={version}", **part).status_code == 204, "nothing jumps"
    scenes.worker_heard_of(f.now())
    back = client.get(f"{path}?was={version}", **part).content.decode()
    assert region(back, 'hx-swap-oob="innerHTML"') == ""


def test_no_sweep_for_two_minutes_is_told_to_administrators_with_its_number(scene, as_):
    company = scene[0]
    scenes.heard_of(Beat.SWEEP, ago(110))
    assert SWEEP not in as_(company.ada).get("/catalogue/").content.decode()
    scenes.heard_of(Beat.SWEEP, ago(130))
    client = Client()
    client.force_login(company.ada)
    for path in ("/", "/catalogue/", "/admin/", "/admin/policies/target/"):
        page = client.get(path).content.decode()
        assert SWEEP in page, path
        assert "GH-320" in page, path
        assert 'class="alert" role="status"' in page, path
    for other in (company.ana, company.kim, company.ira):
        assert SWEEP not in as_(other).get("/").content.decode()


def test_a_page_asks_once_who_is_silent(scene, django_assert_num_queries):
    with django_assert_num_queries(1):
        silence.now()
