"""What an EMR Studio user may do, by level, as parts of a policy. Pure.

AWS's table of capabilities per level, with the resources and conditions that the service
authorization reference knows:
https://docs.aws.amazon.com/emr/latest/ManagementGuide/emr-studio-user-permissions.html
What acts on a Workspace acts on the user's own, by the tag `creatorUserId` that EMR puts on each.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Part = dict[str, Any]
LEVELS = ("basic", "intermediate", "advanced")  # each has all that those before it have
TEMPLATES = ("tagged", "launch_role", "everything")
USERS, GROUPS = 100, 5  # mapped to one Studio: EMR Studio management guide, considerations
EMR, MACHINES = "elasticmapreduce.amazonaws.com", "ec2.amazonaws.com"
OWN = {"StringEquals": {"elasticmapreduce:ResourceTag/creatorUserId": ["${aws:userId}"]}}
# Service Catalog keeps templates in a bucket of its own, whose name nobody is told.
TAGGED = {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": ["true"]}}

_ENTER = ("CreateStudioPresignedUrl", "DescribeStudio")
_WORKSPACE = (
    "AttachEditor",
    "DeleteEditor",
    "DescribeEditor",
    "DetachEditor",
    "OpenEditorInConsole",
    "StartEditor",
    "StopEditor",
)
_ON_CLUSTER = (  # a cluster is tagged with nobody
    "CreatePersistentAppUI",
    "DescribeCluster",
    "DescribePersistentAppUI",
    "GetOnClusterAppUIPresignedURL",
    "GetPersistentAppUIPresignedURL",
    "ListBootstrapActions",
    "ListInstanceGroups",
    "ListSteps",
    "OpenEditorInConsole",
    "StartEditor",
)
_ANYWHERE = (  # AWS knows no resource for these
    "CreateEditor",
    "CreateRepository",
    "DeleteRepository",
    "DescribeRepository",
    "LinkRepository",
    "ListClusters",
    "ListEditors",
    "ListRepositories",
    "ListStudios",
    "UnlinkRepository",
)
_ON_EKS = (
    "emr-containers:DescribeJobRun",
    "emr-containers:DescribeManagedEndpoint",
    "emr-containers:DescribeVirtualCluster",
    "emr-containers:ListJobRuns",
    "emr-containers:ListManagedEndpoints",
    "emr-containers:ListVirtualClusters",
)
_TEMPLATES = (
    "cloudformation:DescribeStackResources",
    "servicecatalog:DescribeProduct",
    "servicecatalog:DescribeProductView",
    "servicecatalog:DescribeProvisioningParameters",
    "servicecatalog:DescribeRecord",
    "servicecatalog:ListLaunchPaths",
    "servicecatalog:ListProvisioningArtifacts",
    "servicecatalog:ProvisionProduct",
    "servicecatalog:SearchProducts",
    "servicecatalog:UpdateProvisionedProduct",
)
_SECRET_TAG = {
    "StringEquals": {"aws:RequestTag/for-use-with-amazon-emr-managed-policies": ["true"]}
}


@dataclass(frozen=True)
class Facts:
    """A Studio and the roles and buckets around it; ARNs and names that were checked before."""

    partition: str
    region: str
    account: str
    studio_id: str
    service_role: str
    emr_service_role: str = ""
    instance_profile_role: str = ""
    template_bucket: str = ""
    logs_bucket: str = ""

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:elasticmapreduce:{self.region}:{self.account}:{resource}"

    def bucket(self, name: str, objects: str) -> str:
        return f"arn:{self.partition}:s3:::{name}/{objects}"


def entering(facts: Facts) -> list[Part]:
    """IAM mode: who may make the Studio's sign-in address is its user."""
    return [_allow(_emr(_ENTER), [facts.arn(f"studio/{facts.studio_id}")])]


def level(facts: Facts, wanted: str, *, shared: bool, templates: str) -> list[Part]:
    """What one level may do. `shared`: in everybody's Workspaces; `templates`: see `_files`."""
    found = [*_basic(facts, shared=shared)]
    if wanted != "basic":
        found += [_allow(_TEMPLATES, ["*"]), *_files(facts, templates), *_machines(facts)]
    if wanted == "advanced":
        found.append(_allow(_emr(["RunJobFlow"]), ["*"]))
    return found


def _basic(facts: Facts, *, shared: bool) -> list[Part]:
    secret = (
        f"arn:{facts.partition}:secretsmanager:{facts.region}:{facts.account}:secret:emr-studio-*"
    )
    buckets = f"arn:{facts.partition}:s3:::*"
    logs = facts.bucket(facts.logs_bucket, "elasticmapreduce/*")
    return [
        _allow(_emr(_ANYWHERE), ["*"]),
        _allow(_emr(_WORKSPACE), [facts.arn("editor/*")], {} if shared else OWN),
        _allow(_emr(_ON_CLUSTER), [facts.arn("cluster/*")]),
        _allow(_ON_EKS, ["*"]),
        _allow(["secretsmanager:ListSecrets", "s3:ListAllMyBuckets"], ["*"]),
        _allow(["secretsmanager:CreateSecret"], [secret], _SECRET_TAG),
        _allow(["secretsmanager:TagResource"], [secret]),
        _allow(["s3:GetBucketLocation", "s3:ListBucket"], [buckets]),
        _passing(facts.service_role, EMR),
        *([_allow(["s3:GetObject"], [logs])] if facts.logs_bucket else []),
    ]


def _machines(facts: Facts) -> list[Part]:
    """To start clusters: hand over exactly the two roles a cluster has, each to its service."""
    pairs = ((facts.emr_service_role, EMR), (facts.instance_profile_role, MACHINES))
    given = [(role, service) for role, service in pairs if role]
    return [
        *(_passing(role, service) for role, service in given),
        *(_allow(["iam:GetRole"], [role]) for role, _service in given),
    ]


def _files(facts: Facts, templates: str) -> list[Part]:
    """Reading a template, without which its parameters are “S3 error: Access Denied”.

    `tagged`: the named bucket, and Service Catalog's own copies by their tag. `launch_role`:
    nothing, the product's launch role reads it. `everything`: all of S3.
    """
    if templates == "launch_role":
        return []
    if templates == "everything":
        return [_allow(["s3:GetObject"], ["*"])]
    named = [facts.bucket(facts.template_bucket, "*")] if facts.template_bucket else []
    return [
        *(_allow(["s3:GetObject"], [one]) for one in named),
        _allow(["s3:GetObject"], ["*"], TAGGED),
    ]


def _passing(role: str, service: str) -> Part:
    return _allow(["iam:PassRole"], [role], {"StringEquals": {"iam:PassedToService": [service]}})


def _emr(names: Iterable[str]) -> list[str]:
    return [f"elasticmapreduce:{name}" for name in names]


def _allow(
    actions: Iterable[str], resources: list[str], conditions: Mapping[str, Any] | None = None
) -> Part:
    part: Part = {"statement": "allow", "actions": list(actions), "resources": resources}
    return {**part, "conditions": dict(conditions)} if conditions else part
