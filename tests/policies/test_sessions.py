"""Clients are shared by all identities; who signs is told call by call, and never confused."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from botocore.exceptions import NoCredentialsError

from policies import clients, sessions
from policies.models import AwsAccount
from policies.outcomes import Kind, Outcome
from tests import factories as f

ROUNDS, WORKERS = 8, 4


@pytest.fixture
def writers(world, peopled):
    """One assumed identity for each worker, all on the same boto3 clients."""
    world.role(world.client("iam"), "gatehouse-write", "/")
    arn = f"arn:aws:iam::{f.ACCOUNT}:role/gatehouse-write"
    AwsAccount.objects.update(write_role_arn=arn)
    return {
        name: clients.writing(f.ACCOUNT, f.REGION, plan=name)
        for name in (f"P-{number}" for number in range(WORKERS))
    }


def test_threads_at_the_same_client_each_sign_as_themselves(writers):
    together = Barrier(WORKERS)

    def ask(name):
        found = []
        for _ in range(ROUNDS):
            together.wait(timeout=30)
            found.append(writers[name]._aws.call("sts", "get_caller_identity")["Arn"])
        return {arn.rpartition("/")[2] for arn in found}

    with ThreadPoolExecutor(WORKERS) as pool:
        answers = dict(zip(writers, pool.map(ask, writers), strict=True))
    assert answers == {name: {name} for name in writers}
    assert len({id(one._aws._session.client("sts")) for one in writers.values()}) == 1


def test_an_identity_is_lent_for_one_call_and_then_taken_back(world, writers):
    writers["P-0"].call("iam", "list_roles")
    shared = writers["P-0"]._aws._session
    with pytest.raises(NoCredentialsError):
        shared.client("iam").list_roles()


def test_who_has_no_credentials_is_told_so_and_borrows_nobodys(world, writers, monkeypatch):
    writers["P-0"].call("iam", "list_roles")
    for name in world.fake.credentials(f.ACCOUNT):
        monkeypatch.delenv(name.upper())
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    clients.forget_sessions()
    with pytest.raises(Outcome) as refused:
        clients.own(f.REGION).call("iam", "list_roles")
    assert refused.value.kind is Kind.DENIED
    assert "no AWS credentials" in refused.value.message


def test_what_is_lent_comes_back_when_the_call_fails():
    mine = sessions.Credentials("mine", "secret")
    with pytest.raises(RuntimeError), sessions.acting(mine):
        raise RuntimeError
    assert sessions._acting.get() is None
