"""AWS for engine tests: the fake over HTTP, filled with what the company's estate names."""

import json
import ssl
import time
import urllib.request
from typing import Any

import boto3
from django.db.models.functions import Now

from policies import answers, reconcile, tasks
from policies.models import Inquiry, Target
from tests import factories
from tests.fakes.process import FakeAWS

PORTFOLIO = "port-spark00000000"
NODE_ROW = """# nodes: do not touch
- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
"""


class World:
    """A filled fake AWS and the portal's database, with helpers to make passes happen."""

    def __init__(self, fake: FakeAWS) -> None:
        self.fake = fake
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, account: str = factories.ACCOUNT) -> Any:
        if (service, account) not in self._clients:
            self._clients[service, account] = boto3.client(
                service,
                region_name=factories.REGION,
                endpoint_url=self.fake.aws,
                **self.fake.credentials(account),
            )
        return self._clients[service, account]

    def fill(self) -> None:
        """Portfolio, cluster with its map, roles (tagged), and one foreign association."""
        iam = self.client("iam")
        for name, path in (("ana", "/people/"), ("ben", "/people/"), ("bob", "/"), ("nodes", "/")):
            self.role(iam, name, path)
        self.fake.post(
            "/_fake/portfolios",
            {
                "account": factories.ACCOUNT,
                "region": factories.REGION,
                "id": PORTFOLIO,
                "name": "Spark",
            },
        )
        self.client("servicecatalog").associate_principal_with_portfolio(
            PortfolioId=PORTFOLIO,
            PrincipalARN=f"arn:aws:iam::{factories.ACCOUNT}:role/bob",
            PrincipalType="IAM",
        )
        self.client("eks").create_cluster(
            name="main",
            roleArn=f"arn:aws:iam::{factories.ACCOUNT}:role/nodes",
            resourcesVpcConfig={},
        )
        self.set_auth_map({"mapRoles": NODE_ROW})

    def role(self, iam: Any, name: str, path: str, *, managed: bool = True) -> None:
        tags = [{"Key": "gatehouse", "Value": "managed"}] if managed else []
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{factories.ACCOUNT}:root"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust), Tags=tags
        )

    # What AWS holds, read without a line of the product.

    def principals(self) -> set[str]:
        pages = self.client("servicecatalog").get_paginator("list_principals_for_portfolio")
        return {
            one["PrincipalARN"]
            for page in pages.paginate(PortfolioId=PORTFOLIO)
            for one in page["Principals"]
        }

    def policies(self, role: str) -> dict[str, Any]:
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {
            name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in names
        }

    def trust(self, role: str) -> Any:
        """The statements of a role's trust policy."""
        found = self.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        return found["Statement"]

    def auth_map(self) -> dict[str, str]:
        return dict(self._kube("GET", "/_fake/clusters/main")["data"])

    def set_auth_map(self, data: dict[str, str]) -> None:
        self._kube("POST", "/_fake/clusters/main/foreign", {"data": data})

    def _kube(self, method: str, path: str, order: dict[str, Any] | None = None) -> Any:
        body = json.dumps(order).encode() if order is not None else None
        request = urllib.request.Request(self.fake.kubernetes + path, body, method=method)
        # The server's CA is made anew at each start; what is tested is not this helper's TLS.
        anybody = ssl._create_unverified_context()
        with urllib.request.urlopen(request, context=anybody) as answer:
            return json.load(answer)

    # Making the workers' work happen, without workers.

    def answer(self) -> None:
        """Answer every open inquiry once."""
        for inquiry in Inquiry.objects.filter(state=Inquiry.State.OPEN):
            answers.answer(inquiry.pk)

    def settle(self, *, seconds: float = 15.0) -> None:
        """Sweep and converge until nothing is due any more, or `seconds` have passed."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            tasks.sweep()
            for target in Target.objects.filter(next_look_at__lte=Now()):
                reconcile.converge(target.pk)
            if not Target.objects.filter(next_look_at__isnull=False).exists():
                return
            time.sleep(0.02)

    def settle_once(self) -> None:
        """One pass over each target that is due."""
        for target in Target.objects.filter(next_look_at__lte=Now()):
            reconcile.converge(target.pk)
