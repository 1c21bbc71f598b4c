"""What AWS holds about a request, read over its API and nothing else."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml
from botocore.exceptions import ClientError

from tests.evaluator.decide import Asked, Policies, allowed

Client = Callable[[str, str], Any]  # (service, account) → a boto3 client


@dataclass(frozen=True)
class Aws:
    """`client`: how AWS is asked. `auth_map`: how a cluster's aws-auth is read."""

    client: Client
    auth_map: Callable[[], dict[str, str]]

    def allows(self, asked: Asked) -> bool:
        """IAM's answer; for the action `portfolio` the portfolio's own list, for `group:NAME` the
        cluster's."""
        if asked.action == "portfolio":
            return self.associated(asked.resource, asked.who["AWS"], asked.account)
        if asked.action.startswith("group:"):
            held = self.groups(asked.resource, asked.who["AWS"], asked.account)
            return asked.action.partition(":")[2] in held
        identity = self.statements(asked.who["AWS"]) if "AWS" in asked.who else []
        return allowed(asked, Policies(identity, self._of_resource(asked)))

    def statements(self, arn: str) -> list[Any]:
        """Every statement of a role's or user's inline and attached policies."""
        account, kind = arn.split(":")[4], arn.split(":")[5].split("/")[0]
        iam, key = self.client("iam", account), {f"{kind.capitalize()}Name": _name(arn)}
        try:
            inline = getattr(iam, f"list_{kind}_policies")(**key)["PolicyNames"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchEntity":
                return []
            raise
        get = getattr(iam, f"get_{kind}_policy")
        documents = [get(**key, PolicyName=one)["PolicyDocument"] for one in inline]
        attached = getattr(iam, f"list_attached_{kind}_policies")(**key)["AttachedPolicies"]
        documents += [_managed(iam, one["PolicyArn"]) for one in attached]
        return [one for document in documents for one in _statements(document)]

    def _of_resource(self, asked: Asked) -> list[Any] | None:
        if asked.action.lower().startswith("sts:assumerole"):
            iam = self.client("iam", asked.resource.split(":")[4])
            role = iam.get_role(RoleName=_name(asked.resource))["Role"]
            return _statements(role["AssumeRolePolicyDocument"])
        if asked.resource.startswith("arn:aws:s3:::"):
            bucket = asked.resource.removeprefix("arn:aws:s3:::").partition("/")[0]
            return self._bucket(bucket, asked.resource_account)
        if asked.resource.startswith("arn:aws:kms:"):
            return self._key(asked.resource)
        return None

    def _key(self, arn: str) -> list[Any]:
        """A key's own policy, and each of its grants as what it allows."""
        kms = self.client("kms", arn.split(":")[4])
        try:
            policy = json.loads(kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"])
            grants = kms.list_grants(KeyId=arn)["Grants"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NotFoundException":
                return []
            raise
        given = [
            {
                "Effect": "Allow",
                "Principal": {"AWS": one["GranteePrincipal"]},
                "Action": [f"kms:{operation}" for operation in one["Operations"]],
                "Resource": arn,
            }
            for one in grants
        ]
        return [*_statements(policy), *given]

    def _bucket(self, name: str, account: str) -> list[Any]:
        s3 = self.client("s3", account)
        try:
            return _statements(json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]))
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchBucketPolicy", "NoSuchBucket"}:
                return []
            raise

    def associated(self, portfolio: str, arn: str, account: str) -> bool:
        """Whether a portfolio lists the identity."""
        client = self.client("servicecatalog", account)
        pages = client.get_paginator("list_principals_for_portfolio")
        found = pages.paginate(PortfolioId=portfolio)
        return arn in {one["PrincipalARN"] for page in found for one in page["Principals"]}

    def groups(self, cluster: str, arn: str, account: str) -> set[str]:
        """An identity's Kubernetes groups: its access entry alone, or the last row of aws-auth."""
        eks = self.client("eks", account)
        try:
            who = {"clusterName": cluster, "principalArn": arn}
            return set(eks.describe_access_entry(**who)["accessEntry"]["kubernetesGroups"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in {"ResourceNotFoundException", "InvalidRequestException"}:
                raise
        head, _slash, _rest = arn.partition("/")
        short = f"{head}/{_name(arn)}".lower()
        rows = yaml.safe_load(self.auth_map().get("mapRoles", "")) or []
        found = [one["groups"] for one in rows if one["rolearn"].lower() == short]
        return set(found[-1]) if found else set()

    def enters(self, studio: str, identity: str, account: str) -> str:
        """The session policy with which an identity enters a Studio; empty when it may not."""
        emr = self.client("emr", account)
        rows = emr.list_studio_session_mappings(StudioId=studio)["SessionMappings"]
        found = [one["SessionPolicyArn"] for one in rows if one["IdentityId"] == identity]
        return found[0] if found else ""


def _managed(iam: Any, arn: str) -> Any:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _statements(document: Any) -> list[Any]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
