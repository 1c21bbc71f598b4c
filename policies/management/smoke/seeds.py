"""What smoke makes in AWS with the caller's own credentials, and removes again."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from policies.clients import AccountClients
from policies.outcomes import Kind, Outcome

PATH = "/gatehouse-smoke/"
TAGS = [{"Key": "gatehouse", "Value": "managed"}]
FOREIGN_POLICY = "of-somebody-else"
Undo = Callable[[], Any]


class Seeds:
    """Names carry random letters, so that two runs in one account never meet."""

    def __init__(self, clients: AccountClients, account: str, region: str) -> None:
        self._clients, self.account, self.region = clients, account, region
        self.name = f"gatehouse-smoke-{secrets.token_hex(4)}"
        self._undo: list[tuple[str, Undo]] = []

    def role(self, who: str) -> str:
        """A tagged role that nobody can assume, beside whose policies stands somebody else's."""
        name = f"{self.name}-{who}"
        trust = _document("Deny", "sts:AssumeRole", Principal={"AWS": self._root})
        role = self._call(
            "iam",
            "create_role",
            RoleName=name,
            Path=PATH,
            AssumeRolePolicyDocument=trust,
            Tags=TAGS,
        )
        self._later(f"role {name}", lambda: self._remove_role(name))
        document = _document("Deny", "s3:DeleteBucket", Resource="*")
        self._call(
            "iam",
            "put_role_policy",
            RoleName=name,
            PolicyName=FOREIGN_POLICY,
            PolicyDocument=document,
        )
        return str(role["Role"]["Arn"])

    def portfolio(self) -> str:
        made = self._call(
            "servicecatalog",
            "create_portfolio",
            DisplayName=self.name,
            ProviderName="gatehouse",
            IdempotencyToken=self.name,
        )
        portfolio = str(made["PortfolioDetail"]["Id"])
        self._later(
            f"portfolio {portfolio}",
            lambda: self._call("servicecatalog", "delete_portfolio", Id=portfolio),
        )
        return portfolio

    def associate(self, portfolio: str, arn: str) -> None:
        pair = {"PortfolioId": portfolio, "PrincipalARN": arn, "PrincipalType": "IAM"}
        service = "servicecatalog"
        self._call(service, "associate_principal_with_portfolio", **pair)
        self._later(
            f"association of {arn}",
            lambda: self._call(service, "disassociate_principal_from_portfolio", **pair),
        )

    def virtual_cluster(self, cluster: str) -> str:
        """Its id. A made-up one where AWS will not make it: IAM never looks whether it exists."""
        namespace = {"eksInfo": {"namespace": self.name}}
        provider = {"type": "EKS", "id": cluster, "info": namespace}
        service = "emr-containers"
        try:
            made = self._call(
                service, "create_virtual_cluster", name=self.name, containerProvider=provider
            )
        except Outcome as refused:
            if refused.kind in {Kind.TRANSIENT, Kind.THROTTLED}:
                raise
            return secrets.token_hex(13)[:25]
        found = str(made["id"])
        self._later(
            f"virtual cluster {found}",
            lambda: self._call(service, "delete_virtual_cluster", id=found),
        )
        return found

    def bucket(self, suffix: str) -> str:
        """Its name."""
        name, region = f"{self.name}-{suffix}", self.region
        where = {} if region == "us-east-1" else {"LocationConstraint": region}
        rest = {"CreateBucketConfiguration": where} if where else {}
        self._call("s3", "create_bucket", Bucket=name, **rest)
        self._later(f"bucket {name}", lambda: self._call("s3", "delete_bucket", Bucket=name))
        return name

    def cluster(self, name: str, role: str) -> None:
        """An EKS cluster; only ever asked of the fake, whose cluster is there at once."""
        self._call("eks", "create_cluster", name=name, roleArn=role, resourcesVpcConfig={})
        self._later(f"cluster {name}", lambda: self._call("eks", "delete_cluster", name=name))

    def remove(self) -> list[str]:
        """Remove everything, the last made first; what would not go, with AWS's words."""
        left = []
        while self._undo:
            what, undo = self._undo.pop()
            try:
                undo()
            except Outcome as error:
                if error.kind is not Kind.MISSING:
                    left.append(f"{what}: {error}")
        return left

    @property
    def _root(self) -> str:
        return f"arn:aws:iam::{self.account}:root"

    def _later(self, what: str, undo: Undo) -> None:
        self._undo.append((what, undo))

    def _remove_role(self, name: str) -> None:
        found = self._clients.pages("iam", "list_role_policies", "PolicyNames", RoleName=name)
        for policy in found:
            self._call("iam", "delete_role_policy", RoleName=name, PolicyName=policy)
        self._call("iam", "delete_role", RoleName=name)

    def _call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._clients.call(service, operation, **arguments)


def _document(effect: str, action: str, **rest: Any) -> str:
    statement = {"Effect": effect, "Action": action, **rest}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
