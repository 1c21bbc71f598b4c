"""What every test shares: quick hashing, a clean cache, no mail leaving, a company to try."""

import json
import os
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import TransactionTestCase

from accounts import triggers
from policies import clients
from tests import factories
from tests import world as world_module
from tests.fakes import kube_options, process
from tests.fakes.process import FakeAWS
from tests.world import World

PACE = 0.05


def pytest_addoption(parser: pytest.Parser) -> None:
    kube_options.pytest_addoption(parser)
    parser.addoption(
        "--promise-minutes",
        type=float,
        default=0.0,
        help="tests/journeys/test_promise.py: draw new examples for so long",
    )


@pytest.fixture(autouse=True)
def _clean_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def company(db) -> factories.Company:
    return factories.company()


@pytest.fixture(scope="session")
def fake() -> Iterator[FakeAWS]:
    """One for the whole run; FAKE_AWS names one that stands already (mutants share theirs)."""
    there = os.environ.get("FAKE_AWS")
    with process.running(json.loads(there)) if there else process.start(pace=PACE) as running:
        yield running


@pytest.fixture
def world(fake, transactional_db, settings, monkeypatch) -> World:
    """A filled fake AWS, a company whose catalogue names it, and the clock sped up."""
    fake.reset()
    for name, value in fake.credentials(factories.ACCOUNT).items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", fake.aws)
    monkeypatch.setenv("AWS_DEFAULT_REGION", factories.REGION)
    settings.PACE = PACE
    settings.AWS_READ_TIMEOUT_SECONDS = 2
    clients.forget_clients()
    current = World(fake)
    current.fill()
    return current


@pytest.fixture
def peopled(world) -> factories.Company:
    """The company in a filled world; use beside `world`."""
    return factories.company(portfolio=world_module.PORTFOLIO)


@pytest.fixture(autouse=True, scope="session")
def _the_record_can_be_emptied() -> Iterator[None]:
    """Between tests the database is emptied, and the record's triggers step aside for that.

    Django's flush fires post_migrate, which installs them again.
    """
    original = TransactionTestCase._fixture_teardown

    def teardown(case: TransactionTestCase) -> None:
        drop_triggers()
        original(case)

    TransactionTestCase._fixture_teardown = teardown
    yield
    TransactionTestCase._fixture_teardown = original


def drop_triggers() -> None:
    with connection.cursor() as cursor:
        for statement in triggers.drops(connection.vendor):
            cursor.execute(statement)


@pytest.fixture
def outside(fake, settings, monkeypatch, tmp_path) -> FakeAWS:
    """A workspace and a domain that workers may speak to, with the token it takes."""
    authority, folder = tmp_path / "ca.pem", tmp_path / "secrets"
    authority.write_text(fake.addresses["rest_ca"])
    folder.mkdir()
    (folder / "BRICKS").write_text("dapi-0123456789\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    settings.OUTSIDE_HOSTS = [fake.rest]
    settings.SECRETS_FOLDER = str(folder)
    return fake
