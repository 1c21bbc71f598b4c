"""One fake AWS per test module, emptied before each test; boto3 clients that talk to it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.fakes import process
from tests.fakes.aws_samples import MEMBER, Clients


@pytest.fixture(scope="module")
def running() -> Iterator[process.FakeAWS]:
    with process.start(pace=1.0) as fake:
        yield fake


@pytest.fixture
def fake(running: process.FakeAWS) -> process.FakeAWS:
    running.reset()
    return running


@pytest.fixture
def client(fake: process.FakeAWS) -> Clients:
    """`client("iam")`: an administrator's, of the member account unless told, never retrying."""

    def make(service: str, account: str = MEMBER, **credentials: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=fake.aws,
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
            **(credentials or fake.credentials(account)),
        )

    return make
