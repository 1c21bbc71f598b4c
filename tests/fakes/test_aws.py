"""The fake AWS as a process: how it starts and ends, EKS, EMR on EKS and what it holds."""

import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.fakes import process
from tests.fakes.aws_samples import MEMBER, Clients, policy, refusal, role
from tests.fakes.beliefs import QUOTAS, TEXTS

MARK = re.compile(r"^(\[(M|D|TF|R|K)\])+ ")
CLUSTER = {"roleArn": f"arn:aws:iam::{MEMBER}:role/eks", "resourcesVpcConfig": {}}


def run(*options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.fakes", "--port=0", *options]
    return subprocess.Popen(
        command, cwd=process.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_the_addresses_are_one_line_of_json_and_a_signal_ends_it_cleanly(
    tmp_path: Path, by: signal.Signals
) -> None:
    with run(f"--info={tmp_path / 'info.json'}") as child:
        assert child.stdout
        assert child.stderr
        told = json.loads(child.stdout.readline())
        child.send_signal(by)
        assert child.wait(10) == 0
        assert child.stderr.read() == ""
    assert set(told) == {"aws", "kubernetes", "rest", "rest_ca", "faults", "calls", "holds"}
    assert told["holds"] == told["aws"] + "/_fake/holds"
    assert json.loads((tmp_path / "info.json").read_text()) == told


def test_people_get_the_addresses_readably() -> None:
    with run("--human") as child:
        assert child.stdout
        lines = [child.stdout.readline() for _ in range(5)]
        child.terminate()
    assert re.match(r" +aws  http://127\.0\.0\.1:\d+$", lines[0])


@pytest.mark.parametrize("option", ["--port", "--kube-port"])
def test_a_port_in_use_is_one_clear_line_and_exit_2(option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with run(f"{option}={taken.getsockname()[1]}") as child:
            out, err = child.communicate(timeout=20)
    assert (child.returncode, out) == (2, "")
    assert re.fullmatch(r"Cannot listen on 127\.0\.0\.1[^\n]*in use[^\n]*\n", err)


def test_a_helper_that_starts_the_fake_imports_nothing_of_it() -> None:
    script = "import sys, tests.fakes.process; print({'moto', 'boto3', 'flask'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=process.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_the_fake_imports_nothing_of_the_product() -> None:
    script = (
        "import sys, tests.fakes.aws\n"
        "print({'portal', 'accounts', 'policies', 'django'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=process.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_every_belief_says_where_it_comes_from() -> None:
    sources = [quota.source for quota in QUOTAS.values()] + [text.source for text in TEXTS.values()]
    assert [source for source in sources if not MARK.match(source)] == []


def status(url: str, body: bytes | None = None, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, body, named))
    return caught.value.code


def test_web_pages_can_neither_steer_the_fake_nor_act_as_aws(fake: process.FakeAWS) -> None:
    assert status(fake.aws + "/_fake/reset", b"{}", Content_Type="text/plain") == 415
    order = b"Action=CreateUser&UserName=eve&Version=2010-05-08"
    scope = "AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/iam/aws4_request"
    signed = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content_Type": "application/x-www-form-urlencoded",
    }
    assert status(fake.aws + "/", order, Origin="http://x.test", **signed) == 403
    assert status(fake.aws + "/", order, Sec_Fetch_Site="cross-site", **signed) == 403
    assert fake.get("/_fake/holds") == {"accounts": []}


@pytest.mark.parametrize("path", ["/moto-api/reset", "/iam_us-east-1/", "/bucket"])
def test_an_unsigned_request_is_refused_and_changes_nothing(
    fake: process.FakeAWS, client: Clients, path: str
) -> None:
    role(client("iam"))
    assert status(fake.aws + path, b"Action=DeleteRole&RoleName=Engineer") == 403
    assert len(fake.get("/_fake/holds")["accounts"][0]["roles"]) == 1


@pytest.mark.parametrize("mode", ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"])
def test_a_cluster_keeps_its_authentication_mode(client: Clients, mode: str) -> None:
    eks = client("eks")
    eks.create_cluster(name="lake", accessConfig={"authenticationMode": mode}, **CLUSTER)
    described = eks.describe_cluster(name="lake")["cluster"]
    assert described["accessConfig"]["authenticationMode"] == mode


def test_an_authentication_mode_moves_forward_only(client: Clients) -> None:
    eks = client("eks")
    eks.create_cluster(name="lake", **CLUSTER)

    def move(mode: str) -> str:
        eks.update_cluster_config(name="lake", accessConfig={"authenticationMode": mode})
        described = eks.describe_cluster(name="lake")["cluster"]
        return str(described["accessConfig"]["authenticationMode"])

    assert move("API_AND_CONFIG_MAP") == "API_AND_CONFIG_MAP"
    for wrong in ("CONFIG_MAP", "BANANA"):
        with pytest.raises(ClientError) as caught:
            move(wrong)
        assert refusal(caught.value) == ("InvalidParameterException", 400)


def test_a_described_cluster_answers_as_kubernetes_under_its_own_authority(
    fake: process.FakeAWS, client: Clients
) -> None:
    eks = client("eks")
    eks.create_cluster(name="lake", **CLUSTER)
    cluster = eks.describe_cluster(name="lake")["cluster"]
    assert cluster["endpoint"] == fake.kubernetes + "/clusters/lake"
    authority = base64.b64decode(cluster["certificateAuthority"]["data"]).decode()
    request = urllib.request.Request(
        cluster["endpoint"] + "/api/v1/namespaces/kube-system/configmaps/aws-auth"
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, context=ssl.create_default_context(cadata=authority))
    assert caught.value.code == 401


def test_virtual_clusters_are_made_described_and_listed(client: Clients) -> None:
    emr = client("emr-containers")
    provider = {"id": "lake", "type": "EKS", "info": {"eksInfo": {"namespace": "sales"}}}
    made = emr.create_virtual_cluster(name="sales", containerProvider=provider)
    described = emr.describe_virtual_cluster(id=made["id"])["virtualCluster"]
    assert described["name"] == "sales"
    listed = emr.list_virtual_clusters()["virtualClusters"]
    assert [one["id"] for one in listed] == [made["id"]]


def put_auth_map(client: Clients, fake: process.FakeAWS, data: dict[str, str]) -> None:
    eks = client("eks")
    eks.create_cluster(name="lake", **CLUSTER)
    authority = eks.describe_cluster(name="lake")["cluster"]["certificateAuthority"]["data"]
    trusted = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    body = json.dumps({"name": "lake", "data": data}).encode()
    request = urllib.request.Request(
        fake.kubernetes + "/_fake/clusters", body, {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, context=trusted).close()


def test_what_aws_holds_is_told_per_account(fake: process.FakeAWS, client: Clients) -> None:
    iam = client("iam")
    arn = role(iam, path="/Team/")
    iam.tag_role(RoleName="Engineer", Tags=[{"Key": "gatehouse", "Value": "managed"}])
    iam.put_role_policy(RoleName="Engineer", PolicyName="ours", PolicyDocument=policy())
    order = {"account": MEMBER, "region": "us-east-1", "name": "Spark"}
    portfolio = fake.post("/_fake/portfolios", order)["id"]
    client("servicecatalog").associate_principal_with_portfolio(
        PortfolioId=portfolio, PrincipalARN=arn, PrincipalType="IAM"
    )
    put_auth_map(client, fake, {"mapRoles": "- rolearn: x\n"})
    (account,) = fake.get("/_fake/holds")["accounts"]
    assert account["id"] == MEMBER
    assert account["portfolios"][0]["principals"] == [{"arn": arn, "type": "IAM"}]
    (held,) = account["roles"]
    assert (held["arn"], held["tags"]) == (arn, {"gatehouse": "managed"})
    assert held["inline_policies"] == {"ours": json.loads(policy())}
    assert held["trust"]["Statement"][0]["Action"] == "sts:AssumeRole"
    assert account["clusters"][0]["aws_auth"] == {"mapRoles": "- rolearn: x\n"}


def test_the_page_lights_what_is_new_or_gone_among_what_was_there(
    fake: process.FakeAWS, client: Clients
) -> None:
    iam = client("iam")
    role(iam)
    iam.put_role_policy(RoleName="Engineer", PolicyName="old", PolicyDocument=policy())
    fake.page("/_fake/holds")
    still = fake.page("/_fake/holds?lit=0")
    assert "<title>What AWS holds</title>" in still
    assert "old: Allow s3:GetObject on arn:aws:s3:::" in still
    assert 'class="new"' not in still
    iam.put_role_policy(RoleName="Engineer", PolicyName="fresh", PolicyDocument=policy())
    iam.delete_role_policy(RoleName="Engineer", PolicyName="old")
    page = fake.page("/_fake/holds")
    assert re.search(r'<li class="new"><code>fresh: [^<]*</code><b>new, \d+ s ago</b>', page)
    assert re.search(r'<li class="gone"><del><code>old: .*?<b>gone, \d+ s ago</b>', page)


def test_what_has_been_there_for_a_while_is_no_longer_lit(
    fake: process.FakeAWS, client: Clients
) -> None:
    role(client("iam"))
    assert 'class="new"' in fake.page("/_fake/holds?lit=60")
    for _ in range(50):
        if 'class="new"' not in fake.page("/_fake/holds?lit=0.2"):
            break
        time.sleep(0.1)
    else:
        pytest.fail("a line seen five seconds ago was still new")


def test_the_page_shows_markup_in_a_name_as_text_and_loads_nothing(
    fake: process.FakeAWS, client: Clients
) -> None:
    iam = client("iam")
    role(iam)
    iam.tag_role(RoleName="Engineer", Tags=[{"Key": "note", "Value": "<script>x</script>"}])
    order = {"account": MEMBER, "region": "us-east-1", "name": "<img src=x>"}
    fake.post("/_fake/portfolios", order)
    page = fake.page("/_fake/holds")
    assert "&lt;script&gt;x" in page
    assert "&lt;img src=x&gt;" in page
    assert not re.search(r"<(script|img|link|iframe)|src=\"|url\(", page)


def test_changes_are_dated_as_they_happen_when_watching(tmp_path: Path) -> None:
    with process.start(watch=True, info=tmp_path / "info.json") as fake:
        assert os.path.exists(tmp_path / "info.json")
        order = {"account": MEMBER, "region": "us-east-1", "name": "x"}
        fake.post("/_fake/portfolios", order)
        assert 'class="new"' in fake.page("/_fake/holds")
