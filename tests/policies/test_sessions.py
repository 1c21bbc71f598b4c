"""Clients are shared by all identities; who signs is told call by call, and never confused."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Thread

import pytest
from botocore.exceptions import NoCredentialsError
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

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


ANSWER = """<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
<AccessKeyId>ASIAPOD</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>
<Arn>arn:aws:sts::111122223333:assumed-role/worker/pod</Arn><AssumedRoleId>AROA:pod</AssumedRoleId>
</AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


def test_a_role_by_web_identity_is_found_without_a_region_in_the_environment(monkeypatch, tmp_path):
    """As pods with a service account's role have it: a token file and nothing else."""
    token = tmp_path / "token"
    token.write_text("header.payload.signature")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_ROLE_ARN", f"arn:aws:iam::{f.ACCOUNT}:role/worker")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    with answering(ANSWER) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", address)
        session = sessions.Session(f.REGION, sessions.Timeouts(1, 1, 1))
        own = session.own()
        assert own is not None
        assert own.get_frozen_credentials().access_key == "ASIAPOD"
        assert session._own.get_config_variable("region") == f.REGION


@contextmanager
def answering(text):
    """A server that gives every request the same answer."""
    server = make_server("127.0.0.1", 0, Response(text, mimetype="text/xml"), threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_who_we_are_does_not_change_between_two_calls_of_one_pass(world, peopled, monkeypatch):
    """`vouch` says whose account is read: what is read afterwards must be of that account."""
    mine, next_pass = clients.own(f.REGION), clients.own(f.REGION)
    first = mine.call("sts", "get_caller_identity")["Account"]
    for name, value in world.fake.credentials("222233334444").items():
        monkeypatch.setenv(name.upper(), value)
    clients.forget_sessions()
    assert mine.call("sts", "get_caller_identity")["Account"] == first
    assert next_pass.call("sts", "get_caller_identity")["Account"] == "222233334444" != first


def test_what_is_lent_comes_back_when_the_call_fails():
    mine = sessions.Credentials("mine", "secret")
    with pytest.raises(RuntimeError), sessions.acting(mine):
        raise RuntimeError
    assert sessions._acting.get() is None
