"""What AWS really holds: the fake's own state where there is one, else read anew from AWS.

Never what the portal remembers: this is the other side's word against it.
"""

import json
from dataclasses import dataclass
from typing import Any

from policies import clients
from policies.management.smoke.outside import Outside
from policies.outcomes import Outcome

AUTH_MAP = ("kube-system", "aws-auth")


@dataclass(frozen=True)
class Sight:
    """Raises Outcome, or OSError when a fake does not answer."""

    outside: Outside
    account: str

    def associations(self, portfolio: str) -> list[str]:
        """ARNs that may use a portfolio, sorted."""
        if self.outside.journal:
            held = self._held("portfolios", "id", portfolio)
            return sorted(one["arn"] for one in held["principals"])
        found = self._aws().pages(
            "servicecatalog", "list_principals_for_portfolio", "Principals", PortfolioId=portfolio
        )
        return sorted(one["PrincipalARN"] for one in found)

    def policies(self, role: str) -> dict[str, Any]:
        """Inline policies of a role by name."""
        if self.outside.journal:
            return dict(self._held("roles", "arn", role)["inline_policies"])
        name, aws = role.rsplit("/", 1)[-1], self._aws()
        found = aws.pages("iam", "list_role_policies", "PolicyNames", RoleName=name)
        return {
            one: aws.call("iam", "get_role_policy", RoleName=name, PolicyName=one)["PolicyDocument"]
            for one in found
        }

    def trust(self, role: str) -> list[dict[str, Any]]:
        """The statements of a role's trust policy."""
        name = role.rsplit("/", 1)[-1]
        found = self._aws().call("iam", "get_role", RoleName=name)["Role"]
        return list(found["AssumeRolePolicyDocument"]["Statement"])

    def bucket(self, name: str) -> list[dict[str, Any]]:
        """The statements of a bucket's policy; none where it has none."""
        try:
            told = self._aws().call("s3", "get_bucket_policy", Bucket=name)["Policy"]
        except Outcome as error:
            if error.code != "NoSuchBucketPolicy":
                raise
            return []
        return list(json.loads(told)["Statement"])

    def auth_map(self) -> dict[str, str]:
        """The data of aws-auth, byte for byte."""
        if self.outside.cluster_controls:
            return self.outside.auth_map()
        access = {
            "access": "kubeconfig",
            "kubeconfig": self.outside.kubeconfig,
            "context": self.outside.context,
        }
        found = self._aws().kubernetes(access).read_config_map(*AUTH_MAP)
        return dict((found or {}).get("data") or {})

    def _aws(self) -> clients.AccountClients:
        return clients.own(self.outside.region)

    def _held(self, what: str, key: str, value: str) -> dict[str, Any]:
        for account in self.outside.holds():
            for one in account[what]:
                if one[key] == value:
                    return dict(one)
        raise OSError(f"the fake AWS has no {value} among its {what}")
