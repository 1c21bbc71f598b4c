"""Where a measurement happens: a database and a fake AWS of its own, as slow as AWS is."""

import json
import os
import ssl
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from celery import current_app
from django.core.management import call_command
from django.db import connection

from policies import clients
from policies.documents import auth_rows, auth_splice
from policies.models import AwsAccount, Cluster, Target, TargetKind
from policies.providers import PROVIDERS, places
from portal.celeryconfig import READ_QUEUE, WRITE_QUEUE
from tests import factories as f
from tests.fakes.process import FakeAWS

READ, WRITE = "gatehouse-read", "gatehouse-write"
# Seconds per call, drawn evenly. AWS publishes no figures; these are of the usual size.
LATENCY = {
    "sts": (0.020, 0.050),
    "iam": (0.040, 0.080),
    "servicecatalog": (0.050, 0.100),
    "eks": (0.040, 0.080),
}
KUBERNETES_LATENCY = 0.020
# Writes per second and account, and at once.
RATES = {"iam": (5.0, 10.0), "servicecatalog": (10.0, 20.0)}
PRINCIPALS = 5_000
NODE_ROW = """# nodes: do not touch
- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
"""


def make_database() -> None:
    """An empty migrated database; on PostgreSQL one of its own, `test_…`, made anew.

    Child processes find it through DATABASE_URL.
    """
    if connection.vendor == "sqlite":
        call_command("migrate", verbosity=0)
        return
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    one = connection.settings_dict
    where = f"{one['HOST']}:{one['PORT'] or 5432}/{one['NAME']}"
    os.environ["DATABASE_URL"] = f"postgres://{one['USER']}:{one['PASSWORD']}@{where}"


def drop_database(name: str) -> None:
    """Undo `make_database`; `name` is the database's that the caller had set."""
    if connection.vendor != "sqlite":
        connection.creation.destroy_test_db(name, verbosity=0)


