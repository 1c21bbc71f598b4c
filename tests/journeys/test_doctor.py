"""The doctor: each finding provoked once, AWS and Kubernetes over HTTP."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.functions import Now

from policies.management.doctor import installation, simulated
from policies.models import AwsAccount, Beat, Cluster, Studio
from tests import factories as f
from tests.journeys.test_honesty import fault
from tests.journeys.test_main_line import granted
from tests.journeys.test_other_account import OTHER, READ, WRITE, trust
from tests.world import PORTFOLIO

ARN = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
KEYS = ("SECRET_KEY", "ENCRYPTION_KEYS", "AUDIT_SIGNING_KEYS")


def told():
    """The answers, by check and place; and whether the command failed."""
    out, failed = StringIO(), False
    try:
        call_command("doctor", "--json", stdout=out)
    except CommandError as error:
        failed = error.returncode == 1
    return {(one["check"], one["where"]): one for one in json.loads(out.getvalue())}, failed


def of(check, where=""):
    found, failed = told()
    one = found[check, where]
    assert failed == any(each["state"] == "fail" for each in found.values())
    if one["state"] in {"fail", "warn", "unknown"}:
        assert one["remedy"]
        assert one["runbook"].startswith("GH-")
    return one


@pytest.fixture
def well(world, peopled, settings, tmp_path, monkeypatch):
    """An installation at work, with keys of its own and Ana's access to start jobs."""
    settings.STATE_DIR = tmp_path
    for name in KEYS:
        monkeypatch.setenv(name, "set")
    for name in (Beat.SWEEP, Beat.WRITE_WORKER, Beat.READ_WORKER):
        Beat.give(name)
    granted(world, peopled, "jobs")
    world.settle()
    for name in (Beat.SWEEP, Beat.WRITE_WORKER, Beat.READ_WORKER):
        Beat.give(name)
    return peopled


def test_a_studios_user_role_that_lacks_something_is_told_with_what(well, world):
    iam, arn = world.client("iam"), f"arn:aws:iam::{f.ACCOUNT}:role/studio-user"
    world.role(iam, "studio-user", "/")
    Studio.objects.update(auth_mode="SSO", user_role_arn=arn)
    found = of("studio", "studio")
    assert found["state"] == "fail"
    for part in ("portfolio", "PassRole on", "emr-machines", "s3:GetObject on the templates"):
        assert part in found["text"]
    said = [
        ("iam:Pass*", f"arn:aws:iam::{f.ACCOUNT}:role/emr-*"),
        ("s3:GetObject", f"arn:aws:s3:::cf-templates-{f.ACCOUNT}/*"),
    ]
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": a, "Resource": r} for a, r in said],
    }
    text = json.dumps(document)
    iam.put_role_policy(RoleName="studio-user", PolicyName="studio", PolicyDocument=text)
    world.client("servicecatalog").associate_principal_with_portfolio(
        PortfolioId=PORTFOLIO, PrincipalARN=arn, PrincipalType="IAM"
    )
    assert of("studio", "studio")["state"] == "ok"


def test_an_installation_at_work_fails_nothing(well):
    found, failed = told()
    assert not failed, [one for one in found.values() if one["state"] == "fail"]
    for name in ("database", "broker"):
        assert found[name, ""]["state"] == "ok"
    assert found["read role", f.ACCOUNT]["state"] == "ok"
    assert found["write role", f.ACCOUNT]["state"] == "ok"
    assert found["read", f"principal_policy {ARN}"]["state"] == "ok"
    assert found["kubernetes", "cluster_auth_map main"]["state"] == "ok"
    assert found["identity", ARN]["state"] == "ok"
    assert found["clock", f"AWS {f.ACCOUNT}"]["state"] == "ok"


def test_the_doctor_changes_nothing(well, world):
    before = world.fake.get("/_fake/calls")["next"]
    told()
    calls = world.fake.get(f"/_fake/calls?since={before}")["calls"]
    assert calls
    reading = ("Get", "List", "Describe", "Simulate", "AssumeRole")
    assert [one["operation"] for one in calls if not one["operation"].startswith(reading)] == []


def test_simulation_that_aws_lacks_is_unknown_and_fails_nothing(well):
    one = of("write actions", f"{f.ACCOUNT} principal_policy")
    assert one["state"] == "unknown"
    assert "Could not be checked" in one["text"]


def test_missing_migrations_stop_everything_else(well):
    recorder = MigrationRecorder(connection)
    row = recorder.migration_qs.filter(app="policies").latest("pk")
    recorder.migration_qs.filter(pk=row.pk).delete()
    try:
        found, failed = told()
    finally:
        recorder.record_applied("policies", row.name)
    assert failed
    assert [(check, one["runbook"]) for (check, _), one in found.items()] == [
        ("migrations", "GH-326")
    ]


