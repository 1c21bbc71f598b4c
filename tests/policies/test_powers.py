"""What `aws_policy` prints: enough for every provider, and nothing of what a forger would try."""

import json
from io import StringIO

import parliament
import pytest
import yaml
from django.core.management import CommandError, call_command

from policies.management.powers import documents, facts
from policies.models import AwsAccount, Bucket
from policies.providers import PROVIDERS
from tests import factories as f
from tests.evaluator import cases
from tests.evaluator.decide import Asked, Policies, allowed

pytestmark = pytest.mark.django_db
HUB = f"arn:aws:iam::{f.ACCOUNT}:role/gatehouse-workers"
WRITE, READ = (f"arn:aws:iam::{f.ACCOUNT}:role/gatehouse-{name}" for name in ("write", "read"))
VIRTUAL = "/virtualclusters/0b0qvauoy3ch1nqodxxxxxxxx"
KEY = f"arn:aws:kms:{f.REGION}:{f.ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
STUDIO = "studio/es-0123456789ABCDEFGHIJKLMNO"
FACTS = {
    "account": f.ACCOUNT,
    "there": "444455556666",
    "region": f.REGION,
    "hub": HUB,
    "write": WRITE,
    "read": READ,
    "vc": f"arn:aws:emr-containers:{f.REGION}:{f.ACCOUNT}:{VIRTUAL}",
    "portfolio": f"arn:aws:catalog:{f.REGION}:{f.ACCOUNT}:portfolio/port-spark00000000",
    "key": KEY,
    "ana": f"arn:aws:iam::{f.ACCOUNT}:role/people/ana",
    "domain": f"arn:aws:es:{f.REGION}:{f.ACCOUNT}:domain/logs",
    "studio": f"arn:aws:elasticmapreduce:{f.REGION}:{f.ACCOUNT}:{STUDIO}",
}
ROWS = yaml.safe_load((cases.HERE.parent / "powers/write.yaml").read_text())["asks"]


@pytest.fixture
def account(company):
    AwsAccount.objects.update(write_role_arn=WRITE, read_role_arn=READ)
    Bucket.objects.update(kms_key_arn=KEY)
    config = {"virtual_clusters": ["jobs"], "by": "pod_identity"}
    f.ruled(company, "entitlement", "onboarding", config=config)
    return AwsAccount.objects.get()


def printed(*arguments):
    out = StringIO()
    call_command("aws_policy", f.ACCOUNT, "--hub", HUB, *arguments, stdout=out)
    return json.loads(out.getvalue())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.get("why") or row.get("may"))
def test_the_write_role_does_its_work_and_nothing_a_forged_grant_asks(account, row):
    policy = printed()["write"]["policy"]
    one = cases.ask({"as": WRITE, **row}, FACTS)
    assert allowed(one.asked, Policies(policy["Statement"])) is one.may


def test_the_read_role_changes_nothing(account):
    statements = printed()["read"]["policy"]["Statement"]
    for row in ROWS:
        one = cases.ask({"as": READ, **row}, FACTS)
        assert not allowed(one.asked, Policies(statements)), row


def test_every_action_of_every_provider_is_in_both_as_it_should_be(account):
    told = printed()
    named = {
        name: {action for one in told[name]["policy"]["Statement"] for action in one["Action"]}
        for name in ("write", "read")
    }
    for provider in PROVIDERS.values():
        assert set(provider.READS) <= named["read"]
        assert {*provider.READS, *provider.WRITES} <= named["write"]


# What the linter says and is meant so.
ACCEPTED = {
    ("RESOURCE_STAR", ""): "told apart by the cases above",
    ("UNKNOWN_CONDITION_FOR_ACTION", "iam:ResourceTag/gatehouse"): "a key of roles and users",
    ("RESOURCE_POLICY_PRIVILEGE_ESCALATION", "s3:PutBucketPolicy"): "writing it is the work",
}


def test_the_linter_knows_every_action_and_key_of_both(account):
    told, used = printed(), set()
    for name in ("write", "read"):
        for one in parliament.analyze_policy_string(json.dumps(told[name]["policy"])).findings:
            known = [key for key in ACCEPTED if key[0] == one.issue and key[1] in str(one.detail)]
            assert known, (name, one.issue, one.detail)
            used |= set(known)
    assert used == set(ACCEPTED)


def test_what_the_catalogue_does_not_name_is_not_in_it(db):
    account = f.account()
    told = facts.of(account, hub=HUB, boundary="")
    text = json.dumps(documents.write(told))
    assert not any(word in text for word in ("servicecatalog", "s3:", "eks:", "emr-containers"))
    assert all(one["Resource"] for one in documents.write(told)["Statement"])


def test_a_boundary_is_demanded_of_whoever_is_written_to(account):
    boundary = f"arn:aws:iam::{f.ACCOUNT}:policy/edge"
    policy = printed("--boundary", boundary)["write"]["policy"]
    tagged = {"iam:ResourceTag/gatehouse": "managed"}
    role = f"arn:aws:iam::{f.ACCOUNT}:role/people/ana"
    for context, yes in ((tagged, False), ({**tagged, "iam:PermissionsBoundary": boundary}, True)):
        asked = Asked({"AWS": WRITE}, "iam:PutRolePolicy", role, context)
        assert allowed(asked, Policies(policy["Statement"])) is yes


def test_only_the_workers_own_role_takes_them_on_and_with_the_external_id(account):
    for name in ("write", "read"):
        trust = printed()[name]["trust"]["Statement"]
        for who, external, yes in (
            (HUB, account.external_id, True),
            (HUB, "guess", False),
            (f"arn:aws:iam::{f.ACCOUNT}:role/other", account.external_id, False),
        ):
            context = {"sts:ExternalId": external}
            asked = Asked({"AWS": who}, "sts:AssumeRole", WRITE, context)
            assert allowed(asked, Policies((), trust)) is yes


def test_the_same_roles_in_every_format(account):
    told = printed()
    resources = printed("--format", "cloudformation")["Resources"]
    terraform = printed("--format", "terraform")["resource"]
    for name in ("write", "read"):
        made = resources[f"Gatehouse{name.capitalize()}"]["Properties"]
        assert made["AssumeRolePolicyDocument"] == told[name]["trust"]
        assert made["Policies"][0]["PolicyDocument"] == told[name]["policy"]
        policy = terraform["aws_iam_role_policy"][f"gatehouse_{name}"]["policy"]
        assert json.loads(policy) == told[name]["policy"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("999999999999", "--hub", HUB), "no AWS account 999999999999"),
        ((f.ACCOUNT, "--hub", "nonsense"), "--hub"),
        ((f.ACCOUNT, "--hub", HUB, "--boundary", "x"), "--boundary"),
    ],
)
def test_what_cannot_be_printed_is_refused(company, arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("aws_policy", *arguments)


def test_more_than_aws_admits_is_refused_with_the_figure(account):
    for number in range(90):
        f.Bucket.objects.create(
            slug=f"b{number}",
            name="B",
            bucket_name=f"a-bucket-with-a-rather-long-name-{number:030}",
            account=account,
            region=f.REGION,
        )
    with pytest.raises(CommandError, match="AWS admits 10240"):
        printed()
