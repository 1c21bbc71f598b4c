"""The outer half of smoke: a folder of its own, an AWS to work on, then the steps inside of it."""

import base64
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from django.conf import settings

from policies.management import environment
from policies.management.processes import Ended, Late, Processes, Stopped
from policies.management.smoke.outside import Outside, ask

ACCOUNT = "111122223333"
START_SECONDS = 120
REMOVE_SECONDS = 120  # what the steps may take to remove what they made, when stopped
FACTS = "GATEHOUSE_SMOKE_FACTS"
CLUSTER = "smoke"
# What others have in aws-auth, spelled as people spell it: every byte has to come through.
FOREIGN_MAP = {
    "mapRoles": "# nodes: do not touch\n"
    f"- rolearn: arn:aws:iam::{ACCOUNT}:role/nodes\n"
    "  username: system:node:{{EC2PrivateDNSName}}   # by eksctl\n"
    "  groups: [system:bootstrappers, system:nodes]\n",
    "mapAccounts": "[]\n",
}


class Unready(Exception):
    """Smoke cannot begin; the text is one line."""


def run(arguments: Sequence[str]) -> int:
    """Run the steps; their exit code. 2 when they could not begin, 130 when stopped."""
    with TemporaryDirectory(prefix="gatehouse-smoke-") as name:
        folder = Path(name)
        base = environment.clean(
            STATE_DIR=str(folder / "state"),
            EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
            LOG_LEVEL=os.environ.get("LOG_LEVEL", "ERROR"),
            **_broker(),
        )
        try:
            with Processes(folder / "logs", base, patience=REMOVE_SECONDS) as processes:
                surroundings = _surroundings(processes, folder, base)
                command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "smoke"]
                command += ["--inside", *arguments]
                processes.start("steps", *command, environment=surroundings, aloud=True)
                return processes.finish("steps")
        except (Unready, Ended, Late, OSError) as error:
            print(f"Smoke cannot go on: {error}", file=sys.stderr)
            return 2
        except Stopped:
            return 130


def _broker() -> dict[str, str]:
    given = os.environ.get("SMOKE_BROKER_URL", "")
    return {"CELERY_BROKER_URL": given} if given else {}


def _surroundings(processes: Processes, folder: Path, base: dict[str, str]) -> dict[str, str]:
    """The environment of the steps and their workers, with an AWS that answers in it."""
    if environment.given_aws() or os.environ.get("SMOKE_ACCOUNT"):
        outside, aws = _given(processes, folder)
    else:
        outside, aws = _own(processes, folder, base)
    path = folder / "facts.json"
    outside.write(path)
    where = _kubeconfig_folder(folder)
    return {**aws, FACTS: str(path), "KUBECONFIG_FOLDER": str(where)}


def _own(
    processes: Processes, folder: Path, base: dict[str, str]
) -> tuple[Outside, dict[str, str]]:
    address = _start_fake(processes, folder)
    ask(f"{address}/_fake/clusters", {"name": CLUSTER, "data": FOREIGN_MAP})
    key = ask(f"{address}/_fake/credentials", {"account": ACCOUNT})
    outside = Outside(
        said=f"the fake AWS at {address}",
        region=environment.REGION,
        cluster=CLUSTER,
        journal=address,
        cluster_controls=address,
        account=ACCOUNT,
    )
    return outside, environment.of_fake(base, address, key)


def _given(processes: Processes, folder: Path) -> tuple[Outside, dict[str, str]]:
    """The caller's AWS: an endpoint, or the real account that SMOKE_ACCOUNT names."""
    endpoint = environment.given_aws()
    account = os.environ.get("SMOKE_ACCOUNT", "")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    controls, kubeconfig, context = _given_kubernetes(processes, folder)
    outside = Outside(
        said=f"AWS at {endpoint}" if endpoint else f"the real AWS, account {account}",
        region=region or environment.REGION,
        cluster=CLUSTER,
        journal=endpoint if _is_fake(endpoint) else "",
        cluster_controls=controls,
        kubeconfig=kubeconfig,
        context=context,
        account=account,
    )
    return outside, environment.placeholder_key(endpoint)


def _given_kubernetes(processes: Processes, folder: Path) -> tuple[str, str, str]:
    """(controls, name of a kubeconfig in its folder, its context)."""
    given = os.environ.get("SMOKE_KUBECONFIG", "")
    if given:
        path = Path(given).resolve()
        try:
            chosen = yaml.safe_load(path.read_text())["current-context"]
        except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
            raise Unready(f"SMOKE_KUBECONFIG {given} has no current-context: {error}") from error
        return "", path.name, str(chosen)
    controls = _start_fake(processes, folder)
    told = ask(f"{controls}/_fake/clusters", {"name": CLUSTER, "data": FOREIGN_MAP})
    path = folder / "kubeconfig" / "strict-server"
    path.parent.mkdir()
    path.write_text(json.dumps(_kubeconfig(told["endpoint"], told["ca_pem"])))
    return controls, path.name, "smoke"


def _kubeconfig_folder(folder: Path) -> Path:
    given = os.environ.get("SMOKE_KUBECONFIG", "")
    return Path(given).resolve().parent if given else folder / "kubeconfig"


def _kubeconfig(endpoint: str, ca_pem: str) -> dict[str, object]:
    """JSON is YAML. `portal` is the strict server's token of the least Role."""
    encoded = base64.b64encode(ca_pem.encode()).decode()
    cluster = {"server": endpoint, "certificate-authority-data": encoded}
    return {
        "clusters": [{"name": "smoke", "cluster": cluster}],
        "users": [{"name": "portal", "user": {"token": "portal"}}],
        "contexts": [{"name": "smoke", "context": {"cluster": "smoke", "user": "portal"}}],
    }


def _start_fake(processes: Processes, folder: Path) -> str:
    """The fake's address, once it answers."""
    if not (settings.BASE_DIR / "tests" / "fakes").is_dir():
        raise Unready("there is no tests/fakes here: set AWS_ENDPOINT_URL and SMOKE_KUBECONFIG.")
    if missing := environment.missing_module("moto", "flask"):
        raise Unready(missing)
    info = folder / "fake.json"
    processes.start("fake AWS", sys.executable, "-m", "tests.fakes", "--port=0", f"--info={info}")
    # Written at once when it listens, and whole when it ends in a new line.
    processes.wait(
        lambda: info.exists() and info.read_text().endswith("\n"),
        seconds=START_SECONDS,
        what="the fake AWS",
    )
    return str(json.loads(info.read_text())["aws"])


def _is_fake(endpoint: str) -> bool:
    """Whether our own fake answers there, whose journal can be read."""
    if not environment.is_beside(endpoint):
        return False
    try:
        return "next" in ask(f"{endpoint}/_fake/calls")
    except (OSError, ValueError):
        return False