class Place:
    """A fake AWS, filled anew for each measurement."""

    def __init__(self, fake: FakeAWS) -> None:
        self.fake = fake

    def fresh(self, *accounts: str) -> None:
        """Empty AWS but for our two roles in each account; the first is the workers' own."""
        self.fake.reset()
        own = accounts[0]
        for name, value in self.fake.credentials(own).items():
            os.environ[name.upper()] = value
        os.environ |= {"AWS_ENDPOINT_URL": self.fake.aws, "AWS_DEFAULT_REGION": f.REGION}
        self.fake.post("/_fake/limits", {"name": "PrincipalsPerPortfolio", "value": PRINCIPALS})
        for number in accounts:
            self._enter(number, own)
        clients.forget_sessions()
        _warm(own)
        self.kubernetes("DELETE", "/_fake/faults")
        self.forget_calls()
        purge()

    def _enter(self, number: str, own: str) -> None:
        row = f.account(number, f"Account {number}")
        arns = {name: f"arn:aws:iam::{number}:role/{name}" for name in (READ, WRITE)}
        AwsAccount.objects.filter(pk=number).update(
            read_role_arn=arns[READ], write_role_arn=arns[WRITE]
        )
        self.seed(number, roles=[_role(name, _trust(own, row.external_id)) for name in arns])

    def seed(self, account: str, **what: Any) -> None:
        self.fake.post("/_fake/seed", {"account": account, "region": f.REGION, **what})

    def roles(self, account: str, names: Iterable[str], foreign: int = 0) -> None:
        """Tagged roles, each with so many inline policies of others."""
        inline = {f"theirs-{i}": _anything(i) for i in range(foreign)}
        trust = _trust(account, "")
        self.seed(account, roles=[{**_role(name, trust), "inline": inline} for name in names])

    def portfolios(self, account: str, ids: Iterable[str]) -> None:
        self.seed(account, portfolios=[{"id": one, "name": one} for one in ids])

    def clusters(self, account: str, names: Iterable[str], data: str = NODE_ROW) -> None:
        """Clusters in EKS with their map, and in the catalogue."""
        role = f"arn:aws:iam::{account}:role/nodes"
        rows = [{"name": one, "role": role, "aws_auth": {"mapRoles": data}} for one in names]
        self.seed(account, clusters=rows)
        Cluster.objects.bulk_create(
            Cluster(
                slug=one["name"],
                name=one["name"],
                cluster_name=one["name"],
                account_id=account,
                region=f.REGION,
            )
            for one in rows
        )

    def hold(self, target: Target, parts: Sequence[dict[str, Any]]) -> None:
        """Let AWS hold what a target's living grants want, as if it had been written long ago."""
        wanted = PROVIDERS[target.kind].desired(places.of(target), parts)
        if target.kind == TargetKind.PORTFOLIO_PRINCIPALS:
            arns = [part["arn"] for part in parts]
            about = {"id": target.object, "name": target.object, "principals": arns}
            self.seed(target.account, portfolios=[about])
        elif target.kind == TargetKind.PRINCIPAL_POLICY:
            role = _role(target.object.rsplit("/", 1)[-1], _trust(target.account, ""))
            inline = {name: json.loads(text) for name, text in wanted.items()}
            self.seed(target.account, roles=[{**role, "inline": inline}])
        else:
            rows = tuple((part["arn"], part["username"], part["group"]) for part in parts)
            self.clusters(target.account, [target.object], _map_of(rows))

    def be_slow(self) -> None:
        """Every call takes its time from now on."""
        for service, (least, most) in LATENCY.items():
            order = {"service": service, "kind": "slow", "seconds": least, "up_to": most}
            self.fake.post("/_fake/faults", order | {"times": None})
        order = {"kind": "slow", "seconds": KUBERNETES_LATENCY, "times": None}
        self.kubernetes("POST", "/_fake/faults", order)

    def limit_rates(self) -> None:
        for service, (rate, burst) in RATES.items():
            order = {"service": service, "kind": "rate", "on": "write", "per_second": rate}
            self.fake.post("/_fake/faults", order | {"burst": burst})

    def forget_calls(self) -> None:
        self.fake.delete("/_fake/calls")
        self.kubernetes("DELETE", "/_fake/requests")

    def calls(self) -> list[dict[str, Any]]:
        """Every call since they were forgotten, those to Kubernetes among them."""
        asked = self.kubernetes("GET", "/_fake/requests")["requests"]
        others = [
            {"service": "kubernetes", "operation": one["method"], "error": ""} for one in asked
        ]
        return [*self.fake.get("/_fake/calls")["calls"], *others]

    def kubernetes(self, method: str, path: str, order: Mapping[str, Any] | None = None) -> Any:
        body = json.dumps(order).encode() if order is not None else None
        request = urllib.request.Request(self.fake.kubernetes + path, body, method=method)
        # The server's CA is made anew at each start; what is measured is not this helper's TLS.
        anybody = ssl._create_unverified_context()
        with urllib.request.urlopen(request, context=anybody) as answer:
            return json.load(answer)


def purge() -> None:
    """Empty both queues of the broker."""
    with current_app.connection_for_write() as broker:
        channel = broker.default_channel
        for name in (READ_QUEUE, WRITE_QUEUE):
            channel.queue_declare(queue=name, durable=True, auto_delete=False)
            channel.queue_purge(name)


def _warm(account: str) -> None:
    """Let boto3 read its service models, as a worker does once in its life."""
    own = clients.own(f.account(account).region)
    own.call("sts", "get_caller_identity")
    own.call("iam", "list_roles", MaxItems=1)
    own.call("servicecatalog", "list_portfolios")
    own.call("eks", "list_clusters")


@cache
def _map_of(rows: tuple[tuple[str, str, str], ...]) -> str:
    made = [auth_rows.wanted_row(arn, username, [group]) for arn, username, group in rows]
    return auth_splice.splice({"mapRoles": NODE_ROW}, {one.key: one for one in made})["mapRoles"]


def _role(name: str, trust: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "trust": trust, "tags": {"gatehouse": "managed"}}


def _trust(account: str, external_id: str) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _anything(number: int) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::b{number}/*",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}