@pytest.mark.parametrize(
    ("name", "runbook"),
    [(Beat.SWEEP, "GH-320"), (Beat.WRITE_WORKER, "GH-321"), (Beat.READ_WORKER, "GH-322")],
)
def test_who_is_silent_is_named(well, name, runbook):
    Beat.objects.filter(name=name).update(at=Now() - timedelta(minutes=5))
    one = of("alive", name)
    assert (one["state"], one["runbook"]) == ("fail", runbook)
    Beat.objects.filter(name=name).delete()
    assert "never" in of("alive", name)["text"]


def test_keys_that_only_this_machine_has_are_told(well, monkeypatch):
    monkeypatch.delenv("AUDIT_SIGNING_KEYS")
    one = of("keys")
    assert one["state"] == "warn"
    assert "AUDIT_SIGNING_KEYS" in one["text"]


def test_a_key_that_cannot_be_used_is_told_without_it(well, settings):
    settings.ENCRYPTION_KEYS = ["not-a-key"]
    one = of("keys")
    assert (one["state"], one["runbook"]) == ("fail", "GH-351")
    assert "not-a-key" not in json.dumps(one)


def test_a_broker_that_does_not_answer_is_told(well, monkeypatch):
    from celery import current_app

    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis://:hidden@127.0.0.1:1/0")
    one = installation.broker()
    assert (str(one.state), one.runbook) == ("fail", "GH-350")
    assert "hidden" not in str(one)


def test_clocks_apart_are_told_by_how_much():
    now = f.now()
    assert installation.clock(now, now + timedelta(seconds=1)).state == "ok"
    assert installation.clock(now, now + timedelta(seconds=10)).state == "warn"
    late = installation.aws_clock(f.ACCOUNT, now, now + timedelta(seconds=90))
    assert (late.state, late.runbook) == ("fail", "GH-352")


@pytest.fixture
def other(well, world):
    """A second account whose roles both ask for the external id."""
    account = f.account(OTHER, "Bucket owners")
    AwsAccount.objects.filter(pk=OTHER).update(read_role_arn=READ, write_role_arn=WRITE)
    for name in ("gatehouse-read", "gatehouse-write"):
        world.client("iam", OTHER).create_role(
            RoleName=name, AssumeRolePolicyDocument=trust(account.external_id)
        )


def test_roles_of_another_account_are_tried_with_the_external_id(other):
    assert (of("read role", OTHER)["state"], of("write role", OTHER)["state"]) == ("ok", "ok")


@pytest.mark.parametrize("name", ["read", "write"])
def test_a_role_that_cannot_be_had_is_named(other, world, name):
    world.client("iam", OTHER).update_assume_role_policy(
        RoleName=f"gatehouse-{name}", PolicyDocument=trust("another-id")
    )
    found, failed = told()
    assert failed
    states = {which: found[f"{which} role", OTHER]["state"] for which in ("read", "write")}
    assert states == {"read": "ok", "write": "ok"} | {name: "fail"}
    assert found[f"{name} role", OTHER]["runbook"] == "GH-353"


def test_credentials_of_another_account_are_told(well):
    f.account("333344445555", "Not ours")
    one = of("read role", "333344445555")
    assert one["state"] == "fail"
    assert "GH-340" in one["text"]


def test_what_the_read_role_may_not_is_named_in_aws_words(well, world):
    fault(world, kind="deny", service="iam", operation="ListRolePolicies")
    one = of("read", f"principal_policy {ARN}")
    assert (one["state"], one["runbook"]) == ("fail", "GH-105")
    assert "iam:list_role_policies" in one["text"]


def test_a_kubeconfig_that_is_not_there_is_told(well):
    Cluster.objects.update(access="kubeconfig", kubeconfig="nowhere.yaml", context="main")
    one = of("kubernetes", "cluster_auth_map main")
    assert (one["state"], one["runbook"]) == ("fail", "GH-354")


def test_an_identity_that_lost_its_tag_is_told(well, world):
    world.client("iam").untag_role(RoleName="ana", TagKeys=["gatehouse"])
    one = of("identity", ARN)
    assert (one["state"], one["runbook"]) == ("fail", "GH-355")


def test_a_boundary_is_told(well, world):
    arn = world.client("iam").create_policy(
        PolicyName="bounds",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
            }
        ),
    )["Policy"]["Arn"]
    world.client("iam").put_role_permissions_boundary(RoleName="ana", PermissionsBoundary=arn)
    one = of("identity", ARN)
    assert one["state"] == "warn"
    assert arn in one["text"]


@pytest.mark.parametrize(
    ("decision", "missing", "state"),
    [
        ("allowed", [], "ok"),
        ("implicitDeny", [], "fail"),
        ("implicitDeny", ["aws:ResourceTag/gatehouse"], "unknown"),
        ("explicitDeny", ["aws:ResourceTag/gatehouse"], "fail"),
    ],
)
def test_a_simulated_answer_is_read_as_iam_means_it(decision, missing, state):
    result = {
        "EvalActionName": "iam:PutRolePolicy",
        "EvalDecision": decision,
        "MissingContextValues": missing,
    }
    one = simulated.judged("write actions", "here", [result])
    assert one.state == state
    assert state == "ok" or "iam:PutRolePolicy" in one.text
